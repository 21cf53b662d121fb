// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/cryptanalysis/two_time_pad/pairs.hpp"

#include <algorithm>
#include <cstdlib>
#include <numeric>

namespace nnlock::lab {

Joint independent(const BytePrior& first, const BytePrior& second) {
  return [&first, &second](std::uint8_t a, std::uint8_t b) { return first[a] * second[b]; };
}

Joint tuned(const BytePrior& prior, double share, int step) {
  return [&prior, share, step](std::uint8_t a, std::uint8_t b) {
    const int moved = std::abs(static_cast<std::int8_t>(a) - static_cast<std::int8_t>(b));
    if (moved == 0) return prior[a] * (1 - share);
    return moved <= step ? prior[a] * share / (2 * step) : 0;
  };
}

PairReader::PairReader(const Joint& joint) {
  const auto likeliest = [](const std::array<double, 256>& row) { return static_cast<std::uint8_t>(std::max_element(row.begin(), row.end()) - row.begin()); };
  for (unsigned difference = 0; difference < 256; ++difference)
    for (unsigned first = 0; first < 256; ++first) alone_[first] += by_difference_[difference][first] = joint(static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(first ^ difference));
  guess_ = likeliest(alone_);
  for (std::size_t difference = 0; difference < 256; ++difference) {
    auto& row = by_difference_[difference];
    const double sum = std::accumulate(row.begin(), row.end(), 0.0);
    if (sum == 0) row = alone_;
    else
      for (double& p : row) p /= sum;
    best_[difference] = likeliest(row);
  }
}

namespace {

unsigned rank_of(const std::array<double, 256>& row, std::uint8_t value) {
  return static_cast<unsigned>(std::count_if(row.begin(), row.end(), [&](double p) { return p >= row[value]; }));
}

}  // namespace

unsigned PairReader::tries(std::uint8_t first, std::uint8_t difference) const { return rank_of(by_difference_[difference], first); }
unsigned PairReader::tries_without(std::uint8_t first) const { return rank_of(alone_, first); }

void add(PairScore& score, const PairReader& reader, std::uint8_t seen, std::uint8_t first, std::uint8_t second) {
  const std::uint8_t read = reader.likeliest_first(seen);
  ++score.pairs;
  score.guessed += reader.guess() == first;
  score.read += read == first;
  score.either_way += read == first || read == second;
  score.tries += reader.tries(first, seen);
  score.tries_without += reader.tries_without(first);
}

}  // namespace nnlock::lab
