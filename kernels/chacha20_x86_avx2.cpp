// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// ChaCha20, eight blocks at a time in 256-bit vectors, fused with the byte substitution by AES-NI on 128 bits.
#include "kernels/registry.hpp"

#if defined(__x86_64__) && defined(__AVX2__) && defined(__AES__)

#include <immintrin.h>

#include "kernels/chacha20.hpp"

namespace nnlock::kernels {
namespace chacha_avx2 {

struct Block {
  using Vec __attribute__((vector_size(32))) = std::uint32_t;
  static constexpr const char* name = "chacha20_x86_avx2";
  static constexpr unsigned lanes = 8;

  [[gnu::always_inline]] static inline __m256i raw(Vec x) { return reinterpret_cast<__m256i>(x); }
  [[gnu::always_inline]] static inline Vec vec(__m256i x) { return reinterpret_cast<Vec>(x); }

  [[gnu::always_inline]] static inline Vec splat(std::uint32_t x) {
    return vec(_mm256_set1_epi32(static_cast<int>(x)));
  }
  [[gnu::always_inline]] static inline Vec add_lane_number(Vec x) { return x + Vec{0, 1, 2, 3, 4, 5, 6, 7}; }

  // Rotations by whole bytes are one shuffle instead of two shifts and an OR.
  template <int n>
  [[gnu::always_inline]] static inline Vec rotate(Vec x) {
    if constexpr (n == 16) {
      const __m128i order = _mm_setr_epi8(2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
      return vec(_mm256_shuffle_epi8(raw(x), _mm256_broadcastsi128_si256(order)));
    } else if constexpr (n == 8) {
      const __m128i order = _mm_setr_epi8(3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14);
      return vec(_mm256_shuffle_epi8(raw(x), _mm256_broadcastsi128_si256(order)));
    } else {
      return (x << n) | (x >> (32 - n));
    }
  }

  template <Op op>
  [[gnu::always_inline]] static inline void finish(const Vec (&x)[16], const std::uint8_t* in, std::uint8_t* out) {
    half<op>(x, in, out);
    half<op>(x + 8, in + 32, out + 32);
  }

  // An 8x8 transpose: x[0..7] hold eight words of eight blocks; 32 bytes of each block come out, 64 bytes apart.
  template <Op op>
  [[gnu::always_inline]] static inline void half(const Vec* x, const std::uint8_t* in, std::uint8_t* out) {
    __m256i quads[8];  // quads[4*h + i]: words 4h..4h+3 of block i in the low half, of block i + 4 in the high half
    for (unsigned h = 0; h < 2; ++h) {
      const __m256i a = _mm256_unpacklo_epi32(raw(x[4 * h]), raw(x[4 * h + 1]));
      const __m256i b = _mm256_unpackhi_epi32(raw(x[4 * h]), raw(x[4 * h + 1]));
      const __m256i c = _mm256_unpacklo_epi32(raw(x[4 * h + 2]), raw(x[4 * h + 3]));
      const __m256i d = _mm256_unpackhi_epi32(raw(x[4 * h + 2]), raw(x[4 * h + 3]));
      quads[4 * h] = _mm256_unpacklo_epi64(a, c);
      quads[4 * h + 1] = _mm256_unpackhi_epi64(a, c);
      quads[4 * h + 2] = _mm256_unpacklo_epi64(b, d);
      quads[4 * h + 3] = _mm256_unpackhi_epi64(b, d);
    }
    for (unsigned i = 0; i < 4; ++i) {
      const unsigned low = 64 * i;
      const unsigned high = low + 256;
      combine<op>(_mm256_castsi256_si128(quads[i]), in + low, out + low);
      combine<op>(_mm256_castsi256_si128(quads[4 + i]), in + low + 16, out + low + 16);
      combine<op>(_mm256_extracti128_si256(quads[i], 1), in + high, out + high);
      combine<op>(_mm256_extracti128_si256(quads[4 + i], 1), in + high + 16, out + high + 16);
    }
  }

  // As in aes_ctr_x86_aesni.cpp: the shuffle undoes the row shift, the inverse S-box takes the key stream as its key.
  template <Op op>
  [[gnu::always_inline]] static inline void combine(__m128i key_stream, const std::uint8_t* in, std::uint8_t* out) {
    __m128i result = key_stream;
    if constexpr (op != Op::stream) {
      const __m128i data = _mm_loadu_si128(static_cast<const __m128i*>(static_cast<const void*>(in)));
      if constexpr (op == Op::lock) {
        const __m128i undo = _mm_setr_epi8(0, 13, 10, 7, 4, 1, 14, 11, 8, 5, 2, 15, 12, 9, 6, 3);
        const __m128i mixed = _mm_shuffle_epi8(_mm_xor_si128(data, key_stream), undo);
        result = _mm_aesenclast_si128(mixed, _mm_setzero_si128());
      } else {
        const __m128i undo = _mm_setr_epi8(0, 5, 10, 15, 4, 9, 14, 3, 8, 13, 2, 7, 12, 1, 6, 11);
        result = _mm_aesdeclast_si128(_mm_shuffle_epi8(data, undo), key_stream);
      }
    }
    _mm_storeu_si128(static_cast<__m128i*>(static_cast<void*>(out)), result);
  }
};

using Group = ChaCha20Group<Block>;
using Bytes = Transform<Group>;

constexpr Kernel table{Block::name,   Suite::chacha20, feature::ssse3 | feature::aesni | feature::avx2,
                       Group::expand, Bytes::lock,     Bytes::unlock,
                       Bytes::stream};

}  // namespace chacha_avx2

const Kernel* chacha20_x86_avx2() { return &chacha_avx2::table; }

}  // namespace nnlock::kernels

#else

namespace nnlock::kernels {
const Kernel* chacha20_x86_avx2() { return nullptr; }
}  // namespace nnlock::kernels

#endif
