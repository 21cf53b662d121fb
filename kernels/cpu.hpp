// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What the CPU can do and the operating system has enabled. The only place that asks.
#pragma once

#include <cstdint>
#include <string>

namespace nnlock::kernels {

// A set of CPU features. Each one means "the CPU has it AND the operating system saves its registers".
struct Features {
  std::uint32_t bits = 0;

  // True if every feature of `wanted` is in this set.
  constexpr bool has(Features wanted) const { return (bits & wanted.bits) == wanted.bits; }
  constexpr Features operator|(Features other) const { return {bits | other.bits}; }
  constexpr Features operator&(Features other) const { return {bits & other.bits}; }
  // The features of this set that are not in `other`.
  constexpr Features without(Features other) const { return {bits & ~other.bits}; }
  constexpr bool operator==(const Features&) const = default;
};

namespace feature {
inline constexpr Features none{0};
inline constexpr Features ssse3{1U << 0};     // PSHUFB
inline constexpr Features aesni{1U << 1};     // AESENC and friends on 128 bits
inline constexpr Features avx2{1U << 2};      // 256-bit integers, YMM state enabled
inline constexpr Features vaes{1U << 3};      // AESENC on wider vectors (CPUID bit only: width needs avx2 or avx512*)
inline constexpr Features gfni{1U << 4};      // GF2P8AFFINEINVQB (CPUID bit only)
inline constexpr Features avx512f{1U << 5};   // 512-bit, ZMM and mask state enabled
inline constexpr Features avx512bw{1U << 6};  // ditto
inline constexpr Features avx512vl{1U << 7};  // ditto
inline constexpr Features all{(1U << 8) - 1};
}  // namespace feature

// The features of this machine, less those hidden by mask_features(). The CPU is asked once; any thread may call.
Features cpu_features();

// For tests: hides the features that are not in `visible` from cpu_features(), process-wide, until called again.
// It can only hide, never pretend, so no override can make the registry run an instruction that the CPU lacks.
// feature::all undoes it.
void mask_features(Features visible);

// "aesni avx2 vaes", or "none". For messages and test logs.
std::string feature_names(Features features);

}  // namespace nnlock::kernels
