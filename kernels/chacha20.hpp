// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The ChaCha20 key stream, several blocks side by side: word w of all blocks in one vector.
//
// The layout is Bernstein's original one ("ChaCha, a variant of Salsa20", 2008): a 64-bit block counter in words 12 and
// 13 and a 64-bit nonce, here zero, in words 14 and 15. The rounds are those of RFC 8439, 2.1 to 2.3.
//
// A Block has
//   Vec, name, lanes             a vector of `lanes` 32-bit words; so many blocks side by side
//   splat(x)                     x in every lane
//   add_lane_number(x)           x + 0, x + 1 ...
//   rotate<n>(x)                 every word, to the left
//   finish<op>(x, in, out)       key stream words to bytes, and the operation, for 64 * lanes bytes
//
// Constant time: additions, XORs and rotations by constants; no address depends on the key.
#pragma once

#include "kernels/transform.hpp"

namespace nnlock::kernels {

template <class Block>
struct ChaCha20Group {
  using Vec = typename Block::Vec;
  static constexpr const char* name = Block::name;
  static constexpr std::size_t width = 64 * Block::lanes;

  static void expand(const std::uint8_t key[32], KeyState& state) { std::memcpy(state.bytes, key, 32); }

  template <Op op>
  [[gnu::always_inline]] static inline void apply(const KeyState& state, std::uint64_t group, const std::uint8_t* in,
                                                  std::uint8_t* out) {
    Vec input[16];
    set_up(input, state.bytes, group * Block::lanes);
    Vec x[16];
    for (unsigned i = 0; i < 16; ++i) x[i] = input[i];
    for (unsigned i = 0; i < 10; ++i) double_round(x);
    for (unsigned i = 0; i < 16; ++i) x[i] += input[i];
    Block::template finish<op>(x, in, out);
  }

 private:
  static std::uint32_t load32(const std::uint8_t* p) {
    return static_cast<std::uint32_t>(p[0]) | (static_cast<std::uint32_t>(p[1]) << 8) |
           (static_cast<std::uint32_t>(p[2]) << 16) | (static_cast<std::uint32_t>(p[3]) << 24);
  }

  // `first` is a multiple of the number of lanes, so the lane number never carries into word 13.
  [[gnu::always_inline]] static inline void set_up(Vec (&x)[16], const std::uint8_t* key, std::uint64_t first) {
    x[0] = Block::splat(0x61707865);  // "expand 32-byte k"
    x[1] = Block::splat(0x3320646e);
    x[2] = Block::splat(0x79622d32);
    x[3] = Block::splat(0x6b206574);
    for (unsigned i = 0; i < 8; ++i) x[4 + i] = Block::splat(load32(key + 4 * i));
    x[12] = Block::add_lane_number(Block::splat(static_cast<std::uint32_t>(first)));
    x[13] = Block::splat(static_cast<std::uint32_t>(first >> 32));
    x[14] = x[15] = Block::splat(0);
  }

  [[gnu::always_inline]] static inline void quarter_round(Vec& a, Vec& b, Vec& c, Vec& d) {
    a += b;
    d = Block::template rotate<16>(d ^ a);
    c += d;
    b = Block::template rotate<12>(b ^ c);
    a += b;
    d = Block::template rotate<8>(d ^ a);
    c += d;
    b = Block::template rotate<7>(b ^ c);
  }

  [[gnu::always_inline]] static inline void double_round(Vec (&x)[16]) {
    quarter_round(x[0], x[4], x[8], x[12]);
    quarter_round(x[1], x[5], x[9], x[13]);
    quarter_round(x[2], x[6], x[10], x[14]);
    quarter_round(x[3], x[7], x[11], x[15]);
    quarter_round(x[0], x[5], x[10], x[15]);
    quarter_round(x[1], x[6], x[11], x[12]);
    quarter_round(x[2], x[7], x[8], x[13]);
    quarter_round(x[3], x[4], x[9], x[14]);
  }
};

}  // namespace nnlock::kernels
