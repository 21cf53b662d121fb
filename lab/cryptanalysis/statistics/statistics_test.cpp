// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "lab/cryptanalysis/analysis.hpp"
#include "lab/cryptanalysis/statistics/stream_statistics.hpp"
#include "lab/failure.hpp"
#include "lab/report/record_set.hpp"

namespace nnlock::lab {
namespace {

std::vector<std::uint8_t> random_bytes(std::size_t count, std::uint64_t seed = 1) {
  Random random(seed, "bytes");
  std::vector<std::uint8_t> bytes(count);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random.below(256));
  return bytes;
}

// Of chi-square tables.
TEST(StreamStatistics, TailsOfChiSquare) {
  EXPECT_NEAR(chi_square_tail(293.25, 255), 0.05, 0.0005);
  EXPECT_NEAR(chi_square_tail(310.46, 255), 0.01, 0.0005);
  EXPECT_NEAR(chi_square_tail(254.33, 255), 0.5, 0.001);
}

TEST(StreamStatistics, RandomBytesPass) {
  std::size_t passing = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) passing += statistics_of(random_bytes(40'000, seed)).passes();
  EXPECT_GE(passing, 19u);  // a level of 0.1 % lets one of a thousand fail, and seed 1 is such a one
  const auto statistics = statistics_of(random_bytes(400'000));
  EXPECT_GT(statistics.entropy, 7.999);
  EXPECT_EQ(statistics.serial_bits, 7u);
  EXPECT_LT(std::abs(statistics.adjacent_correlation), 0.005);
}

// Each flaw is one that one test alone is there for.
TEST(StreamStatistics, EachTestSeesItsFlaw) {
  auto counts = random_bytes(100'000), serial = counts, adjacent = counts, repeated = counts;
  for (std::size_t i = 0; i < counts.size(); i += 50) counts[i] = 7;
  EXPECT_LT(statistics_of(counts).chi_square_probability, 1e-6);
  // A pair whose bytes share no sum but a sign: no correlation of values, but of pairs.
  for (std::size_t i = 1; i < serial.size(); i += 2)
    if (i % 20 == 1) serial[i] = static_cast<std::uint8_t>(serial[i - 1] ^ (serial[i - 1] << 1));
  EXPECT_LT(statistics_of(serial).serial_probability, 1e-6);
  for (std::size_t i = 1; i < adjacent.size(); ++i)
    if (i % 8 == 0) adjacent[i] = adjacent[i - 1];
  EXPECT_LT(statistics_of(adjacent).adjacent_probability, 1e-6);
  for (std::size_t i = 500; i < repeated.size(); i += 1000) std::copy_n(repeated.begin() + static_cast<std::ptrdiff_t>(i) - 240, 100, repeated.begin() + static_cast<std::ptrdiff_t>(i));
  EXPECT_EQ(statistics_of(repeated).coinciding_lag, 240u);
  EXPECT_LT(statistics_of(repeated).coincidence_probability, 1e-6);
}

TEST(StreamStatistics, BytesThatNeverChangeFailAll) {
  const auto statistics = statistics_of(std::vector<std::uint8_t>(5000, 3));
  EXPECT_EQ(statistics.entropy, 0);
  EXPECT_EQ(statistics.adjacent_correlation, 1);
  EXPECT_FALSE(statistics.passes());
  EXPECT_THROW(statistics_of(random_bytes(4000)), std::invalid_argument);
}

std::map<std::string, bool> passing(const std::string& scheme) {
  const TemporaryFolder folder;
  run_analysis({.attack = "statistics", .scheme = scheme, .file = "examples/models/fashion_int8.tflite", .effort = Effort::smoke}, folder.path(), [](const std::string&) {});
  const Record record = RecordSet::read(folder.path()).all().at(0);
  std::map<std::string, bool> passing;
  for (std::size_t i = 0; i < record.size("outcome.streams"); ++i) {
    const std::string at = "outcome.streams." + std::to_string(i);
    passing[record.text(at + ".stream")] = record.at(at + ".passes").flag();
  }
  return passing;
}

// The published lock passes, though it is broken; plain weights and a short period do not.
TEST(Statistics, DoNotTellTheBrokenLockFromOurs) {
  for (const char* scheme : {"nnlock-2022-128", "nnlock-2022-256", "nnlock-v1"}) {
    const auto streams = passing(scheme);
    EXPECT_FALSE(streams.at("plain")) << scheme;
    EXPECT_TRUE(streams.at("locked")) << scheme;
    EXPECT_TRUE(streams.at("zeros, locked")) << scheme;
    EXPECT_EQ(streams.contains("key stream"), std::string(scheme) != "nnlock-v1");
  }
  for (const bool passes : {passing("period-176").at("locked"), passing("period-176").at("zeros, locked"), passing("period-4096").at("key stream")}) EXPECT_FALSE(passes);
}

}  // namespace
}  // namespace nnlock::lab
