// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/metrics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace nnlock::lab {
namespace {

TEST(Judge, CountsAnswers) {
  const auto labels = torch::tensor({0, 1, 2, 2}, torch::kInt64);
  auto logits = torch::zeros({4, 4});
  logits[0][0] = logits[1][1] = logits[2][1] = logits[3][2] = 1;
  const Answers answers = judge(logits, labels);
  EXPECT_DOUBLE_EQ(answers.accuracy, 0.75);
  EXPECT_EQ(answers.classes, 3);
  EXPECT_DOUBLE_EQ(answers.entropy, 1.5);
  EXPECT_EQ(answers.nan_share, 0);
}

TEST(Judge, ANetworkOfNansAnswersTheFirstClass) {
  const auto labels = torch::arange(10);
  const Answers answers = judge(torch::full({10, 10}, std::numeric_limits<float>::quiet_NaN()), labels);
  EXPECT_DOUBLE_EQ(answers.accuracy, 0.1);
  EXPECT_EQ(answers.classes, 1);
  EXPECT_EQ(answers.entropy, 0);
  EXPECT_FALSE(std::signbit(answers.entropy));
  EXPECT_EQ(answers.nan_share, 1);
}

TEST(Summarise, IsThatOfASample) {
  const std::vector<double> values = {1, 2, 3, 4};
  const Summary summary = summarise(values);
  EXPECT_DOUBLE_EQ(summary.mean, 2.5);
  EXPECT_NEAR(summary.deviation, 1.290994, 1e-6);
  EXPECT_NEAR(summary.standard_error, 0.645497, 1e-6);
  EXPECT_EQ(summary.least, 1);
  EXPECT_EQ(summary.greatest, 4);
  EXPECT_EQ(summarise(std::vector<double>{}).count, 0u);
  const std::vector<double> equal(20, 0.1);
  EXPECT_EQ(summarise(equal).mean, 0.1);
  EXPECT_EQ(summarise(equal).standard_error, 0);
}

TEST(Compare, TellsDistributionsApart) {
  std::vector<double> a, b, far;
  for (int i = 0; i < 100; ++i) {
    a.push_back(i);
    b.push_back(i + 0.5);
    far.push_back(i + 30);
  }
  EXPECT_NEAR(compare(a, b).distance, 0.01, 1e-9);
  EXPECT_GT(compare(a, b).probability, 0.99);
  EXPECT_NEAR(compare(a, far).distance, 0.3, 1e-9);
  EXPECT_LT(compare(a, far).probability, 0.001);
}

TEST(Json, KeepsOrderAndEscapes) {
  Json json;
  json["z"] = 1;
  json["a"].push_back(0.25);
  json["a"].push_back(std::numeric_limits<double>::infinity());
  json["text"] = "\"\n";
  json["z"] = true;
  EXPECT_EQ(json.text(), "{\"z\": true, \"a\": [0.25, null], \"text\": \"\\\"\\n\"}\n");
  json["long"] = std::string(120, 'x');
  EXPECT_EQ(json.text(), "{\n \"z\": true,\n \"a\": [0.25, null],\n \"text\": \"\\\"\\n\",\n \"long\": \"" + std::string(120, 'x') + "\"\n}\n");
  EXPECT_DOUBLE_EQ(json.at("a").at(0).number(), 0.25);
  EXPECT_THROW(json.at("b"), std::out_of_range);
}

}  // namespace
}  // namespace nnlock::lab
