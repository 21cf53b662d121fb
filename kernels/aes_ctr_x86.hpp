// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// AES-256-CTR fused with the byte substitution, for CPUs with AES instructions, over a vector type of any width.
//
// A Block has
//   Vec, name, in_flight         one vector of Vec::width/16 AES blocks; how many vectors to keep in flight
//   load, store, exclusive_or    any alignment
//   key(p)                       the 16 bytes at p (aligned to 16) in every AES block of the vector
//   counter(i)                   be128(i) in every AES block of the vector
//   step<j>()                    be128(j * blocks), be128(j * blocks + 1) ... for the j-th vector of a group
//   encrypt, encrypt_last        AESENC, AESENCLAST
//   substitute(x)                S of every byte
//   substitute_inverse(x, y)     S^-1 of every byte of x, XOR y
//
// Constant time: only AES, XOR, shuffle and move instructions, at addresses that depend on the round number alone.
#pragma once

#include <immintrin.h>

#include <utility>

#include "kernels/transform.hpp"

namespace nnlock::kernels {

template <class Block>
struct AesCtrGroup {
  using Vec = typename Block::Vec;
  static constexpr const char* name = Block::name;
  static constexpr std::size_t blocks = Block::in_flight * sizeof(Vec) / 16;
  static constexpr std::size_t width = blocks * 16;
  static constexpr std::size_t rounds = 14;

  template <Op op>
  [[gnu::always_inline]] static inline void apply(const KeyState& state, std::uint64_t group, const std::uint8_t* in,
                                                  std::uint8_t* out) {
    apply_all<op>(state.bytes, group * blocks, in, out, std::make_index_sequence<Block::in_flight>{});
  }

  // FIPS 197, 5.2. The substitution of a word is AESENCLAST of a state whose four columns are that word: ShiftRows
  // then changes nothing.
  static void expand(const std::uint8_t key[32], KeyState& state) {
    std::uint8_t* const w = state.bytes;
    std::memcpy(w, key, 32);
    std::uint32_t rcon = 1;
    for (std::size_t i = 8; i < 4 * (rounds + 1); i += 4) {
      std::uint32_t previous = word(w, i - 1);
      if (i % 8 == 0) previous = (previous >> 8) | (previous << 24);  // RotWord of a little-endian word
      previous = substitute_word(previous);
      if (i % 8 == 0) {
        previous ^= rcon;
        rcon <<= 1;
      }
      for (std::size_t j = i; j < i + 4; ++j) {
        previous ^= word(w, j - 8);
        std::memcpy(w + 4 * j, &previous, 4);
      }
    }
  }

 private:
  static std::uint32_t word(const std::uint8_t* w, std::size_t i) {
    std::uint32_t value;
    std::memcpy(&value, w + 4 * i, 4);
    return value;
  }

  static std::uint32_t substitute_word(std::uint32_t x) {
    const __m128i columns = _mm_set1_epi32(static_cast<int>(x));
    return static_cast<std::uint32_t>(_mm_cvtsi128_si32(_mm_aesenclast_si128(columns, _mm_setzero_si128())));
  }

  // `first` is a multiple of `blocks`, so the counters of the group differ from it in low bits that are zero in it:
  // an XOR adds them, with no carry and no byte swap per vector.
  template <Op op, std::size_t... J>
  [[gnu::always_inline]] static inline void apply_all(const std::uint8_t* keys, std::uint64_t first,
                                                      const std::uint8_t* in, std::uint8_t* out,
                                                      std::index_sequence<J...>) {
    const Vec start = Block::exclusive_or(Block::counter(first), Block::key(keys));
    Vec state[] = {Block::exclusive_or(start, Block::template step<J>())...};
    all_rounds(keys, state, std::make_index_sequence<rounds - 1>{});
    const Vec last = Block::key(keys + 16 * rounds);
    (finish<op>(state[J], last, in + J * sizeof(Vec), out + J * sizeof(Vec)), ...);
  }

  template <std::size_t... R>
  [[gnu::always_inline]] static inline void all_rounds(const std::uint8_t* keys, Vec (&state)[Block::in_flight],
                                                       std::index_sequence<R...>) {
    (one_round(Block::key(keys + 16 * (R + 1)), state, std::make_index_sequence<Block::in_flight>{}), ...);
  }

  template <std::size_t... J>
  [[gnu::always_inline]] static inline void one_round(Vec key, Vec (&state)[Block::in_flight],
                                                      std::index_sequence<J...>) {
    ((state[J] = Block::encrypt(state[J], key)), ...);
  }

  // AESENCLAST ends with an XOR of the round key. Putting the data into that key makes the XOR with the data free.
  template <Op op>
  [[gnu::always_inline]] static inline void finish(Vec state, Vec last, const std::uint8_t* in, std::uint8_t* out) {
    if constexpr (op == Op::lock) {
      const Vec mixed = Block::encrypt_last(state, Block::exclusive_or(last, Block::load(in)));
      Block::store(out, Block::substitute(mixed));
    } else if constexpr (op == Op::unlock) {
      Block::store(out, Block::encrypt_last(state, Block::substitute_inverse(Block::load(in), last)));
    } else {
      Block::store(out, Block::encrypt_last(state, last));
    }
  }
};

}  // namespace nnlock::kernels
