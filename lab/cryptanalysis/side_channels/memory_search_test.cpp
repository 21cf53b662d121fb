// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include <algorithm>

#include "lab/cryptanalysis/analysis.hpp"
#include "lab/cryptanalysis/side_channels/memory_image.hpp"
#include "lab/failure.hpp"
#include "lab/report/page.hpp"
#include "lab/report/record_set.hpp"
#include "lab/schemes/aes_schedule.hpp"

namespace nnlock::lab {
namespace {

std::vector<std::uint8_t> noise(std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  Random random(1, "noise");
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random.below(256));
  return bytes;
}

TEST(MemoryImage, FindsExpandedKeysInEitherByteOrder) {
  Random random(2, "key");
  for (const std::size_t bits : {128u, 256u})
    for (const bool swapped : {false, true}) {
      const Key key = random_key(bits, random);
      auto schedule = endless_schedule(key.bytes, bits == 128 ? 176 : 240);
      for (std::size_t i = 0; swapped && i < schedule.size(); i += 4) std::reverse(schedule.begin() + static_cast<std::ptrdiff_t>(i), schedule.begin() + static_cast<std::ptrdiff_t>(i + 4));
      auto memory = noise(4096);
      std::copy(schedule.begin(), schedule.end(), memory.begin() + 1236);
      EXPECT_EQ(MemoryImage({memory}).expanded_keys(bits), std::vector<Key>{key});
      memory[1236 + 100] ^= 1;
      EXPECT_TRUE(MemoryImage({memory}).expanded_keys(bits).empty());
    }
}

TEST(MemoryImage, CountsWhatLiesInOnePiece) {
  const MemoryImage image({{1, 2, 3, 1, 2, 3}, {1, 2}, {3, 4}});
  EXPECT_EQ(image.count(std::vector<std::uint8_t>{1, 2, 3}), 2u);
  EXPECT_EQ(image.count(std::vector<std::uint8_t>{2, 4}), 0u);
  EXPECT_EQ(image.bytes(), 10u);
}

class MemorySearchByKernel : public testing::TestWithParam<const char*> {};

TEST_P(MemorySearchByKernel, NothingIsLeftAfterClosingAndWhatIsLeftIsFound) {
  const TemporaryFolder folder;
  try {
    run_analysis({.attack = "memory-image", .scheme = "nnlock-v1", .file = "examples/models/fashion_int8.tflite", .effort = Effort::smoke, .with = {{"kernel", GetParam()}}}, folder.path(), [](const std::string&) {});
  } catch (const Failure& failure) {
    if (failure.hint().find("ptrace_scope") != std::string::npos) GTEST_SKIP() << failure.what();
    throw;
  }
  const RecordSet records = RecordSet::read(folder.path());
  const Json& steps = records.all().at(0).at("outcome.steps");
  ASSERT_EQ(steps.size(), 5u);
  const auto found = [&](std::size_t step, const char* kind) { return steps.at(step).at("found").at(kind).flag(); };
  EXPECT_TRUE(found(0, "master_key"));  // loaded
  EXPECT_FALSE(found(0, "weights"));
  EXPECT_TRUE(found(1, "expanded_subkeys"));  // unlocking
  EXPECT_TRUE(found(2, "weights"));           // unlocked
  for (const char* kind : {"master_key", "file_key", "subkeys", "expanded_subkeys", "weights", "aes_256_schedules", "aes_128_schedules"}) {
    EXPECT_FALSE(found(3, kind)) << kind << " after closing";
    EXPECT_TRUE(found(4, kind)) << kind << " not wiped";
  }
  Page page("REPORT.md", ".");
  analysis_named("memory-image")->report(records, page);
  EXPECT_NE(page.text().find("nothing of it is found in 1 of 1 run; where the same is left unwiped, all of it is found in 1."), std::string::npos) << page.text();
}
INSTANTIATE_TEST_SUITE_P(Kernels, MemorySearchByKernel, testing::Values("best", "aes_ctr_portable"));

}  // namespace
}  // namespace nnlock::lab
