// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/cryptanalysis/known_schedule/schedule.hpp"

#include <algorithm>

namespace nnlock::lab {

Key key_from_words(std::span<const Word> words, std::uint64_t first_word) {
  const std::size_t key_words = words.size();
  std::vector<Word> window(words.begin(), words.end());  // words [first, first + key_words), walked down to first = 0
  for (std::uint64_t first = first_word; first > 0; --first) {
    std::rotate(window.begin(), window.end() - 1, window.end());
    window[0] = window[0] ^ added_word(window.back(), first + key_words - 1, key_words);
  }
  Key key;
  for (const Word& word : window) key.bytes.insert(key.bytes.end(), word.begin(), word.end());
  return key;
}

std::uint8_t diagonal_constant(unsigned j, std::uint64_t t) { return ((j - t) & 3) == 0 ? round_constant(t) : 0; }

namespace {

// Last words of four round keys (or halves) in a row give all four words of the last of them: word c of round t is word c+1 of rounds t and t-1
// added (formula 2).
std::array<Word, 4> words_from_last(std::array<Word, 4> column) {
  std::array<Word, 4> words{};
  for (std::size_t word = 4; word-- > 0;) {
    words[word] = column[3];
    for (std::size_t i = 3; i > 0; --i) column[i] = column[i] ^ column[i - 1];
  }
  return words;
}

// Bytes of the diagonals, state by state, as words.
std::array<Word, 4> column_of(const std::array<Word, 4>& states, std::uint64_t t0) {
  std::array<Word, 4> column{};
  for (unsigned j = 0; j < 4; ++j)
    for (unsigned i = 0; i < 4; ++i) column[i][(j - (t0 + i)) & 3] = states[j][i];
  return column;
}

}  // namespace

Key key_from_diagonals(const std::array<Word, 4>& states, std::uint64_t t0) {
  return key_from_words(words_from_last(column_of(states, t0)), 4 * (t0 + 3));
}

Key key_from_strands(const std::array<StrandState, 4>& states, std::uint64_t t0) {
  std::array<Word, 4> y{}, z{};
  for (std::size_t j = 0; j < 4; ++j) y[j] = states[j].y, z[j] = states[j].z;
  std::array<Word, 8> words{};
  const auto first = words_from_last(column_of(y, t0)), second = words_from_last(column_of(z, t0));
  std::copy(first.begin(), first.end(), words.begin());
  std::copy(second.begin(), second.end(), words.begin() + 4);
  return key_from_words(words, 8 * (t0 + 3));
}

}  // namespace nnlock::lab
