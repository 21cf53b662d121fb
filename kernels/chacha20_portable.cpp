// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// ChaCha20 fused with the byte substitution, four blocks at a time, for any CPU: the key stream in 32-bit words that
// the compiler maps to SSE2, NEON or plain registers, the S-box bitsliced as in aes_ctr_portable.cpp.
#include "kernels/bitslice.hpp"
#include "kernels/chacha20.hpp"
#include "kernels/registry.hpp"

namespace nnlock::kernels {
namespace chacha_portable {

struct Block {
  using Vec __attribute__((vector_size(16))) = std::uint32_t;
  static constexpr const char* name = "chacha20_portable";
  static constexpr unsigned lanes = 4;

  [[gnu::always_inline]] static inline Vec splat(std::uint32_t x) { return Vec{x, x, x, x}; }
  [[gnu::always_inline]] static inline Vec add_lane_number(Vec x) { return x + Vec{0, 1, 2, 3}; }
  template <int n>
  [[gnu::always_inline]] static inline Vec rotate(Vec x) {
    return (x << n) | (x >> (32 - n));
  }

  [[gnu::always_inline]] static inline void store32(std::uint8_t* p, std::uint32_t x) {
    for (unsigned i = 0; i < 4; ++i) p[i] = static_cast<std::uint8_t>(x >> (8 * i));
  }

  template <Op op>
  [[gnu::always_inline]] static inline void finish(const Vec (&x)[16], const std::uint8_t* in, std::uint8_t* out) {
    alignas(16) std::uint8_t key_stream[64 * lanes];
    std::uint8_t* const words = op == Op::stream ? out : key_stream;
    for (unsigned w = 0; w < 16; ++w) {
      for (unsigned lane = 0; lane < lanes; ++lane) store32(words + 64 * lane + 4 * w, x[w][lane]);
    }
    if constexpr (op != Op::stream) {
      for (std::size_t i = 0; i < sizeof key_stream; i += bitslice::bytes) combine<op>(key_stream + i, in + i, out + i);
      wipe(key_stream, sizeof key_stream);
    }
  }

  template <Op op>
  [[gnu::always_inline]] static inline void combine(const std::uint8_t* key_stream, const std::uint8_t* in,
                                                    std::uint8_t* out) {
    bitslice::Planes x = bitslice::load(in);
    const bitslice::Planes k = bitslice::load(key_stream);
    if constexpr (op == Op::lock) {
      bitslice::exclusive_or(x, k);
      bitslice::substitute(x);
    } else {
      bitslice::substitute_inverse(x);
      bitslice::exclusive_or(x, k);
    }
    bitslice::store(out, x);
  }
};

using Group = ChaCha20Group<Block>;
using Bytes = Transform<Group>;

constexpr Kernel table{Block::name, Suite::chacha20, feature::none, Group::expand,
                       Bytes::lock, Bytes::unlock,   Bytes::stream};

}  // namespace chacha_portable

const Kernel* chacha20_portable() { return &chacha_portable::table; }

}  // namespace nnlock::kernels
