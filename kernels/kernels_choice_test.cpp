// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Which kernel is chosen, and that the chosen one is the one that runs. This program compiles the kernels itself, with
// NNLOCK_KERNELS_TRACE, so that every call of a kernel reports its name here.
#include <gtest/gtest.h>

#include <cstdio>
#include <set>
#include <string>

#include "kernels/kernels_choice_testing.hpp"

namespace nnlock::kernels {

void trace_call(const char* kernel_name) { ++choice::calls[kernel_name]; }

namespace {

using namespace choice;

struct Row {
  const char* cpu;
  Features features;
  const char* aes;
  const char* chacha;
};

#if defined(__x86_64__)
constexpr Row rows[] = {
    {"no features", feature::none, "aes_ctr_portable", "chacha20_portable"},
    {"before AES-NI", old_x86, "aes_ctr_portable", "chacha20_portable"},
    {"AES-NI without SSSE3", feature::aesni, "aes_ctr_portable", "chacha20_portable"},
    {"Westmere", westmere, "aes_ctr_x86_aesni", "chacha20_portable"},
    {"AVX2, AES-NI fused off", feature::ssse3 | feature::avx2, "aes_ctr_portable", "chacha20_portable"},
    {"Haswell", haswell, "aes_ctr_x86_aesni", "chacha20_x86_avx2"},
    {"Skylake-X: AVX-512, no VAES", skylake_x, "aes_ctr_x86_aesni", "chacha20_x86_avx2"},
    {"Zen 3", zen3, "aes_ctr_x86_vaes256", "chacha20_x86_avx2"},
    {"Alder Lake", alder_lake, "aes_ctr_x86_vaes256", "chacha20_x86_avx2"},
    {"Zen 3, AVX not enabled by the OS", westmere, "aes_ctr_x86_aesni", "chacha20_portable"},
    {"Ice Lake, ZMM not enabled by the OS", alder_lake, "aes_ctr_x86_vaes256", "chacha20_x86_avx2"},
    {"Ice Lake", ice_lake, "aes_ctr_x86_vaes512", "chacha20_x86_avx2"},
    {"Ice Lake, GFNI hidden", ice_lake.without(feature::gfni), "aes_ctr_x86_vaes256", "chacha20_x86_avx2"},
    {"Ice Lake, AVX-512BW hidden", ice_lake.without(feature::avx512bw), "aes_ctr_x86_vaes256", "chacha20_x86_avx2"},
    {"Ice Lake, AVX-512VL hidden", ice_lake.without(feature::avx512vl), "aes_ctr_x86_vaes256", "chacha20_x86_avx2"},
    {"Ice Lake, VAES hidden", ice_lake.without(feature::vaes), "aes_ctr_x86_aesni", "chacha20_x86_avx2"},
    {"everything", feature::all, "aes_ctr_x86_vaes512", "chacha20_x86_avx2"},
};
constexpr const char* expected_names[] = {"aes_ctr_x86_vaes512", "aes_ctr_x86_vaes256", "aes_ctr_x86_aesni",
                                          "aes_ctr_portable",    "chacha20_x86_avx2",   "chacha20_portable"};
#else
constexpr Row rows[] = {
    {"any", feature::none, "aes_ctr_portable", "chacha20_portable"},
};
constexpr const char* expected_names[] = {"aes_ctr_portable", "chacha20_portable"};
#endif

TEST(Choice, TableOfCpus) {
  for (const Row& row : rows) {
    EXPECT_STREQ(pick_for(Suite::aes256, row.features)->name, row.aes) << row.cpu;
    EXPECT_STREQ(pick_for(Suite::chacha20, row.features)->name, row.chacha) << row.cpu;
  }
}

// No subset of features ever picks a kernel that needs more, or leaves a suite without one.
TEST(Choice, EveryFeatureSet) {
  for (std::uint32_t bits = 0; bits <= feature::all.bits; ++bits) {
    for (Suite suite : suites) {
      const Kernel* const kernel = pick_for(suite, Features{bits});
      ASSERT_TRUE(Features{bits}.has(kernel->needs)) << feature_names(Features{bits});
      ASSERT_EQ(kernel->suite, suite);
    }
  }
}

// What is compiled in, in order of preference: a kernel that falls out of the build is a failure, not a slow day.
TEST(Choice, CompiledKernels) {
  std::size_t i = 0;
  for (Suite suite : suites) {
    for (const Kernel* kernel : compiled(suite)) {
      ASSERT_LT(i, std::size(expected_names));
      EXPECT_STREQ(kernel->name, expected_names[i++]);
      EXPECT_EQ(kernel->suite, suite);
      EXPECT_EQ(find(suite, kernel->name), kernel);
    }
    EXPECT_EQ(compiled(suite).back()->needs, feature::none) << "the last one must run everywhere";
    EXPECT_EQ(find(suite, "aes_ctr"), nullptr);
    EXPECT_EQ(find(suite, ""), nullptr);
  }
  EXPECT_EQ(i, std::size(expected_names));
  EXPECT_EQ(find(Suite::chacha20, "aes_ctr_portable"), nullptr);
}

// Each table points at its own code: no two kernels share a function, and each reports its own name when run.
TEST(Choice, TablesPointAtTheirOwnCode) {
  std::set<const void*> functions;
  std::size_t count = 0;
  for (Suite suite : suites) {
    for (const Kernel* kernel : compiled(suite)) {
      functions.insert(reinterpret_cast<const void*>(kernel->lock));
      functions.insert(reinterpret_cast<const void*>(kernel->unlock));
      functions.insert(reinterpret_cast<const void*>(kernel->stream));
      functions.insert(reinterpret_cast<const void*>(kernel->expand));
      count += 4;
      if (!runnable(*kernel)) {
        std::printf("not run here: %s (needs %s)\n", kernel->name, feature_names(kernel->needs).c_str());
        continue;
      }
      const Calls ran = run_all(*kernel);
      EXPECT_EQ(ran, (Calls{{kernel->name, 3}}));
    }
  }
  EXPECT_EQ(functions.size(), count);
}

TEST(Choice, BestWithoutTheVariable) {
  for (const char* unset : {static_cast<const char*>(nullptr), ""}) {
    const Forced forced(unset);
    for (Suite suite : suites) {
      const Choice choice = choose(suite);
      EXPECT_EQ(choice.outcome, Outcome::best);
      EXPECT_EQ(choice.kernel, pick_for(suite, cpu_features()));
      EXPECT_EQ(choice.kernel, pick(suite));
      EXPECT_TRUE(choice.ok());
    }
  }
}

// Every kernel by name: the runnable ones run, and only they; the others are refused and the best one stands in.
TEST(Choice, ForcedByName) {
  unsigned ran = 0;
  for (Suite suite : suites) {
    for (const Kernel* kernel : compiled(suite)) {
      const Forced forced(kernel->name);
      const Choice choice = choose(suite);
      if (runnable(*kernel)) {
        EXPECT_EQ(choice.outcome, Outcome::forced);
        EXPECT_EQ(run_all(*pick(suite)), (Calls{{kernel->name, 3}}));
        ++ran;
      } else {
        EXPECT_EQ(choice.outcome, Outcome::not_runnable);
        EXPECT_FALSE(choice.ok());
        EXPECT_EQ(choice.kernel, pick_for(suite, cpu_features()));
      }
      const Suite other = suite == Suite::aes256 ? Suite::chacha20 : Suite::aes256;
      EXPECT_EQ(choose(other).outcome, Outcome::best) << "a name of one suite leaves the other alone";
    }
  }
  EXPECT_GE(ran, 2U);
}

TEST(Choice, UnknownName) {
  for (const char* name : {"no_such_kernel", "aes_ctr_portable ", "AES_CTR_PORTABLE", "aes_ctr"}) {
    const Forced forced(name);
    for (Suite suite : suites) {
      EXPECT_EQ(choose(suite).outcome, Outcome::unknown_name) << name;
      EXPECT_FALSE(choose(suite).ok());
      EXPECT_EQ(pick(suite), pick_for(suite, cpu_features()));
    }
  }
}

TEST(Choice, NotRunnableIsPureToo) {
  const Choice choice = choose_for(Suite::aes256, feature::none, "aes_ctr_portable");
  EXPECT_EQ(choice.outcome, Outcome::forced);
#if defined(__x86_64__)
  const Choice refused = choose_for(Suite::aes256, westmere, "aes_ctr_x86_vaes512");
  EXPECT_EQ(refused.outcome, Outcome::not_runnable);
  EXPECT_STREQ(refused.kernel->name, "aes_ctr_x86_aesni");
#endif
}

// The mask hides features from everything that asks, and can invent none.
TEST(Choice, MaskedFeatures) {
  const Forced forced(nullptr);
  const Features real = cpu_features();
  mask_features(feature::none);
  EXPECT_EQ(cpu_features(), feature::none);
  EXPECT_STREQ(pick(Suite::aes256)->name, "aes_ctr_portable");
  EXPECT_STREQ(pick(Suite::chacha20)->name, "chacha20_portable");
  mask_features(feature::all);
  EXPECT_EQ(cpu_features(), real);
}

// Printed first in every log, so that a run says what it could and could not cover.
TEST(Cpu, Features) {
  std::printf("this CPU: %s\n", feature_names(cpu_features()).c_str());
  EXPECT_EQ(feature_names(feature::none), "none");
  EXPECT_EQ(feature_names(feature::vaes | feature::aesni), "aesni vaes");
  EXPECT_FALSE(cpu_features().has(feature::avx512f) && !cpu_features().has(feature::avx2));
}

}  // namespace
}  // namespace nnlock::kernels
