// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>

#include "lab/cryptanalysis/known_schedule/kernel.hpp"
#include "lab/schemes/aes_schedule.hpp"
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace nnlock::lab::search_detail {
namespace {

constexpr std::size_t kFromX2 = 6;  // the first step that x2 decides

std::uint8_t plus(std::uint8_t a, std::uint8_t b) { return static_cast<std::uint8_t>(std::min(255, a + b)); }

}  // namespace

unsigned portable(const Tables& tables, const Node& node, std::uint8_t* alive) {
  const SBox& s = aes_sbox();
  unsigned count = 0;
  for (unsigned i = 0; i < 256 && plus(node.penalty, tables.x2_penalty[i]) <= tables.limit[2]; ++i) {
    std::uint8_t penalty = plus(node.penalty, tables.x2_penalty[i]);
    std::array<std::uint8_t, 4> old = {tables.x2[i], node.x3, node.x4, node.x5};  // x(t-4) .. x(t-1)
    std::size_t limit_of = 2;
    for (std::size_t step = kFromX2; step < kFirstSteps && penalty <= tables.limit[limit_of]; limit_of = step++) {
      const auto x = static_cast<std::uint8_t>(old[0] ^ s[old[3]] ^ tables.steps[step].constant);
      penalty = plus(penalty, tables.by_x[step][x]);
      old = {old[1], old[2], old[3], x};
    }
    if (penalty <= tables.limit[limit_of]) alive[count++] = tables.x2[i];
  }
  return count;
}

#if defined(__x86_64__)

#define NNLOCK_AVX2_AES __attribute__((target("avx2,aes")))
#define NNLOCK_AVX512_GFNI __attribute__((target("avx512f,avx512bw,avx512vbmi,gfni")))

namespace {

// The S-box of 16 bytes in each half: the last round of AES with a zero key, its ShiftRows undone beforehand.
NNLOCK_AVX2_AES inline __m256i sbox_avx2(__m256i x) {
  const __m128i unshift = _mm_setr_epi8(0, 13, 10, 7, 4, 1, 14, 11, 8, 5, 2, 15, 12, 9, 6, 3);
  const __m128i low = _mm_aesenclast_si128(_mm_shuffle_epi8(_mm256_castsi256_si128(x), unshift), _mm_setzero_si128());
  const __m128i high = _mm_aesenclast_si128(_mm_shuffle_epi8(_mm256_extracti128_si256(x, 1), unshift), _mm_setzero_si128());
  return _mm256_set_m128i(high, low);
}

// At least nothing too much: the least penalty of the weights that share the upper nibble.
NNLOCK_AVX2_AES inline __m256i least_penalty(const Tables& tables, std::size_t step, __m256i x) {
  const __m256i weight = _mm256_xor_si256(x, _mm256_set1_epi8(static_cast<char>(tables.steps[step].masked)));
  const __m256i nibble = _mm256_and_si256(_mm256_srli_epi16(weight, 4), _mm256_set1_epi8(15));
  return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(tables.by_nibble[step].data()))), nibble);
}

NNLOCK_AVX512_GFNI inline __m512i sbox_avx512(__m512i x) {
  return _mm512_gf2p8affineinv_epi64_epi8(x, _mm512_set1_epi64(static_cast<long long>(0xf1e3c78f1f3e7cf8u)), 0x63);
}

NNLOCK_AVX512_GFNI inline __m512i exact_penalty(const Tables& tables, std::size_t step, __m512i x) {
  const std::uint8_t* table = tables.by_x[step].data();
  const __m512i low = _mm512_permutex2var_epi8(_mm512_load_si512(table), x, _mm512_load_si512(table + 64));
  const __m512i high = _mm512_permutex2var_epi8(_mm512_load_si512(table + 128), x, _mm512_load_si512(table + 192));
  return _mm512_mask_blend_epi8(_mm512_movepi8_mask(x), low, high);
}

}  // namespace

bool has_avx2_aes() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("aes"); }
bool has_avx512_gfni() { return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("gfni"); }

NNLOCK_AVX2_AES unsigned avx2_aes(const Tables& tables, const Node& node, std::uint8_t* alive) {
  unsigned count = 0;
  for (unsigned first = 0; first < 256 && plus(node.penalty, tables.x2_penalty[first]) <= tables.limit[2]; first += 32) {
    const __m256i x2 = _mm256_load_si256(reinterpret_cast<const __m256i*>(tables.x2.data() + first));
    __m256i penalty = _mm256_adds_epu8(_mm256_set1_epi8(static_cast<char>(node.penalty)),
                                       _mm256_load_si256(reinterpret_cast<const __m256i*>(tables.x2_penalty.data() + first)));
    __m256i old[4] = {x2, _mm256_set1_epi8(static_cast<char>(node.x3)), _mm256_set1_epi8(static_cast<char>(node.x4)), _mm256_set1_epi8(static_cast<char>(node.x5))};
    std::uint32_t mask = ~0u;
    for (std::size_t step = kFromX2; step < kFirstSteps && mask != 0; ++step) {
      const __m256i x = _mm256_xor_si256(_mm256_xor_si256(old[0], sbox_avx2(old[3])), _mm256_set1_epi8(static_cast<char>(tables.steps[step].constant)));
      penalty = _mm256_adds_epu8(penalty, least_penalty(tables, step, x));
      const __m256i over = _mm256_subs_epu8(penalty, _mm256_set1_epi8(static_cast<char>(tables.limit[step])));
      mask = static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(over, _mm256_setzero_si256())));
      old[0] = old[1], old[1] = old[2], old[2] = old[3], old[3] = x;
    }
    for (; mask != 0; mask &= mask - 1) alive[count++] = tables.x2[first + static_cast<unsigned>(__builtin_ctz(mask))];
  }
  return count;
}

NNLOCK_AVX512_GFNI unsigned avx512_gfni(const Tables& tables, const Node& node, std::uint8_t* alive) {
  unsigned count = 0;
  for (unsigned first = 0; first < 256 && plus(node.penalty, tables.x2_penalty[first]) <= tables.limit[2]; first += 64) {
    const __m512i x2 = _mm512_load_si512(tables.x2.data() + first);
    __m512i penalty = _mm512_adds_epu8(_mm512_set1_epi8(static_cast<char>(node.penalty)), _mm512_load_si512(tables.x2_penalty.data() + first));
    __m512i old[4] = {x2, _mm512_set1_epi8(static_cast<char>(node.x3)), _mm512_set1_epi8(static_cast<char>(node.x4)), _mm512_set1_epi8(static_cast<char>(node.x5))};
    std::uint64_t mask = ~0ull;
    for (std::size_t step = kFromX2; step < kFirstSteps && mask != 0; ++step) {
      const __m512i x = _mm512_xor_si512(_mm512_xor_si512(old[0], sbox_avx512(old[3])), _mm512_set1_epi8(static_cast<char>(tables.steps[step].constant)));
      penalty = _mm512_adds_epu8(penalty, exact_penalty(tables, step, x));
      mask = _mm512_cmple_epu8_mask(penalty, _mm512_set1_epi8(static_cast<char>(tables.limit[step])));
      old[0] = old[1], old[1] = old[2], old[2] = old[3], old[3] = x;
    }
    for (; mask != 0; mask &= mask - 1) alive[count++] = tables.x2[first + static_cast<unsigned>(__builtin_ctzll(mask))];
  }
  return count;
}

#else

bool has_avx2_aes() { return false; }
bool has_avx512_gfni() { return false; }
unsigned avx2_aes(const Tables& tables, const Node& node, std::uint8_t* alive) { return portable(tables, node, alive); }
unsigned avx512_gfni(const Tables& tables, const Node& node, std::uint8_t* alive) { return portable(tables, node, alive); }

#endif

}  // namespace nnlock::lab::search_detail
