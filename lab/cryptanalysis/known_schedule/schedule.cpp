// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/cryptanalysis/known_schedule/schedule.hpp"

#include "lab/schemes/aes_schedule.hpp"

namespace nnlock::lab {
namespace {

constexpr std::uint64_t kConstantPeriod = 51;  // the order of 2 in GF(2^8)

Word operator^(const Word& a, const Word& b) {
  Word out{};
  for (std::size_t i = 0; i < 4; ++i) out[i] = a[i] ^ b[i];
  return out;
}

// What word number `index` adds to the word one key length before it; `last` is the word just before it (FIPS 197, section 5.2).
Word added(const Word& last, std::uint64_t index, std::size_t key_words) {
  const SBox& s = aes_sbox();
  if (index % key_words == 0) return {static_cast<std::uint8_t>(s[last[1]] ^ round_constant(index / key_words)), s[last[2]], s[last[3]], s[last[0]]};
  if (key_words > 6 && index % key_words == 4) return {s[last[0]], s[last[1]], s[last[2]], s[last[3]]};
  return last;
}

}  // namespace

std::uint8_t round_constant(std::uint64_t t) {
  std::uint8_t constant = 1;
  for (std::uint64_t i = (t - 1) % kConstantPeriod; i > 0; --i) constant = static_cast<std::uint8_t>(constant << 1 ^ (constant >> 7) * 0x1b);
  return constant;
}

Key key_from_words(std::span<const Word> words, std::uint64_t first_word) {
  const std::size_t key_words = words.size();
  std::vector<Word> window(words.begin(), words.end());  // words [first, first + key_words), walked down to first = 0
  for (std::uint64_t first = first_word; first > 0; --first) {
    const std::uint64_t newest = first + key_words - 1;
    const Word before = key_words > 1 ? window[key_words - 2] : window[0];
    const Word oldest = window.back() ^ added(before, newest, key_words);
    window.pop_back();
    window.insert(window.begin(), oldest);
  }
  Key key;
  for (const Word& word : window) key.bytes.insert(key.bytes.end(), word.begin(), word.end());
  return key;
}

std::vector<std::uint8_t> expand_from(std::span<const Word> words, std::uint64_t first_word, std::size_t length) {
  const std::size_t key_words = words.size();
  std::vector<Word> all(words.begin(), words.end());
  while (4 * all.size() < length) all.push_back(all[all.size() - key_words] ^ added(all.back(), first_word + all.size(), key_words));
  std::vector<std::uint8_t> bytes;
  for (const Word& word : all) bytes.insert(bytes.end(), word.begin(), word.end());
  bytes.resize(length);
  return bytes;
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
