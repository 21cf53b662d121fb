// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// AES-256-CTR fused with the byte substitution, bitsliced: eight AES blocks at a time, for any CPU.
//
// Byte (row r, column c) of AES block k is byte 16*k + 4*c + r, so by bitslice.hpp its bits are bit
//
//     32 * (c & 1) + 8 * r + 2 * (k & 3) + (c >> 1)      of lane k >> 2 of each plane.
//
// A rotation of the rows is then a rotation of 32-bit halves by 8, and the key stream stays in this form: the data is
// bitsliced once on the way in, meets key stream and S-box there, and is turned back once.
//
// Constant time: logic operations, shifts by constants, and addresses that depend on the round number alone; the key
// expansion too.
#include "kernels/bitslice.hpp"
#include "kernels/registry.hpp"
#include "kernels/transform.hpp"

namespace nnlock::kernels {
namespace aes_portable {

using bitslice::Plane;
using bitslice::Planes;
using Halves __attribute__((vector_size(16))) = std::uint32_t;

constexpr std::size_t rounds = 14;

[[gnu::always_inline]] inline Halves halves(Plane x) { return reinterpret_cast<Halves>(x); }
[[gnu::always_inline]] inline Plane plane(Halves x) { return reinterpret_cast<Plane>(x); }

// Row r of the result is row r + n of x.
template <unsigned n>
[[gnu::always_inline]] inline Plane rotate_rows(Plane x) {
  return plane((halves(x) >> (8 * n)) | (halves(x) << (32 - 8 * n)));
}

// Column c of row r comes from column c + r (FIPS 197, 5.1.2). Adding 1 or 3 to c flips its low bit (the two 32-bit
// halves, in rows 1 and 3); c >> 1 flips (two neighbouring bits) in row 2, and in row 1 or 3 where the low bit carried.
[[gnu::always_inline]] inline Plane shift_rows(Plane x) {
  constexpr std::uint64_t odd_rows = 0xff00ff00ff00ff00;
  constexpr std::uint64_t flipped = 0x0055550055550000;  // rows 1 and 2 of odd columns, rows 2 and 3 of even ones
  const Plane swapped = plane(__builtin_shufflevector(halves(x), halves(x), 1, 0, 3, 2));
  const Plane y = x ^ ((x ^ swapped) & odd_rows);
  const Plane t = (y ^ (y >> 1)) & flipped;
  return y ^ t ^ (t << 1);
}

// FIPS 197, 5.1.3: with d = a XOR next row, the result is {02} d XOR next row XOR d two rows on.
[[gnu::always_inline]] inline void mix_columns(Planes& x) {
  Planes d;
  Planes rest;
  for (unsigned i = 0; i < 8; ++i) {
    const Plane next = rotate_rows<1>(x.p[i]);
    d.p[i] = x.p[i] ^ next;
    rest.p[i] = next ^ rotate_rows<2>(d.p[i]);
  }
  x.p[0] = rest.p[0] ^ d.p[7];
  for (unsigned i = 1; i < 8; ++i) x.p[i] = rest.p[i] ^ d.p[i - 1];
  x.p[1] ^= d.p[7];  // the polynomial 0x11b
  x.p[3] ^= d.p[7];
  x.p[4] ^= d.p[7];
}

[[gnu::always_inline]] inline void add_round_key(Planes& x, const std::uint8_t* key) {
  for (unsigned i = 0; i < 8; ++i) {
    std::uint64_t k;
    std::memcpy(&k, key + 8 * i, 8);  // written by this machine, in this machine's order
    x.p[i] ^= Plane{k, k};
  }
}

// be128(first) ... be128(first + 7) encrypted, as planes. `first` is a multiple of 8.
[[gnu::always_inline]] inline Planes key_stream(const std::uint8_t* keys, std::uint64_t first) {
  Planes x = {};
  for (unsigned k = 0; k < 4; ++k) {  // word 2k of a lane is the upper half of a counter, which is zero
    x.p[2 * k + 1] = Plane{__builtin_bswap64(first + k), __builtin_bswap64(first + k + 4)};
  }
  bitslice::transpose(x);
  add_round_key(x, keys);
  for (std::size_t r = 1; r <= rounds; ++r) {
    bitslice::substitute(x);
    for (Plane& p : x.p) p = shift_rows(p);
    if (r != rounds) mix_columns(x);
    add_round_key(x, keys + 64 * r);
  }
  return x;
}

struct Group {
  static constexpr const char* name = "aes_ctr_portable";
  static constexpr std::size_t width = bitslice::bytes;

  template <Op op>
  static void apply(const KeyState& state, std::uint64_t group, const std::uint8_t* in, std::uint8_t* out) {
    Planes x = key_stream(state.bytes, group * (width / 16));
    if constexpr (op == Op::lock) {
      bitslice::exclusive_or(x, bitslice::load(in));
      bitslice::substitute(x);
    } else if constexpr (op == Op::unlock) {
      Planes data = bitslice::load(in);
      bitslice::substitute_inverse(data);
      bitslice::exclusive_or(x, data);
    }
    bitslice::store(out, x);
  }
};

// S of four bytes, through the same circuit as everything else.
void substitute_word(std::uint8_t word[4]) {
  std::uint8_t buffer[bitslice::bytes] = {};
  std::memcpy(buffer, word, 4);
  Planes x = bitslice::load(buffer);
  bitslice::substitute(x);
  bitslice::store(buffer, x);
  std::memcpy(word, buffer, 4);
  wipe(buffer, sizeof buffer);
}

// FIPS 197, 5.2, for eight words of key.
void expand_words(const std::uint8_t key[32], std::uint8_t words[16 * (rounds + 1)]) {
  std::memcpy(words, key, 32);
  std::uint8_t rcon = 1;
  for (std::size_t i = 32; i < 16 * (rounds + 1); i += 4) {
    std::uint8_t w[4];
    std::memcpy(w, words + i - 4, 4);
    if (i % 32 == 0) {
      const std::uint8_t first = w[0];
      w[0] = w[1];
      w[1] = w[2];
      w[2] = w[3];
      w[3] = first;
    }
    if (i % 16 == 0) substitute_word(w);
    if (i % 32 == 0) {
      w[0] ^= rcon;
      rcon = static_cast<std::uint8_t>(rcon << 1);
    }
    for (std::size_t b = 0; b < 4; ++b) words[i + b] = static_cast<std::uint8_t>(words[i + b - 32] ^ w[b]);
  }
}

// The round keys as planes, the same in all AES blocks of a lane; both lanes are alike, so one is kept.
void expand(const std::uint8_t key[32], KeyState& state) {
  std::uint8_t words[16 * (rounds + 1)];
  std::uint8_t buffer[bitslice::bytes];
  expand_words(key, words);
  for (std::size_t r = 0; r <= rounds; ++r) {
    for (std::size_t k = 0; k < 8; ++k) std::memcpy(buffer + 16 * k, words + 16 * r, 16);
    const Planes x = bitslice::load(buffer);
    for (std::size_t i = 0; i < 8; ++i) {
      const std::uint64_t plane_bits = x.p[i][0];
      std::memcpy(state.bytes + 64 * r + 8 * i, &plane_bits, 8);
    }
  }
  wipe(words, sizeof words);
  wipe(buffer, sizeof buffer);
}
static_assert(sizeof(KeyState::bytes) >= 64 * (rounds + 1));

using Bytes = Transform<Group>;

constexpr Kernel table{Group::name, Suite::aes256, feature::none, expand, Bytes::lock, Bytes::unlock, Bytes::stream};

}  // namespace aes_portable

const Kernel* aes_ctr_portable() { return &aes_portable::table; }

}  // namespace nnlock::kernels
