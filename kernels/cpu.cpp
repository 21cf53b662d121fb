// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/cpu.hpp"

#include <atomic>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace nnlock::kernels {
namespace {

constexpr bool bit(std::uint32_t word, unsigned index) { return ((word >> index) & 1U) != 0; }

#if defined(__x86_64__)

// XCR0: which register files the operating system saves (Intel SDM vol. 1, 13.3). CPUID alone is not enough:
// a kernel booted without AVX state makes AVX instructions fault on a CPU that reports them.
std::uint32_t enabled_states() {
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0U));
  return low;
}

Features detect() {
  std::uint32_t a = 0;
  std::uint32_t b = 0;
  std::uint32_t c = 0;
  std::uint32_t d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0) return feature::none;
  Features found;
  if (bit(c, 9)) found = found | feature::ssse3;
  if (bit(c, 25)) found = found | feature::aesni;
  const bool osxsave = bit(c, 27);
  const bool avx = bit(c, 28);
  const std::uint32_t states = osxsave ? enabled_states() : 0;
  const bool ymm = avx && (states & 0x06U) == 0x06U;  // SSE and AVX state
  const bool zmm = ymm && (states & 0xe0U) == 0xe0U;  // opmask, ZMM_Hi256, Hi16_ZMM

  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return found;
  if (ymm && bit(b, 5)) found = found | feature::avx2;
  if (ymm && bit(c, 9)) found = found | feature::vaes;
  if (bit(c, 8)) found = found | feature::gfni;
  if (zmm && bit(b, 16)) found = found | feature::avx512f;
  if (zmm && bit(b, 30)) found = found | feature::avx512bw;
  if (zmm && bit(b, 31)) found = found | feature::avx512vl;
  return found;
}

#else

Features detect() { return feature::none; }

#endif

// Relaxed is enough: the mask guards no other data.
std::atomic<std::uint32_t> visible_bits{feature::all.bits};

}  // namespace

Features cpu_features() {
  static const Features detected = detect();  // initialised once, thread-safe by the language
  return detected & Features{visible_bits.load(std::memory_order_relaxed)};
}

void mask_features(Features visible) { visible_bits.store(visible.bits, std::memory_order_relaxed); }

std::string feature_names(Features features) {
  struct Name {
    Features feature;
    const char* text;
  };
  static constexpr Name names[] = {
      {feature::ssse3, "ssse3"},     {feature::aesni, "aesni"},       {feature::avx2, "avx2"},
      {feature::vaes, "vaes"},       {feature::gfni, "gfni"},         {feature::avx512f, "avx512f"},
      {feature::avx512bw, "avx512bw"}, {feature::avx512vl, "avx512vl"},
  };
  std::string text;
  for (const Name& name : names) {
    if (!features.has(name.feature)) continue;
    if (!text.empty()) text += ' ';
    text += name.text;
  }
  return text.empty() ? "none" : text;
}

}  // namespace nnlock::kernels
