// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/schemes/aes_schedule.hpp"

#include <bit>

namespace nnlock::lab {
namespace {

// Times x in GF(2^8), section 4.2.1.
constexpr std::uint8_t doubled(std::uint8_t b) { return static_cast<std::uint8_t>(b << 1 ^ (b >> 7) * 0x1b); }

// Section 5.1.1: the inverse in GF(2^8), then an affine map. 3 generates the field, and 0xf6 is its inverse.
SBox make_sbox() {
  SBox sbox{};
  std::uint8_t p = 1, inverse = 1;  // p runs through the powers of 3, `inverse` through those of its inverse
  do {
    p = static_cast<std::uint8_t>(p ^ doubled(p));
    inverse = static_cast<std::uint8_t>(inverse ^ inverse << 1);
    inverse = static_cast<std::uint8_t>(inverse ^ inverse << 2);
    inverse = static_cast<std::uint8_t>(inverse ^ inverse << 4);
    if (inverse & 0x80) inverse ^= 0x09;
    std::uint8_t image = 0x63;
    for (int turn = 0; turn <= 4; ++turn) image = static_cast<std::uint8_t>(image ^ std::rotl(inverse, turn));
    sbox[p] = image;
  } while (p != 1);
  sbox[0] = 0x63;
  return sbox;
}

}  // namespace

const SBox& aes_sbox() {
  static const SBox sbox = make_sbox();
  return sbox;
}

const SBox& aes_inverse_sbox() {
  static const SBox inverse = [] {
    SBox table{};
    for (unsigned i = 0; i < 256; ++i) table[aes_sbox()[i]] = static_cast<std::uint8_t>(i);
    return table;
  }();
  return inverse;
}

Word operator^(const Word& a, const Word& b) {
  Word out{};
  for (std::size_t i = 0; i < 4; ++i) out[i] = a[i] ^ b[i];
  return out;
}

std::vector<Word> words_of(std::span<const std::uint8_t> bytes) {
  std::vector<Word> words(bytes.size() / 4);
  for (std::size_t i = 0; i < 4 * words.size(); ++i) words[i / 4][i % 4] = bytes[i];
  return words;
}

std::uint8_t round_constant(std::uint64_t t) {
  constexpr std::uint64_t kPeriod = 51;  // the order of 2 in GF(2^8)
  std::uint8_t constant = 1;
  for (std::uint64_t i = (t - 1) % kPeriod; i > 0; --i) constant = doubled(constant);
  return constant;
}

Word added_word(const Word& last, std::uint64_t index, std::size_t key_words) {
  const SBox& s = aes_sbox();
  if (index % key_words == 0) return {static_cast<std::uint8_t>(s[last[1]] ^ round_constant(index / key_words)), s[last[2]], s[last[3]], s[last[0]]};
  if (key_words > 6 && index % key_words == 4) return {s[last[0]], s[last[1]], s[last[2]], s[last[3]]};
  return last;
}

std::vector<std::uint8_t> expand_from(std::span<const Word> words, std::uint64_t first_word, std::size_t length) {
  const std::size_t key_words = words.size();
  std::vector<Word> all(words.begin(), words.end());
  while (4 * all.size() < length) all.push_back(all[all.size() - key_words] ^ added_word(all.back(), first_word + all.size(), key_words));
  std::vector<std::uint8_t> bytes(length);
  for (std::size_t i = 0; i < length; ++i) bytes[i] = all[i / 4][i % 4];
  return bytes;
}

std::vector<std::uint8_t> endless_schedule(std::span<const std::uint8_t> key, std::size_t length) { return expand_from(words_of(key), 0, length); }

}  // namespace nnlock::lab
