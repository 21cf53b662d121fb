// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The key expansion of AES read from the other side: backwards, and as four recurrences that never meet. README.md has the formulas.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "lab/schemes/key.hpp"

namespace nnlock::lab {

using Word = std::array<std::uint8_t, 4>;

// The constant that round `t` >= 1 of the endless expansion adds: 2^(t-1) in GF(2^8), with period 51.
std::uint8_t round_constant(std::uint64_t t);

// The key whose endless expansion has these words at `first_word`: 4 words for AES-128, 8 for AES-256. Runs the recurrence backwards.
Key key_from_words(std::span<const Word> words, std::uint64_t first_word);

// `length` bytes of the expansion that goes on from these words (4 or 8 of them, the first of them word number `first_word`), themselves included.
std::vector<std::uint8_t> expand_from(std::span<const Word> words, std::uint64_t first_word, std::size_t length);

// Diagonal j = 0..3 of the AES-128 expansion takes one byte from the last word of each round key, here for round key t.
constexpr std::uint64_t diagonal_position(unsigned j, std::uint64_t t) { return 16 * t + 12 + ((j - t) & 3); }
// x(t) = x(t-4) ^ S(x(t-1)) ^ diagonal_constant(j, t), for t >= 4 (README.md, formula 3).
std::uint8_t diagonal_constant(unsigned j, std::uint64_t t);

// The AES-128 key from x(t0) .. x(t0+3) of all four diagonals.
Key key_from_diagonals(const std::array<Word, 4>& states, std::uint64_t t0);

}  // namespace nnlock::lab
