// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// For tests: aes_ctr_x86_vaes512.cpp, unchanged, on 512-bit instructions emulated in plain C++ after the Intel SDM's
// pseudocode. It shows that matrices, counters and the shared body are right on machines without AVX-512. What it cannot
// show is that the compiler's code for the real instructions runs; that needs the CPU.
#include "kernels/kernel.hpp"

#if defined(__x86_64__) && defined(__AES__)

#include <immintrin.h>

#include <cstring>

namespace nnlock::kernels::emulated {

struct Vec512 {
  std::uint8_t b[64];
};

template <class F>
Vec512 per_byte(F f) {
  Vec512 r;
  for (std::size_t i = 0; i < 64; ++i) r.b[i] = static_cast<std::uint8_t>(f(i));
  return r;
}

template <class F>
Vec512 per_block(const Vec512& x, const Vec512& y, F f) {
  Vec512 r;
  for (std::size_t i = 0; i < 64; i += 16) {
    __m128i a;
    __m128i b;
    std::memcpy(&a, x.b + i, 16);
    std::memcpy(&b, y.b + i, 16);
    a = f(a, b);
    std::memcpy(r.b + i, &a, 16);
  }
  return r;
}

inline Vec512 load(const void* p) {
  Vec512 r;
  std::memcpy(r.b, p, 64);
  return r;
}
inline void store(void* p, const Vec512& x) { std::memcpy(p, x.b, 64); }
inline Vec512 exclusive_or(const Vec512& x, const Vec512& y) {
  return per_byte([&](std::size_t i) { return x.b[i] ^ y.b[i]; });
}
inline Vec512 set_words(long long w7, long long w6, long long w5, long long w4, long long w3, long long w2,
                        long long w1, long long w0) {
  const long long words[8] = {w0, w1, w2, w3, w4, w5, w6, w7};
  return load(words);
}
inline Vec512 broadcast_block(unsigned mask, __m128i x) {
  Vec512 r;
  for (std::size_t i = 0; i < 4; ++i) std::memcpy(r.b + 16 * i, &x, 16);
  return per_byte([&](std::size_t i) { return ((mask >> (i / 4)) & 1U) != 0 ? r.b[i] : 0; });
}
inline Vec512 encrypt(const Vec512& x, const Vec512& k) {
  return per_block(x, k, [](__m128i a, __m128i b) { return _mm_aesenc_si128(a, b); });
}
inline Vec512 encrypt_last(const Vec512& x, const Vec512& k) {
  return per_block(x, k, [](__m128i a, __m128i b) { return _mm_aesenclast_si128(a, b); });
}

// SDM: affine_byte. Bit i of the result is the parity of (byte 7 - i of the matrix AND x), XOR bit i of the constant.
inline unsigned affine_byte(const std::uint8_t* matrix, unsigned x, unsigned constant) {
  unsigned r = 0;
  for (unsigned i = 0; i < 8; ++i) {
    const unsigned parity = static_cast<unsigned>(__builtin_parity(matrix[7 - i] & x));
    r |= (parity ^ ((constant >> i) & 1U)) << i;
  }
  return r;
}

inline unsigned multiply(unsigned a, unsigned b) {
  unsigned r = 0;
  for (; b != 0; b >>= 1) {
    if ((b & 1U) != 0) r ^= a;
    a = (a << 1) ^ ((a & 0x80U) != 0 ? 0x11bU : 0U);
  }
  return r;
}

// SDM: affine_inverse_byte starts from the inverse in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1, that of 0 being 0.
inline unsigned inverse(unsigned x) {
  unsigned r = 1;
  for (unsigned i = 0; i < 254; ++i) r = multiply(r, x);
  return r;
}

inline Vec512 affine(const Vec512& x, const Vec512& matrix, unsigned constant) {
  return per_byte([&](std::size_t i) { return affine_byte(matrix.b + (i & ~std::size_t{7}), x.b[i], constant); });
}
inline Vec512 affine_inverse(const Vec512& x, const Vec512& matrix, unsigned constant) {
  struct Table {
    std::uint8_t of[256];
    Table() {
      for (unsigned v = 0; v < 256; ++v) of[v] = static_cast<std::uint8_t>(inverse(v));
    }
  };
  static const Table table;
  return affine(per_byte([&](std::size_t i) { return table.of[x.b[i]]; }), matrix, constant);
}

}  // namespace nnlock::kernels::emulated

#define __m512i emulated::Vec512
#define _mm512_loadu_si512 emulated::load
#define _mm512_storeu_si512 emulated::store
#define _mm512_xor_si512 emulated::exclusive_or
#define _mm512_set_epi64 emulated::set_words
#define _mm512_set1_epi64(x) emulated::set_words(x, x, x, x, x, x, x, x)
#define _mm512_maskz_broadcast_i32x4 emulated::broadcast_block
#define _mm512_aesenc_epi128 emulated::encrypt
#define _mm512_aesenclast_epi128 emulated::encrypt_last
#undef _mm512_gf2p8affine_epi64_epi8
#undef _mm512_gf2p8affineinv_epi64_epi8
#define _mm512_gf2p8affine_epi64_epi8 emulated::affine
#define _mm512_gf2p8affineinv_epi64_epi8 emulated::affine_inverse

#undef __VAES__
#undef __GFNI__
#undef __AVX512F__
#undef __AVX512BW__
#undef __AVX512VL__
#define __VAES__ 1
#define __GFNI__ 1
#define __AVX512F__ 1
#define __AVX512BW__ 1
#define __AVX512VL__ 1
#define vaes512 vaes512_emulated                          // own namespace: the real one is in the library
#define aes_ctr_x86_vaes512 aes_ctr_x86_vaes512_emulated  // own getter
#include "kernels/aes_ctr_x86_vaes512.cpp"

#else

namespace nnlock::kernels {
const Kernel* aes_ctr_x86_vaes512_emulated() { return nullptr; }
}  // namespace nnlock::kernels

#endif
