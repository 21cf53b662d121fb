// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// VAES and GFNI on 512-bit vectors: Intel Ice Lake and later servers, AMD Zen 4 and later.
//
// GF2P8AFFINEINVQB inverts in GF(2^8) modulo 0x11b, the field of AES, then applies an affine map: the whole S-box in one
// instruction, with no byte moved (Intel SDM vol. 2, GF2P8AFFINEINVQB).
#include "kernels/registry.hpp"

#if defined(__x86_64__) && defined(__AES__) && defined(__VAES__) && defined(__GFNI__) && defined(__AVX512F__) && \
    defined(__AVX512BW__) && defined(__AVX512VL__)

#include "kernels/aes_ctr_x86.hpp"

namespace nnlock::kernels {
namespace vaes512 {

// A bit matrix as the instruction wants it: output bit i is the parity of x AND byte 7 - i of the matrix. Here output
// bit i is the sum of the input bits i + t, modulo 8, for all t whose bit is set in `taps`.
constexpr std::uint64_t circulant(unsigned taps) {
  std::uint64_t matrix = 0;
  for (unsigned i = 0; i < 8; ++i) {
    const unsigned row = ((taps << i) | (taps >> (8 - i))) & 0xff;
    matrix |= static_cast<std::uint64_t>(row) << (8 * (7 - i));
  }
  return matrix;
}

constexpr std::uint64_t identity = circulant(0x01);
constexpr std::uint64_t affine = circulant(0xf1);          // bits i, i+4, i+5, i+6, i+7: FIPS 197, 5.1.1
constexpr std::uint64_t affine_inverse = circulant(0xa4);  // bits i+2, i+5, i+7
static_assert(identity == 0x0102040810204080 && affine == 0xf1e3c78f1f3e7cf8);

struct Block {
  using Vec = __m512i;
  static constexpr const char* name = "aes_ctr_x86_vaes512";
  static constexpr std::size_t in_flight = 8;

  [[gnu::always_inline]] static inline Vec load(const std::uint8_t* p) { return _mm512_loadu_si512(p); }
  [[gnu::always_inline]] static inline void store(std::uint8_t* p, Vec x) { _mm512_storeu_si512(p, x); }
  // With an all-ones mask, which costs nothing: g++ 12 warns about the plain form (GCC bug 105593).
  [[gnu::always_inline]] static inline Vec broadcast(__m128i x) { return _mm512_maskz_broadcast_i32x4(0xffff, x); }
  [[gnu::always_inline]] static inline Vec key(const std::uint8_t* p) {
    return broadcast(_mm_load_si128(static_cast<const __m128i*>(static_cast<const void*>(p))));
  }
  [[gnu::always_inline]] static inline Vec exclusive_or(Vec a, Vec b) { return _mm512_xor_si512(a, b); }
  [[gnu::always_inline]] static inline Vec counter(std::uint64_t i) {
    return broadcast(_mm_set_epi64x(static_cast<long long>(__builtin_bswap64(i)), 0));
  }
  template <std::size_t j>
  [[gnu::always_inline]] static inline Vec step() {
    return _mm512_set_epi64(static_cast<long long>((4 * j + 3) << 56), 0, static_cast<long long>((4 * j + 2) << 56), 0,
                            static_cast<long long>((4 * j + 1) << 56), 0, static_cast<long long>((4 * j) << 56), 0);
  }
  [[gnu::always_inline]] static inline Vec encrypt(Vec x, Vec k) { return _mm512_aesenc_epi128(x, k); }
  [[gnu::always_inline]] static inline Vec encrypt_last(Vec x, Vec k) { return _mm512_aesenclast_epi128(x, k); }

  [[gnu::always_inline]] static inline Vec substitute(Vec x) {
    return _mm512_gf2p8affineinv_epi64_epi8(x, _mm512_set1_epi64(static_cast<long long>(affine)), 0x63);
  }
  // S^-1(x) = 1/(A^-1(x XOR 0x63)), and A^-1(0x63) = 0x05. The inversion alone is an affine map by the identity.
  [[gnu::always_inline]] static inline Vec substitute_inverse(Vec x, Vec y) {
    const Vec inner = _mm512_gf2p8affine_epi64_epi8(x, _mm512_set1_epi64(static_cast<long long>(affine_inverse)), 0x05);
    const Vec outer = _mm512_gf2p8affineinv_epi64_epi8(inner, _mm512_set1_epi64(static_cast<long long>(identity)), 0);
    return exclusive_or(outer, y);
  }
};

using Group = AesCtrGroup<Block>;
using Bytes = Transform<Group>;

constexpr Kernel table{Block::name,
                       Suite::aes256,
                       feature::ssse3 | feature::aesni | feature::avx2 | feature::vaes | feature::gfni |
                           feature::avx512f | feature::avx512bw | feature::avx512vl,
                       Group::expand,
                       Bytes::lock,
                       Bytes::unlock,
                       Bytes::stream};

}  // namespace vaes512

const Kernel* aes_ctr_x86_vaes512() { return &vaes512::table; }

}  // namespace nnlock::kernels

#else

namespace nnlock::kernels {
const Kernel* aes_ctr_x86_vaes512() { return nullptr; }
}  // namespace nnlock::kernels

#endif
