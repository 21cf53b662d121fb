// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What w1 ^ w2 says about w1 and w2 to someone who knows neither, only what weights usually look like.
#pragma once

#include <array>
#include <cstdint>
#include <functional>

#include "lab/cryptanalysis/known_schedule/prior.hpp"

namespace nnlock::lab {

// The probability that two weight bytes have these values, without their difference.
using Joint = std::function<double(std::uint8_t first, std::uint8_t second)>;
Joint independent(const BytePrior& first, const BytePrior& second);
// An int8 weight before and after fine-tuning: it stays with probability 1 - share, else it moves by 1 to `step`, all alike.
Joint tuned(const BytePrior& prior, double share, int step);

// All answers of one joint distribution, one for each difference. One that the distribution holds for impossible teaches nothing.
class PairReader {
 public:
  explicit PairReader(const Joint& joint);
  std::uint8_t likeliest_first(std::uint8_t difference) const { return best_[difference]; }
  std::uint8_t guess() const { return guess_; }  // of the first, without the difference
  // How many values someone tries who begins with the likeliest until `first` comes up, at worst among equals: 1 to 256.
  unsigned tries(std::uint8_t first, std::uint8_t difference) const;
  unsigned tries_without(std::uint8_t first) const;  // the difference

 private:
  std::array<std::array<double, 256>, 256> by_difference_{};  // [difference][first], normalised
  std::array<double, 256> alone_{};
  std::array<std::uint8_t, 256> best_{};
  std::uint8_t guess_ = 0;
};

// Counted over many pairs.
struct PairScore {
  std::uint64_t pairs = 0;
  std::uint64_t guessed = 0;      // first byte right without the difference
  std::uint64_t read = 0;         // first byte right with it; the second is then right too
  std::uint64_t either_way = 0;   // right but for which of the two is the first
  std::uint64_t tries = 0, tries_without = 0;  // for the first byte, in sum
};
// `seen` is the difference of the locked bytes; that of the weights where one key stream served for both.
void add(PairScore& score, const PairReader& reader, std::uint8_t seen, std::uint8_t first, std::uint8_t second);

}  // namespace nnlock::lab
