// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The S-box and the key expansion of AES (FIPS 197), the expansion continued round after round without end: the key stream of
// NN-Lock as published. For the lab only: table look-ups at secret places, and the stream is broken (docs/decisions.md).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace nnlock::lab {

using SBox = std::array<std::uint8_t, 256>;
const SBox& aes_sbox();
const SBox& aes_inverse_sbox();

using Word = std::array<std::uint8_t, 4>;
Word operator^(const Word& a, const Word& b);
std::vector<Word> words_of(std::span<const std::uint8_t> bytes);  // whole words; what is left over is left out

// The constant of round `t` >= 1 of the endless expansion: 2^(t-1) in GF(2^8), with period 51.
std::uint8_t round_constant(std::uint64_t t);
// What word `index` adds to the word one key length (4 or 8 words) before it, given the word just before it (section 5.2).
Word added_word(const Word& last, std::uint64_t index, std::size_t key_words);

// `length` bytes of the expansion that goes on from these words (4 or 8 of them, the first of them word `first_word`), themselves included.
std::vector<std::uint8_t> expand_from(std::span<const Word> words, std::uint64_t first_word, std::size_t length);
// The first `length` bytes of the expanded key: words w[0], w[1], ... of section 5.2, with Nk = 4 or 8 words of key. Beyond the rounds
// of the standard the recurrence goes on, and the round constant keeps doubling in GF(2^8).
std::vector<std::uint8_t> endless_schedule(std::span<const std::uint8_t> key, std::size_t length);

}  // namespace nnlock::lab
