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

std::vector<std::uint8_t> endless_schedule(std::span<const std::uint8_t> key, std::size_t length) {
  const SBox& sbox = aes_sbox();
  const std::size_t key_words = key.size() / 4;
  std::vector<std::uint8_t> stream(key.begin(), key.end());
  stream.reserve(length + 4);
  std::uint8_t round_constant = 1;
  for (std::size_t word = key_words; stream.size() < length; ++word) {
    std::array<std::uint8_t, 4> last{};
    for (std::size_t i = 0; i < 4; ++i) last[i] = stream[4 * (word - 1) + i];
    if (word % key_words == 0) {
      last = {static_cast<std::uint8_t>(sbox[last[1]] ^ round_constant), sbox[last[2]], sbox[last[3]], sbox[last[0]]};
      round_constant = doubled(round_constant);
    } else if (key_words > 6 && word % key_words == 4) {
      for (auto& byte : last) byte = sbox[byte];
    }
    for (std::size_t i = 0; i < 4; ++i) stream.push_back(static_cast<std::uint8_t>(stream[4 * (word - key_words) + i] ^ last[i]));
  }
  stream.resize(length);
  return stream;
}

}  // namespace nnlock::lab
