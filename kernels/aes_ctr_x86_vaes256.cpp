// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// VAES on 256-bit vectors, without AVX-512 and without GFNI: AMD Zen 3, Intel Alder Lake.
#include "kernels/registry.hpp"

#if defined(__x86_64__) && defined(__AES__) && defined(__AVX2__) && defined(__VAES__)

#include "kernels/aes_ctr_x86.hpp"

namespace nnlock::kernels {
namespace vaes256 {

struct Block {
  using Vec = __m256i;
  static constexpr const char* name = "aes_ctr_x86_vaes256";
  static constexpr std::size_t in_flight = 8;  // VAESENC: latency 4, two a cycle (Zen 3)

  [[gnu::always_inline]] static inline Vec load(const std::uint8_t* p) {
    return _mm256_loadu_si256(static_cast<const __m256i*>(static_cast<const void*>(p)));
  }
  [[gnu::always_inline]] static inline void store(std::uint8_t* p, Vec x) {
    _mm256_storeu_si256(static_cast<__m256i*>(static_cast<void*>(p)), x);
  }
  [[gnu::always_inline]] static inline Vec key(const std::uint8_t* p) {
    return _mm256_broadcastsi128_si256(_mm_load_si128(static_cast<const __m128i*>(static_cast<const void*>(p))));
  }
  [[gnu::always_inline]] static inline Vec exclusive_or(Vec a, Vec b) { return _mm256_xor_si256(a, b); }
  [[gnu::always_inline]] static inline Vec counter(std::uint64_t i) {
    return _mm256_broadcastsi128_si256(_mm_set_epi64x(static_cast<long long>(__builtin_bswap64(i)), 0));
  }
  template <std::size_t j>
  [[gnu::always_inline]] static inline Vec step() {
    return _mm256_set_epi64x(static_cast<long long>((2 * j + 1) << 56), 0, static_cast<long long>((2 * j) << 56), 0);
  }
  [[gnu::always_inline]] static inline Vec encrypt(Vec x, Vec k) { return _mm256_aesenc_epi128(x, k); }
  [[gnu::always_inline]] static inline Vec encrypt_last(Vec x, Vec k) { return _mm256_aesenclast_epi128(x, k); }

  // AESENCLAST is ShiftRows, SubBytes and XOR; the shuffle undoes ShiftRows beforehand. AESDECLAST likewise.
  [[gnu::always_inline]] static inline Vec substitute(Vec x) {
    const Vec undo = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 13, 10, 7, 4, 1, 14, 11, 8, 5, 2, 15, 12, 9, 6, 3));
    return _mm256_aesenclast_epi128(_mm256_shuffle_epi8(x, undo), _mm256_setzero_si256());
  }
  [[gnu::always_inline]] static inline Vec substitute_inverse(Vec x, Vec y) {
    const Vec undo = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 5, 10, 15, 4, 9, 14, 3, 8, 13, 2, 7, 12, 1, 6, 11));
    return _mm256_aesdeclast_epi128(_mm256_shuffle_epi8(x, undo), y);
  }
};

using Group = AesCtrGroup<Block>;
using Bytes = Transform<Group>;

constexpr Kernel table{Block::name,  Suite::aes256,
                       feature::ssse3 | feature::aesni | feature::avx2 | feature::vaes,
                       Group::expand, Bytes::lock,
                       Bytes::unlock, Bytes::stream};

}  // namespace vaes256

const Kernel* aes_ctr_x86_vaes256() { return &vaes256::table; }

}  // namespace nnlock::kernels

#else

namespace nnlock::kernels {
const Kernel* aes_ctr_x86_vaes256() { return nullptr; }
}  // namespace nnlock::kernels

#endif
