// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include "lab/cryptanalysis/analysis.hpp"
#include "lab/failure.hpp"
#include "lab/report/record_set.hpp"

namespace nnlock::lab {
namespace {

Record run(const std::string& scheme, const std::string& file = "") {
  const TemporaryFolder folder;
  run_analysis({.attack = "avalanche", .scheme = scheme, .file = file, .effort = Effort::smoke, .with = {{"keys", "20"}}}, folder.path(), [](const std::string&) {});
  return RecordSet::read(folder.path()).all().at(0);
}

// The published stream begins with the key itself, and a flipped bit leaves a quarter of the bytes equal for ever.
TEST(Avalanche, IsIncompleteInThePublishedKeyStream) {
  for (const char* scheme : {"nnlock-2022-128", "nnlock-2022-256"}) {
    const Record record = run(scheme);
    const std::size_t key_blocks = record.number("target.key_bits") == 128 ? 1 : 2;
    const auto blocks = record.numbers("outcome.distances.0.standard_blocks");
    double bits = 0;
    for (std::size_t i = 0; i < key_blocks; ++i) bits += 128 * blocks[i];
    EXPECT_DOUBLE_EQ(bits, 1);
    EXPECT_NEAR(record.number("outcome.distances.0.equal_bytes.mean"), 0.225, 0.06);
    EXPECT_NEAR(record.number("outcome.distances.0.later.mean"), 0.39, 0.04);
    EXPECT_LT(record.number("outcome.distances.2.equal_bytes.mean"), 0.01);
  }
}

TEST(Avalanche, IsCompleteInOurs) {
  const Record record = run("nnlock-v1", "examples/models/fashion_int8.tflite");
  for (std::size_t i = 0; i < record.size("outcome.distances"); ++i) {
    const std::string at = "outcome.distances." + std::to_string(i);
    for (const double share : record.numbers(at + ".standard_blocks")) EXPECT_NEAR(share, 0.5, 0.06);  // 2560 bits each
    EXPECT_NEAR(record.number(at + ".later.mean"), 0.5, 0.005);
    EXPECT_NEAR(record.number(at + ".equal_bytes.mean"), 1 / 256.0, 0.002);
  }
}

TEST(Avalanche, OfALockedFileNeedsAFile) { EXPECT_THROW(run("nnlock-v1"), Failure); }

}  // namespace
}  // namespace nnlock::lab
