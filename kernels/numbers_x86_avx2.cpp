// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// AVX2, with AES instructions for the S-box (see aes_ctr_x86_aesni.cpp): Intel Haswell, AMD Excavator and later.
#include "kernels/registry.hpp"

#if defined(__x86_64__) && defined(__AES__) && defined(__AVX2__)

#include "kernels/numbers_x86.hpp"

namespace nnlock::kernels {
namespace numbers_avx2 {

struct Ops {
  using Vec = __m256i;
  using Whole = Vec;
  static constexpr const char* name = "numbers_x86_avx2";

  [[gnu::always_inline]] static inline Vec load(const std::uint8_t* p) {
    return _mm256_loadu_si256(static_cast<const __m256i*>(static_cast<const void*>(p)));
  }
  [[gnu::always_inline]] static inline void store(std::uint8_t* p, Vec x) {
    _mm256_storeu_si256(static_cast<__m256i*>(static_cast<void*>(p)), x);
  }
  [[gnu::always_inline]] static inline Vec load_words(const std::uint8_t* p) { return _mm256_permute4x64_epi64(load(p), 0xd8); }
  [[gnu::always_inline]] static inline Vec all16(std::uint16_t x) { return _mm256_set1_epi16(static_cast<short>(x)); }
  [[gnu::always_inline]] static inline Vec all32(std::uint32_t x) { return _mm256_set1_epi32(static_cast<int>(x)); }
  [[gnu::always_inline]] static inline Vec all64(std::uint64_t x) { return _mm256_set1_epi64x(static_cast<long long>(x)); }

  [[gnu::always_inline]] static inline Vec bits_and(Vec x, Vec y) { return _mm256_and_si256(x, y); }
  [[gnu::always_inline]] static inline Vec bits_or(Vec x, Vec y) { return _mm256_or_si256(x, y); }
  [[gnu::always_inline]] static inline Vec bits_xor(Vec x, Vec y) { return _mm256_xor_si256(x, y); }
  [[gnu::always_inline]] static inline Vec mix(Vec x, Vec k, Vec free) { return bits_xor(x, bits_and(k, free)); }

  [[gnu::always_inline]] static inline Vec add16(Vec x, Vec y) { return _mm256_add_epi16(x, y); }
  [[gnu::always_inline]] static inline Vec sub16(Vec x, Vec y) { return _mm256_sub_epi16(x, y); }
  [[gnu::always_inline]] static inline Vec drop16(Vec x, Vec y) { return _mm256_subs_epu16(x, y); }
  [[gnu::always_inline]] static inline Vec min16(Vec x, Vec y) { return _mm256_min_epu16(x, y); }
  [[gnu::always_inline]] static inline Vec max16(Vec x, Vec y) { return _mm256_max_epu16(x, y); }
  [[gnu::always_inline]] static inline bool at_most(Vec x, Vec y) {
    return _mm256_testz_si256(drop16(x, y), all16(0xffff)) != 0;
  }
  // x < 2^15.
  [[gnu::always_inline]] static inline Vec add_unless_zero16(Vec x, Vec y) { return add16(x, _mm256_sign_epi16(y, x)); }

  [[gnu::always_inline]] static inline Vec add64(Vec x, Vec y) { return _mm256_add_epi64(x, y); }
  [[gnu::always_inline]] static inline Vec multiply(Vec x, Vec y) { return _mm256_mul_epu32(x, y); }
  [[gnu::always_inline]] static inline Vec upper(Vec x) { return _mm256_shuffle_epi32(x, 0xf5); }
  [[gnu::always_inline]] static inline Vec carry(Vec x) { return _mm256_srli_epi64(x, 32); }
  [[gnu::always_inline]] static inline Vec odd(Vec x, Vec y) {
    return _mm256_castps_si256(_mm256_shuffle_ps(_mm256_castsi256_ps(x), _mm256_castsi256_ps(y), 0x77));
  }
  [[gnu::always_inline]] static inline Vec by_word(Vec x) {
    const __m128i order = _mm_setr_epi8(4, 5, 4, 5, 12, 13, 12, 13, 0, 1, 0, 1, 8, 9, 8, 9);
    return _mm256_shuffle_epi8(x, _mm256_broadcastsi128_si256(order));
  }
  [[gnu::always_inline]] static inline Vec high16(Vec x, Vec y) { return _mm256_mulhi_epu16(x, y); }
  [[gnu::always_inline]] static inline Vec low16(Vec x, Vec y) { return _mm256_mullo_epi16(x, y); }
  [[gnu::always_inline]] static inline Vec add32(Vec x, Vec y) { return _mm256_add_epi32(x, y); }
  [[gnu::always_inline]] static inline Vec min32(Vec x, Vec y) { return _mm256_min_epu32(x, y); }
  template <unsigned n>
  [[gnu::always_inline]] static inline Vec left32(Vec x) { return _mm256_slli_epi32(x, n); }

  template <std::size_t width>
  [[gnu::always_inline]] static inline Vec heads(Vec x, Vec y) {
    if constexpr (width == 8) return _mm256_blend_epi32(_mm256_srli_epi64(y, 32), x, 0xaa);
    return _mm256_packus_epi32(_mm256_srli_epi32(x, 16), _mm256_srli_epi32(y, 16));
  }
  // AESENCLAST is ShiftRows, SubBytes and XOR; the shuffle undoes ShiftRows beforehand. AESDECLAST likewise.
  template <Op op>
  [[gnu::always_inline]] static inline Vec substitute(Vec x) {
    const __m128i lock = _mm_setr_epi8(0, 13, 10, 7, 4, 1, 14, 11, 8, 5, 2, 15, 12, 9, 6, 3);
    const __m128i unlock = _mm_setr_epi8(0, 5, 10, 15, 4, 9, 14, 3, 8, 13, 2, 7, 12, 1, 6, 11);
    x = _mm256_shuffle_epi8(x, _mm256_broadcastsi128_si256(op == Op::lock ? lock : unlock));
    const __m128i zero = _mm_setzero_si128();
    __m128i low = _mm256_castsi256_si128(x), high = _mm256_extracti128_si256(x, 1);
    low = op == Op::lock ? _mm_aesenclast_si128(low, zero) : _mm_aesdeclast_si128(low, zero);
    high = op == Op::lock ? _mm_aesenclast_si128(high, zero) : _mm_aesdeclast_si128(high, zero);
    return _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
  }
  template <Op op>
  [[gnu::always_inline]] static inline Vec chosen_bytes(Vec x, Whole whole) {
    return _mm256_blendv_epi8(x, substitute<op>(x), whole);
  }
  template <std::size_t width>
  [[gnu::always_inline]] static inline Whole whole_bytes(unsigned count) {
    const std::uint64_t low = count == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * count)) - 1;
    if constexpr (width == 2) return all16(static_cast<std::uint16_t>(low));
    if constexpr (width == 4) return all32(static_cast<std::uint32_t>(low));
    if constexpr (width == 8) return all64(low);
  }
  // The exponents of x are those of `old` still, so the difference puts the moved ones there.
  template <Op op, std::size_t width, std::size_t count>
  [[gnu::always_inline]] static inline void finish(Vec (&x)[1], Vec, Vec, Vec old, Vec moved) {
    if constexpr (count != 0) x[0] = chosen_bytes<op>(x[0], whole_bytes<width>(count));
    x[0] = bits_xor(x[0], bits_xor(old, moved));
  }
  template <Op op, std::size_t width, std::size_t count>
  [[gnu::always_inline]] static inline void finish(Vec (&x)[2], Vec heads, Vec exponent, Vec old, Vec moved) {
    const Vec difference = bits_xor(old, moved);
    if constexpr (width == 4) {  // the lower halves are whole bytes, the upper halves are the heads
      const Vec lower = _mm256_packus_epi32(bits_and(x[0], all32(0xffff)), bits_and(x[1], all32(0xffff)));
      const Vec s = substitute<op>(lower), upper = bits_xor(heads, difference);
      x[0] = _mm256_unpacklo_epi16(s, upper);
      x[1] = _mm256_unpackhi_epi16(s, upper);
    } else {  // 6 of 8 bytes are whole; the second's heads stand half an element lower
      x[0] = mix(_mm256_blend_epi16(x[0], substitute<op>(x[0]), 0x77), difference, exponent);
      x[1] = bits_xor(_mm256_blend_epi16(x[1], substitute<op>(x[1]), 0x77), _mm256_slli_epi64(difference, 32));
    }
  }

  template <std::size_t width>
  [[gnu::always_inline]] static inline Vec sub(Vec x, Vec y) {
    if constexpr (width == 2) return _mm256_sub_epi16(x, y);
    if constexpr (width == 4) return _mm256_sub_epi32(x, y);
    if constexpr (width == 8) return _mm256_sub_epi64(x, y);
  }
  template <std::size_t width>
  [[gnu::always_inline]] static inline Vec signs(Vec x) {
    if constexpr (width == 2) return _mm256_srai_epi16(x, 15);
    if constexpr (width == 4) return _mm256_srai_epi32(x, 31);
    if constexpr (width == 8) return _mm256_cmpgt_epi64(_mm256_setzero_si256(), x);
  }
};

constexpr NumberKernel table = number_table<NumbersX86<Ops>>(feature::ssse3 | feature::aesni | feature::avx2);

}  // namespace numbers_avx2

const NumberKernel* numbers_x86_avx2() { return &numbers_avx2::table; }

}  // namespace nnlock::kernels

#else

namespace nnlock::kernels {
const NumberKernel* numbers_x86_avx2() { return nullptr; }
}  // namespace nnlock::kernels

#endif
