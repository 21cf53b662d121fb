// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Which number kernel is chosen, lists of names in NNLOCK_KERNEL, and that what is chosen runs. Part of
// kernels_choice_test, which counts the calls of every kernel.
#include <gtest/gtest.h>

#include <cstdio>
#include <set>

#include "kernels/kernels_choice_testing.hpp"

namespace nnlock::kernels {
namespace {

using namespace choice;

struct Row {
  const char* cpu;
  Features features;
  const char* numbers;
};

#if defined(__x86_64__)
constexpr Row rows[] = {
    {"no features", feature::none, "numbers_portable"},
    {"Westmere", westmere, "numbers_portable"},
    {"AVX2, AES-NI fused off", feature::ssse3 | feature::avx2, "numbers_portable"},
    {"Haswell", haswell, "numbers_x86_avx2"},
    {"Zen 3", zen3, "numbers_x86_avx2"},
    {"Alder Lake", alder_lake, "numbers_x86_avx2"},
    {"Skylake-X: AVX-512, no GFNI", skylake_x, "numbers_x86_avx2"},
    {"Ice Lake", ice_lake, "numbers_x86_avx512"},
    {"Ice Lake, AVX-512BW hidden", ice_lake.without(feature::avx512bw), "numbers_x86_avx2"},
    {"Ice Lake, ZMM not enabled by the OS", alder_lake, "numbers_x86_avx2"},
    {"everything", feature::all, "numbers_x86_avx512"},
};
constexpr const char* expected_names[] = {"numbers_x86_avx512", "numbers_x86_avx2", "numbers_portable"};
#else
constexpr Row rows[] = {{"any", feature::none, "numbers_portable"}};
constexpr const char* expected_names[] = {"numbers_portable"};
#endif

TEST(NumberChoice, TableOfCpus) {
  for (const Row& row : rows) EXPECT_STREQ(choose_numbers_for(row.features, "").kernel->name, row.numbers) << row.cpu;
}

TEST(NumberChoice, EveryFeatureSet) {
  for (std::uint32_t bits = 0; bits <= feature::all.bits; ++bits) {
    const NumberChoice choice = choose_numbers_for(Features{bits}, "");
    ASSERT_EQ(choice.outcome, Outcome::best);
    ASSERT_TRUE(Features{bits}.has(choice.kernel->needs)) << feature_names(Features{bits});
  }
}

TEST(NumberChoice, CompiledKernels) {
  ASSERT_EQ(compiled_numbers().size(), std::size(expected_names));
  for (std::size_t i = 0; i < std::size(expected_names); ++i) {
    EXPECT_STREQ(compiled_numbers()[i]->name, expected_names[i]);
    EXPECT_EQ(find_numbers(expected_names[i]), compiled_numbers()[i]);
  }
  EXPECT_EQ(compiled_numbers().back()->needs, feature::none) << "the last one must run everywhere";
  for (const char* name : {"", "numbers", "aes_ctr_portable"}) EXPECT_EQ(find_numbers(name), nullptr) << name;
}

// All operations of a number kernel, by the functions that others call.
Calls run_numbers(const NumberKernel& numbers) {
  const Kernel& kernel = *compiled(Suite::aes256).back();
  KeyState enc, aux;
  std::uint8_t bytes[720] = {};
  kernel.expand(bytes, enc);
  kernel.expand(bytes, aux);
  const Streams streams{kernel, numbers, enc, aux};
  const Field fields[] = {{0, {Float::f16, 1, 9, true, false}}};
  const Block block{18, fields};
  calls.clear();
  EXPECT_TRUE(lock_finite(streams, {Float::f32, 1, 9, true, false}, 0, bytes, bytes, sizeof bytes));
  EXPECT_TRUE(unlock_finite(streams, {Float::f32, 1, 9, true, false}, 0, bytes, bytes, sizeof bytes));
  EXPECT_TRUE(lock_range(streams, {4, 31, true}, 0, bytes, bytes, sizeof bytes));
  EXPECT_TRUE(unlock_range(streams, {4, 31, true}, 0, bytes, bytes, sizeof bytes));
  EXPECT_TRUE(lock_block(streams, block, 0, bytes, bytes, sizeof bytes));
  EXPECT_TRUE(unlock_block(streams, block, 0, bytes, bytes, sizeof bytes));
  EXPECT_TRUE(holds(numbers, block, bytes, sizeof bytes));
  EXPECT_TRUE(holds(numbers, Range{8, 64, false}, bytes, sizeof bytes));
  Calls ran = calls;
  ran.erase(kernel.name);
  return ran;
}

TEST(NumberChoice, TablesPointAtTheirOwnCode) {
  std::set<const void*> functions;
  for (const NumberKernel* numbers : compiled_numbers()) {
    functions.insert(reinterpret_cast<const void*>(numbers->lock_finite));
    functions.insert(reinterpret_cast<const void*>(numbers->unlock_finite));
    functions.insert(reinterpret_cast<const void*>(numbers->lock_range));
    functions.insert(reinterpret_cast<const void*>(numbers->unlock_range));
    functions.insert(reinterpret_cast<const void*>(numbers->scan_floats));
    functions.insert(reinterpret_cast<const void*>(numbers->scan_integers));
  }
  EXPECT_EQ(functions.size(), 6 * compiled_numbers().size());
}

TEST(NumberChoice, ForcedByName) {
  unsigned ran = 0;
  for (const NumberKernel* numbers : compiled_numbers()) {
    const Forced forced(numbers->name);
    const NumberChoice choice = choose_numbers();
    for (Suite suite : suites) EXPECT_EQ(choose(suite).outcome, Outcome::best) << "leaves the suites alone";
    if (runnable(*numbers)) {
      EXPECT_EQ(choice.outcome, Outcome::forced);
      EXPECT_EQ(run_numbers(*choice.kernel), (Calls{{numbers->name, 8}}));
      ++ran;
    } else {
      std::printf("not run here: %s (needs %s)\n", numbers->name, feature_names(numbers->needs).c_str());
      EXPECT_EQ(choice.outcome, Outcome::not_runnable);
      EXPECT_FALSE(choice.ok());
      EXPECT_EQ(choice.kernel, choose_numbers_for(cpu_features(), "").kernel);
    }
  }
  EXPECT_GE(ran, 1U);
}

TEST(NumberChoice, NamesOfOthers) {
  for (Suite suite : suites) {
    for (const Kernel* kernel : compiled(suite)) {
      const NumberChoice choice = choose_numbers_for(feature::none, kernel->name);
      EXPECT_EQ(choice.outcome, Outcome::best) << kernel->name;
      EXPECT_STREQ(choice.kernel->name, "numbers_portable");
    }
  }
  for (const char* name : {"no_such_kernel", "numbers", "numbers_portable ", "NUMBERS_PORTABLE"}) {
    EXPECT_EQ(choose_numbers_for(feature::none, name).outcome, Outcome::unknown_name) << name;
  }
}

struct ListRow {
  const char* names;
  Outcome aes, chacha, numbers;
};

// Each chooser takes the name of its kind; one wrong name makes all of them refuse.
TEST(NumberChoice, Lists) {
  constexpr Outcome best = Outcome::best, forced = Outcome::forced, unknown = Outcome::unknown_name;
  const ListRow lists[] = {
      {"aes_ctr_portable,numbers_portable", forced, best, forced},
      {"numbers_portable,aes_ctr_portable", forced, best, forced},
      {"numbers_portable,chacha20_portable", best, forced, forced},
      {"aes_ctr_portable,chacha20_portable,numbers_portable", forced, forced, forced},
      {"aes_ctr_portable,no_such_kernel", unknown, unknown, unknown},
      {"no_such_kernel,numbers_portable", unknown, unknown, unknown},
      {"aes_ctr_portable, numbers_portable", unknown, unknown, unknown},
      {"aes_ctr_portable,", unknown, unknown, unknown},
      {",aes_ctr_portable", unknown, unknown, unknown},
      {"aes_ctr_portable,,numbers_portable", unknown, unknown, unknown},
      {",", unknown, unknown, unknown},
      {"aes_ctr_portable,aes_ctr_portable", unknown, best, best},
      {"numbers_portable,numbers_portable", best, best, unknown},
  };
  for (const ListRow& list : lists) {
    EXPECT_EQ(choose_for(Suite::aes256, feature::none, list.names).outcome, list.aes) << list.names;
    EXPECT_EQ(choose_for(Suite::chacha20, feature::none, list.names).outcome, list.chacha) << list.names;
    EXPECT_EQ(choose_numbers_for(feature::none, list.names).outcome, list.numbers) << list.names;
  }
#if defined(__x86_64__)
  const char* const names = "aes_ctr_x86_vaes512,numbers_x86_avx2";
  EXPECT_EQ(choose_for(Suite::aes256, haswell, names).outcome, Outcome::not_runnable);
  EXPECT_STREQ(choose_for(Suite::aes256, haswell, names).kernel->name, "aes_ctr_x86_aesni");
  EXPECT_EQ(choose_numbers_for(haswell, names).outcome, forced);
  EXPECT_STREQ(choose_numbers_for(haswell, names).kernel->name, "numbers_x86_avx2");
#endif
}

// The outcome of the kind that `name` belongs to, and what ran when the chosen kernel of that kind was called.
struct Named {
  bool found = false, can_run = false;
  Outcome outcome = Outcome::unknown_name;
  Features needs;
  Calls ran;
};

Named by_name(const std::string& name) {
  for (Suite suite : suites) {
    const Kernel* const kernel = find(suite, name);
    if (kernel != nullptr) return {true, runnable(*kernel), choose(suite).outcome, kernel->needs, run_all(*pick(suite))};
  }
  const NumberKernel* const numbers = find_numbers(name);
  if (numbers == nullptr) return {};
  return {true, runnable(*numbers), choose_numbers().outcome, numbers->needs, run_numbers(*choose_numbers().kernel)};
}

// Run once for each kernel by ctest, and for lists, with NNLOCK_KERNEL set from outside: the way a user forces kernels.
TEST(Environment, NamedKernelsRun) {
  const char* const names = std::getenv(variable);
  if (names == nullptr) GTEST_SKIP() << variable << " is not set (ctest runs this once for each kernel)";
  std::string rest = names;
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string name = rest.substr(0, comma);
    rest.erase(0, comma + 1);
    const Named named = by_name(name);
#if defined(__x86_64__)
    ASSERT_TRUE(named.found) << name << " is not compiled in";
#else
    if (!named.found) GTEST_SKIP() << name << " is not compiled in on this architecture";
#endif
    if (!named.can_run) {
      EXPECT_EQ(named.outcome, Outcome::not_runnable);
      GTEST_SKIP() << name << " cannot run here: this CPU lacks " << feature_names(named.needs.without(cpu_features()));
    }
    EXPECT_EQ(named.outcome, Outcome::forced) << name;
    EXPECT_EQ(named.ran.size(), 1U) << name;
    EXPECT_EQ(named.ran.count(name), 1U) << name;
  }
}

}  // namespace
}  // namespace nnlock::kernels
