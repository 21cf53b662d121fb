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

Key key_from_diagonals(const std::array<Word, 4>& states, std::uint64_t t0) {
  std::array<Word, 4> column{};  // the last word of round keys t0 .. t0+3
  for (unsigned j = 0; j < 4; ++j)
    for (unsigned i = 0; i < 4; ++i) column[i][(j - (t0 + i)) & 3] = states[j][i];
  std::array<Word, 4> round_key{};
  for (std::size_t word = 4; word-- > 0;) {  // word c of round t is word c+1 of rounds t and t-1 added (formula 2)
    round_key[word] = column[3];
    for (std::size_t i = 3; i > 0; --i) column[i] = column[i] ^ column[i - 1];
  }
  return key_from_words(round_key, 4 * (t0 + 3));
}

}  // namespace nnlock::lab
