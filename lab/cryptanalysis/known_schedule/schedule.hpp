// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The key expansion of AES read from the other side: backwards, and as four recurrences that never meet. README.md has the formulas.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "lab/schemes/aes_schedule.hpp"
#include "lab/schemes/key.hpp"

namespace nnlock::lab {

// The key whose endless expansion has these words at `first_word`: 4 words for AES-128, 8 for AES-256. Runs the recurrence backwards.
Key key_from_words(std::span<const Word> words, std::uint64_t first_word);

// Diagonal j = 0..3 of the AES-128 expansion takes one byte from the last word of each round key, here for round key t.
constexpr std::uint64_t diagonal_position(unsigned j, std::uint64_t t) { return 16 * t + 12 + ((j - t) & 3); }
// x(t) = x(t-4) ^ S(x(t-1)) ^ diagonal_constant(j, t), for t >= 4 (README.md, formula 3).
std::uint8_t diagonal_constant(unsigned j, std::uint64_t t);

// The AES-128 key from x(t0) .. x(t0+3) of all four diagonals.
Key key_from_diagonals(const std::array<Word, 4>& states, std::uint64_t t0);

// Strand j = 0..3 of the AES-256 expansion takes two bytes from each eight words: y(t) from the fourth of them, z(t) from the eighth.
// y(t) = y(t-4) ^ S(z(t-1)) ^ diagonal_constant(j, t), z(t) = z(t-4) ^ S(y(t)), for t >= 4 (README.md, formula 4).
constexpr std::uint64_t strand_position_y(unsigned j, std::uint64_t t) { return 32 * t + 12 + ((j - t) & 3); }
constexpr std::uint64_t strand_position_z(unsigned j, std::uint64_t t) { return 32 * t + 28 + ((j - t) & 3); }

struct StrandState {
  Word y{}, z{};  // of four steps in a row
  friend bool operator==(const StrandState&, const StrandState&) = default;
};
// The AES-256 key from the states of all four strands at t0 .. t0+3.
Key key_from_strands(const std::array<StrandState, 4>& states, std::uint64_t t0);

}  // namespace nnlock::lab
