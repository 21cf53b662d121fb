// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include "lab/key_search/key_trial.hpp"
#include "lab/key_search/locked_stripes_testing.hpp"
#include "lab/schemes/low_bit_testing.hpp"

namespace nnlock::lab {
namespace {

using GradientOnStripes = LockedStripes;

TEST_F(GradientOnStripes, FindsAnHpnnKey) {
  const Json outcome = run("gradient", "hpnn-64");
  const Json& found = outcome.at("found");
  EXPECT_LT(found.at("wrong_key_accuracy").number(), 0.5);
  EXPECT_GT(found.at("recovered").number(), 0.9);
  EXPECT_GT(found.at("bits_right").number(), 0.9);
  EXPECT_EQ(outcome.at("starts").at("loss").size(), 8u);
  const Json& course = outcome.at("course");
  ASSERT_EQ(course.at("step").size(), 10u);  // 0, 10, ... 90
  EXPECT_LT(course.at("bits_right").at(0).number(), 0.7);
  EXPECT_EQ(course.at("step").at(9).number(), 90);
  EXPECT_EQ(course.at("bits_right").at(9).number(), outcome.at("rounded").at("bits_right").number());
  EXPECT_EQ(outcome.at("finalists").at("loss").size(), 2u);  // the best start and its mirror
  EXPECT_LE(outcome.at("loss").number(), std::min(outcome.at("finalists").at("loss").at(0).number(), outcome.at("finalists").at("loss").at(1).number()));
}

// The figures do not come from the judge.
TEST_F(GradientOnStripes, WithoutStepsItKnowsNothing) {
  const Json found = run("gradient", "hpnn-64", {{"steps", "0"}, {"first_steps", "0"}, {"starts", "1"}, {"sweeps", "0"}}).at("found");
  EXPECT_LT(found.at("bits_right").number(), 0.7);
  EXPECT_LT(found.at("recovered").number(), 0.5);
}

// The positive control of the relaxed key stream: where next to nothing is locked, it begins close to the network
// itself. Stripes are learnt from anything in ten steps, so none is taken.
TEST_F(GradientOnStripes, TheRelaxedStreamProfitsFromAWeakLock) {
  const Json outcome = run("gradient-stream", LowBit(), Form::int8, {{"steps", "0"}});
  EXPECT_GT(outcome.at("right_key_accuracy").number(), 0.95);
  EXPECT_GT(outcome.at("from_locked").at("final_accuracy").number(), 0.9);
  EXPECT_LT(outcome.at("from_random_bytes").at("final_accuracy").number(), 0.6);
  EXPECT_GT(outcome.at("from_locked").at("unknown_bits").number(), 8 * 784 * 256);
}

TEST_F(GradientOnStripes, TheRelaxedStreamGetsNothingFromNnlockV1) {
  const Json outcome = run("gradient-stream", *make_scheme("nnlock-v1"), Form::int8, {{"steps", "0"}});
  EXPECT_GT(outcome.at("right_key_accuracy").number(), 0.95);
  EXPECT_LT(outcome.at("from_locked").at("final_accuracy").number(), 0.6);
}

// In a fresh network each of the 64 bits turns eight neurons and with them some answer; bit 0 turns none once its neurons are dead.
TEST(KeyVerdict, CountsTheBitsThatMatter) {
  const auto scheme = make_scheme("hpnn-64");
  const auto network = build_network("mlp", {}, 1);
  torch::NoGradGuard no_grad;
  for (const auto& [name, unit] : network->units())
    if (unit->shape().hidden)
      for (auto& parameter : unit->parameters()) parameter.slice(0, 0, parameter.size(0), 64).zero_();
  const Images test{torch::randn({500, 1, 28, 28}), torch::arange(500).remainder(10)};
  Random random(1, "key");
  const Key right = random_key(64, random);
  const Judge judge{&test, &right};
  const Attacker attacker(attack_named("gradient").info(), {.target = {.scheme = scheme.get(), .model = "mlp"}, .locked_file = to_safetensors(stored(*network, Form::float32, {}))});
  Key close = right;
  close.flip(0);
  const Json influence = KeyVerdict(attacker, judge).influence(close);
  EXPECT_EQ(influence.at("bits_that_matter").number(), 63);
  EXPECT_EQ(influence.at("bits_right_that_matter").number(), 1);
  close.flip(1);
  EXPECT_NEAR(KeyVerdict(attacker, judge).influence(close).at("bits_right_that_matter").number(), 62.0 / 63, 1e-9);
}

TEST(Gradient, IsRefusedWhereAKeyBitHasNone) {
  const auto ours = make_scheme("nnlock-v1"), hpnn = make_scheme("hpnn-64");
  EXPECT_NE(why_not(attack_named("gradient"), {.scheme = ours.get(), .model = "mlp"}), "");
  EXPECT_EQ(why_not(attack_named("gradient"), {.scheme = hpnn.get(), .model = "mlp"}), "");
}

}  // namespace
}  // namespace nnlock::lab
