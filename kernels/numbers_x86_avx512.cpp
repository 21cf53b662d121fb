// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// AVX-512 and GFNI: Intel Ice Lake and later servers, AMD Zen 4 and later. Whole bytes are a mask, so that the S-box of some
// bytes is one instruction (see aes_ctr_x86_vaes512.cpp for its matrices).
//
// Of two ways the shuffle is taken, not the shift: shifts and AES share a port (Ice Lake to Sapphire Rapids).
#include "kernels/registry.hpp"

#if defined(__x86_64__) && defined(__GFNI__) && defined(__AVX512F__) && defined(__AVX512BW__)

#include "kernels/numbers_x86.hpp"

namespace nnlock::kernels {
namespace numbers_avx512 {

constexpr std::uint64_t identity = 0x0102040810204080, affine = 0xf1e3c78f1f3e7cf8, affine_inverse = 0xa44992254a942952;

struct Ops {
  using Vec = __m512i;
  using Whole = __mmask64;
  static constexpr const char* name = "numbers_x86_avx512";

  // Masks of all ones cost nothing: g++ 12 warns about some plain forms (GCC bug 105593).
  [[gnu::always_inline]] static inline Vec load(const std::uint8_t* p) { return _mm512_loadu_si512(p); }
  [[gnu::always_inline]] static inline void store(std::uint8_t* p, Vec x) { _mm512_storeu_si512(p, x); }
  [[gnu::always_inline]] static inline Vec lanes(__m128i x) { return _mm512_maskz_broadcast_i32x4(0xffff, x); }
  [[gnu::always_inline]] static inline Vec load_words(const std::uint8_t* p) {
    return _mm512_maskz_permutexvar_epi64(0xff, _mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7), load(p));
  }
  [[gnu::always_inline]] static inline Vec all16(std::uint16_t x) { return _mm512_set1_epi16(static_cast<short>(x)); }
  [[gnu::always_inline]] static inline Vec all32(std::uint32_t x) { return _mm512_set1_epi32(static_cast<int>(x)); }
  [[gnu::always_inline]] static inline Vec all64(std::uint64_t x) { return _mm512_set1_epi64(static_cast<long long>(x)); }

  [[gnu::always_inline]] static inline Vec bits_and(Vec x, Vec y) { return _mm512_and_si512(x, y); }
  [[gnu::always_inline]] static inline Vec bits_or(Vec x, Vec y) { return _mm512_or_si512(x, y); }
  [[gnu::always_inline]] static inline Vec bits_xor(Vec x, Vec y) { return _mm512_xor_si512(x, y); }
  [[gnu::always_inline]] static inline Vec mix(Vec x, Vec k, Vec free) { return _mm512_ternarylogic_epi64(x, k, free, 0x78); }

  [[gnu::always_inline]] static inline Vec add16(Vec x, Vec y) { return _mm512_add_epi16(x, y); }
  [[gnu::always_inline]] static inline Vec sub16(Vec x, Vec y) { return _mm512_sub_epi16(x, y); }
  [[gnu::always_inline]] static inline Vec drop16(Vec x, Vec y) { return _mm512_subs_epu16(x, y); }
  [[gnu::always_inline]] static inline Vec min16(Vec x, Vec y) { return _mm512_min_epu16(x, y); }
  [[gnu::always_inline]] static inline Vec max16(Vec x, Vec y) { return _mm512_max_epu16(x, y); }
  [[gnu::always_inline]] static inline bool at_most(Vec x, Vec y) { return _mm512_cmpgt_epu16_mask(x, y) == 0; }
  [[gnu::always_inline]] static inline Vec add_unless_zero16(Vec x, Vec y) {
    return _mm512_maskz_add_epi16(_mm512_test_epi16_mask(x, x), x, y);
  }

  [[gnu::always_inline]] static inline Vec add64(Vec x, Vec y) { return _mm512_add_epi64(x, y); }
  [[gnu::always_inline]] static inline Vec multiply(Vec x, Vec y) { return _mm512_maskz_mul_epu32(0xff, x, y); }
  [[gnu::always_inline]] static inline Vec upper(Vec x) { return _mm512_maskz_shuffle_epi32(0xffff, x, _MM_PERM_DDBB); }
  [[gnu::always_inline]] static inline Vec carry(Vec x) { return _mm512_maskz_shuffle_epi32(0x5555, x, _MM_PERM_DDBB); }
  [[gnu::always_inline]] static inline Vec odd(Vec x, Vec y) {
    return _mm512_castps_si512(_mm512_shuffle_ps(_mm512_castsi512_ps(x), _mm512_castsi512_ps(y), 0x77));
  }
  [[gnu::always_inline]] static inline Vec by_word(Vec x) {
    const __m128i order = _mm_setr_epi8(4, 5, 4, 5, 12, 13, 12, 13, 0, 1, 0, 1, 8, 9, 8, 9);
    return _mm512_shuffle_epi8(x, lanes(order));
  }
  [[gnu::always_inline]] static inline Vec high16(Vec x, Vec y) { return _mm512_mulhi_epu16(x, y); }
  [[gnu::always_inline]] static inline Vec low16(Vec x, Vec y) { return _mm512_mullo_epi16(x, y); }
  [[gnu::always_inline]] static inline Vec add32(Vec x, Vec y) { return _mm512_add_epi32(x, y); }
  [[gnu::always_inline]] static inline Vec min32(Vec x, Vec y) { return _mm512_maskz_min_epu32(0xffff, x, y); }
  template <unsigned n>
  [[gnu::always_inline]] static inline Vec left32(Vec x) { return _mm512_maskz_slli_epi32(0xffff, x, n); }

  template <std::size_t width>
  [[gnu::always_inline]] static inline Vec heads(Vec x, Vec y) {
    if constexpr (width == 8) return _mm512_mask_shuffle_epi32(x, 0x5555, y, _MM_PERM_DDBB);
    const Vec order = lanes(_mm_setr_epi8(2, 3, 6, 7, 10, 11, 14, 15, 2, 3, 6, 7, 10, 11, 14, 15));
    return _mm512_mask_shuffle_epi8(_mm512_shuffle_epi8(x, order), 0xff00ff00ff00ff00, y, order);
  }
  template <Op op>
  [[gnu::always_inline]] static inline Vec chosen_bytes(Vec x, Whole whole) {
    if constexpr (op == Op::lock) return _mm512_mask_gf2p8affineinv_epi64_epi8(x, whole, x, all64(affine), 0x63);
    const Vec inner = _mm512_gf2p8affine_epi64_epi8(x, all64(affine_inverse), 0x05);
    return _mm512_mask_gf2p8affineinv_epi64_epi8(x, whole, inner, all64(identity), 0);
  }
  template <std::size_t width>
  [[gnu::always_inline]] static inline Whole whole_bytes(unsigned count) {
    return (~std::uint64_t{0} / ((std::uint64_t{1} << width) - 1)) * ((std::uint64_t{1} << count) - 1);
  }
  template <Op op, std::size_t width, std::size_t count, std::size_t vectors>
  [[gnu::always_inline]] static inline void finish(Vec (&x)[vectors], Vec, Vec exponent, Vec, Vec moved) {
    Vec places[] = {moved, moved};
    if constexpr (width == 4) places[0] = _mm512_unpacklo_epi16(moved, moved);
    if constexpr (width == 4) places[1] = _mm512_unpackhi_epi16(moved, moved);
    if constexpr (width == 8) places[1] = _mm512_maskz_shuffle_epi32(0xffff, moved, _MM_PERM_CCAA);
    for (std::size_t i = 0; i < vectors; ++i) {
      if constexpr (count != 0) x[i] = chosen_bytes<op>(x[i], whole_bytes<width>(count));
      x[i] = _mm512_ternarylogic_epi64(exponent, places[i], x[i], 0xca);
    }
  }

  template <std::size_t width>
  [[gnu::always_inline]] static inline Vec sub(Vec x, Vec y) {
    if constexpr (width == 2) return _mm512_sub_epi16(x, y);
    if constexpr (width == 4) return _mm512_sub_epi32(x, y);
    if constexpr (width == 8) return _mm512_sub_epi64(x, y);
  }
  template <std::size_t width>
  [[gnu::always_inline]] static inline Vec signs(Vec x) {
    if constexpr (width == 2) return _mm512_srai_epi16(x, 15);
    if constexpr (width == 4) return _mm512_maskz_srai_epi32(0xffff, x, 31);
    if constexpr (width == 8) return _mm512_maskz_srai_epi64(0xff, x, 63);
  }
};

constexpr NumberKernel table =
    number_table<NumbersX86<Ops>>(feature::avx2 | feature::gfni | feature::avx512f | feature::avx512bw);

}  // namespace numbers_avx512

const NumberKernel* numbers_x86_avx512() { return &numbers_avx512::table; }

}  // namespace nnlock::kernels

#else

namespace nnlock::kernels {
const NumberKernel* numbers_x86_avx512() { return nullptr; }
}  // namespace nnlock::kernels

#endif
