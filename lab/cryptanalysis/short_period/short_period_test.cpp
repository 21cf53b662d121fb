// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include <cmath>

#include "lab/cryptanalysis/analysis.hpp"
#include "lab/cryptanalysis/short_period/autocorrelation.hpp"
#include "lab/cryptanalysis/short_period/columns.hpp"
#include "lab/cryptanalysis/short_period/period.hpp"
#include "lab/report/record_set.hpp"

namespace nnlock::lab {
namespace {

// A tensor of weights as a converter stores them, under a random key stream of this period; 0: of no period.
struct Scene {
  MaskedStream stream;
  std::vector<std::uint8_t> key_stream;
};
Scene scene(std::size_t weights, std::uint64_t period) {
  Random random(7, "scene");
  Scene scene;
  scene.stream.pieces.push_back({.span = {.name = "weights", .dtype = Dtype::i8, .shape = {weights}, .offset = 0, .length = weights}, .at = 0});
  scene.key_stream.resize(period == 0 ? weights : period);
  for (auto& byte : scene.key_stream) byte = static_cast<std::uint8_t>(random.below(256));
  for (std::size_t i = 0; i < weights; ++i) {
    const auto kind = random.below(300);
    double normal = -6;
    for (int j = 0; j < 12; ++j) normal += random.uniform();
    int weight = std::clamp(static_cast<int>(std::lround(30 * normal - 2)), -127, 127);
    if (kind < 2) weight = kind == 0 ? 127 : -127;
    if (kind >= 290) weight = 0;
    scene.stream.bytes.push_back(static_cast<std::uint8_t>(static_cast<std::uint8_t>(weight) ^ scene.key_stream[i % scene.key_stream.size()]));
  }
  return scene;
}

TEST(Autocorrelation, EqualsItsDefinition) {
  const std::vector<double> values = {3, -1, 4, 1, -5, 9, 2};
  const auto sums = autocorrelation(values);
  ASSERT_EQ(sums.size(), values.size());
  for (std::size_t lag = 0; lag < values.size(); ++lag) {
    double sum = 0;
    for (std::size_t i = 0; i + lag < values.size(); ++i) sum += values[i] * values[i + lag];
    EXPECT_NEAR(sums[lag], sum, 1e-9) << lag;
  }
}

TEST(Period, IsFoundWithoutBeingTold) {
  const Prior prior = stored_prior(Dtype::i8);
  EXPECT_EQ(telling_character(prior).mask, 0xc0);
  for (const std::uint64_t period : {7u, 176u, 4096u, 50'000u}) EXPECT_EQ(find_period(scene(100'000, period).stream, prior, 1 << 20).period, period);
  EXPECT_FALSE(find_period(scene(100'000, 0).stream, prior, 1 << 20).period);
}

TEST(Columns, GiveTheKeyStream) {
  for (const std::uint64_t period : {16u, 176u}) {
    const Scene one = scene(200'000, period);
    Random random(1, "columns");
    const auto columns = recover_columns(one.stream, {stored_prior(Dtype::i8)}, period, 6, random);
    ASSERT_EQ(columns.size(), period);
    std::size_t right = 0;
    for (std::size_t c = 0; c < period; ++c) right += columns[c].key_byte == one.key_stream[c];
    EXPECT_EQ(right, period);
    EXPECT_EQ(columns[0].samples, (200'000 + period - 1) / period);
  }
}

Record run(const std::string& scheme, const std::string& file) {
  const TemporaryFolder folder;
  run_analysis({.attack = "short-period", .scheme = scheme, .file = file, .effort = Effort::smoke}, folder.path(), [](const std::string&) {});
  return RecordSet::read(folder.path()).all().at(0);
}

// 240 KB of floats: the sign and exponent of each weight. 60 KB of int8 are few: the period, and far more key bytes than by guessing.
TEST(ShortPeriod, FallsWhereKeyStreamsRepeat) {
  const Record floats = run("period-176", "examples/models/fashion_float32.onnx");
  EXPECT_EQ(floats.number("outcome.period"), 176);
  EXPECT_TRUE(floats.at("outcome.verdict.period_holds").flag());
  EXPECT_GT(floats.number("outcome.verdict.bytes_right.3"), 0.95);
  const Record bytes = run("period-4096", "examples/models/fashion_int8.tflite");
  EXPECT_EQ(bytes.number("outcome.period"), 4096);
  EXPECT_GT(bytes.number("outcome.verdict.key_bytes_right"), 0.03);
}

TEST(ShortPeriod, FindsNothingInOursNorInTheEndlessSchedule) {
  for (const char* file : {"examples/models/fashion_float32.onnx", "examples/models/fashion_int8.tflite"})
    for (const char* scheme : {"nnlock-v1", "nnlock-2022-128"}) {
      const Record record = run(scheme, file);
      EXPECT_FALSE(record.at("outcome.period_found").flag()) << scheme << " " << file;
      EXPECT_LT(record.number("outcome.z"), 6);
      EXPECT_FALSE(record.at("outcome.unlocks").flag());
    }
}

}  // namespace
}  // namespace nnlock::lab
