// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// AES-NI on 128-bit vectors: any x86 with AES instructions since 2010.
#include "kernels/registry.hpp"

#if defined(__x86_64__) && defined(__AES__) && defined(__SSSE3__)

#include "kernels/aes_ctr_x86.hpp"

namespace nnlock::kernels {
namespace aesni {

struct Block {
  using Vec = __m128i;
  static constexpr const char* name = "aes_ctr_x86_aesni";
  static constexpr std::size_t in_flight = 8;  // AESENC: latency 4, two a cycle (Zen 3)

  [[gnu::always_inline]] static inline Vec load(const std::uint8_t* p) {
    return _mm_loadu_si128(static_cast<const __m128i*>(static_cast<const void*>(p)));
  }
  [[gnu::always_inline]] static inline void store(std::uint8_t* p, Vec x) {
    _mm_storeu_si128(static_cast<__m128i*>(static_cast<void*>(p)), x);
  }
  [[gnu::always_inline]] static inline Vec key(const std::uint8_t* p) {
    return _mm_load_si128(static_cast<const __m128i*>(static_cast<const void*>(p)));
  }
  [[gnu::always_inline]] static inline Vec exclusive_or(Vec a, Vec b) { return _mm_xor_si128(a, b); }
  [[gnu::always_inline]] static inline Vec counter(std::uint64_t i) {
    return _mm_set_epi64x(static_cast<long long>(__builtin_bswap64(i)), 0);
  }
  template <std::size_t j>
  [[gnu::always_inline]] static inline Vec step() {
    return _mm_set_epi64x(static_cast<long long>(j << 56), 0);
  }
  [[gnu::always_inline]] static inline Vec encrypt(Vec x, Vec k) { return _mm_aesenc_si128(x, k); }
  [[gnu::always_inline]] static inline Vec encrypt_last(Vec x, Vec k) { return _mm_aesenclast_si128(x, k); }

  // AESENCLAST is ShiftRows, SubBytes and XOR; the shuffle undoes ShiftRows beforehand. AESDECLAST likewise.
  [[gnu::always_inline]] static inline Vec substitute(Vec x) {
    const Vec undo = _mm_setr_epi8(0, 13, 10, 7, 4, 1, 14, 11, 8, 5, 2, 15, 12, 9, 6, 3);
    return _mm_aesenclast_si128(_mm_shuffle_epi8(x, undo), _mm_setzero_si128());
  }
  [[gnu::always_inline]] static inline Vec substitute_inverse(Vec x, Vec y) {
    const Vec undo = _mm_setr_epi8(0, 5, 10, 15, 4, 9, 14, 3, 8, 13, 2, 7, 12, 1, 6, 11);
    return _mm_aesdeclast_si128(_mm_shuffle_epi8(x, undo), y);
  }
};

using Group = AesCtrGroup<Block>;
using Bytes = Transform<Group>;

constexpr Kernel table{Block::name,  Suite::aes256,  feature::ssse3 | feature::aesni, Group::expand,
                       Bytes::lock, Bytes::unlock, Bytes::stream};

}  // namespace aesni

const Kernel* aes_ctr_x86_aesni() { return &aesni::table; }

}  // namespace nnlock::kernels

#else

namespace nnlock::kernels {
const Kernel* aes_ctr_x86_aesni() { return nullptr; }
}  // namespace nnlock::kernels

#endif
