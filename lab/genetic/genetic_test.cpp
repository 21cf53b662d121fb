// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include "lab/failure.hpp"
#include "lab/genetic/evolution.hpp"
#include "lab/key_search/key_trial.hpp"
#include "lab/key_search/locked_stripes_testing.hpp"
#include "lab/schemes/low_bit_testing.hpp"

namespace nnlock::lab {
namespace {

using GeneticOnStripes = LockedStripes;

// The positive control: each key bit of HPNN touches eight of 512 neurons, so half-right keys are told from bad ones.
TEST_F(GeneticOnStripes, FindsMostOfAnHpnnKey) {
  const Json outcome = run("genetic", "hpnn-64");
  EXPECT_GT(outcome.at("found").at("right_key_accuracy").number(), 0.95);
  EXPECT_LT(outcome.at("found").at("wrong_key_accuracy").number(), 0.5);
  EXPECT_GT(outcome.at("found").at("recovered").number(), 0.5);
  EXPECT_GT(outcome.at("found").at("bits_right").number(), 0.6);
  EXPECT_EQ(outcome.at("evaluations").number(), 30 + 20 * 28);
}

TEST_F(GeneticOnStripes, WithAnOracleNeedsNoLabels) {
  const Json outcome = run("genetic-oracle", "hpnn-64");
  EXPECT_GT(outcome.at("found").at("recovered").number(), 0.5);
  EXPECT_NEAR(outcome.at("right_key_fitness").number(), 0, 1e-9);
}

TEST_F(GeneticOnStripes, GetsNowhereAgainstNnlockV1) {
  const Json outcome = run("genetic", "nnlock-v1");
  EXPECT_GT(outcome.at("found").at("right_key_accuracy").number(), 0.95);
  EXPECT_LT(outcome.at("found").at("recovered").number(), 0.3);
  EXPECT_LT(outcome.at("found").at("bits_right").number(), 0.65);
}

// The positive control of the search for weights: under a lock that hides next to nothing the locked weights are the better start.
TEST_F(GeneticOnStripes, WeightsUnderAWeakLockAreWorthMoreThanNone) {
  const Json outcome = run("genetic-weights", LowBit(), Form::float32, {{"evaluations", "150"}});
  EXPECT_GT(outcome.at("right_key_accuracy").number(), 0.95);
  EXPECT_GT(outcome.at("from_locked").at("accuracy").number(), 0.9);
  EXPECT_LT(outcome.at("from_initialised").at("accuracy").number(), 0.6);
}

TEST_F(GeneticOnStripes, WeightsUnderNnlockV1AreWorthNothing) {
  const Json outcome = run("genetic-weights", *make_scheme("nnlock-v1"), Form::float32, {{"evaluations", "150"}});
  EXPECT_GT(outcome.at("right_key_accuracy").number(), 0.95);
  EXPECT_LT(outcome.at("from_locked").at("accuracy").number(), 0.6);
}

TEST_F(GeneticOnStripes, RecordsEachGenerationAndNeverForgetsItsBest) {
  const Json outcome = run("genetic", "hpnn-64", {{"evaluations", "250"}, {"fitness", "accuracy"}});
  const Json& course = outcome.at("generations");
  ASSERT_EQ(course.at("evaluations").size(), 8u);  // 30 + 7 * 28 = 226
  for (std::size_t i = 1; i < 8; ++i) EXPECT_GE(course.at("best_fitness").at(i).number(), course.at("best_fitness").at(i - 1).number());
  ASSERT_EQ(course.at("checks").at("generation").size(), 3u);  // 0, 5 and the last, 7
  EXPECT_EQ(course.at("checks").at("generation").at(2).number(), 7);
  EXPECT_EQ(course.at("checks").at("accuracy").at(2).number(), outcome.at("found").at("accuracy").number());
  EXPECT_EQ(run("genetic", "hpnn-64", {{"evaluations", "250"}, {"fitness", "accuracy"}}).text(), outcome.text());
}

TEST_F(GeneticOnStripes, RefusesSettingsThatMeanNothing) {
  EXPECT_THROW(run("genetic", "hpnn-64", {{"fitness", "divergence"}}), Failure);
  EXPECT_THROW(run("genetic", "hpnn-64", {{"elite", "30"}}), Failure);
  EXPECT_THROW(run("genetic", "hpnn-64", {{"evaluations", "29"}}), Failure);
}

TEST(Evolution, ClimbsAnEasyHill) {
  const Breeding<int> breeding{.fresh = [](Random& random) { return static_cast<int>(random.below(10)); },
                               .cross = [](int a, int b, Random&) { return (a + b + 1) / 2; },
                               .mutate = [](int& x, Random& random) { x += static_cast<int>(random.below(3)) - 1; },
                               .fitness = [](int x) { return -std::abs(x - 40.0); }};
  Evolution<int> evolution({.evaluations = 1000, .population = 20, .tournament = 3, .elite = 1, .crossover = 0.5}, breeding, Random(1, "hill"));
  const Json course = run_to_the_end<int>(evolution, [](Json& checks, int best) { checks["best"].push_back(best); });
  EXPECT_EQ(evolution.best(), 40);
  EXPECT_LT(course.at("checks").at("best").at(0).number(), 10);
  EXPECT_EQ(evolution.evaluations(), 20 + 51 * 19);
}

TEST(Fitness, RanksNetworksAndBearsNumbersThatAreNone) {
  const auto network = build_network("mlp", {}, 1);
  const Images images{torch::rand({50, 1, 28, 28}), torch::arange(50).remainder(10)};
  const Fitness loss(Fitness::Kind::loss, images), divergence(images.pixels, logits_of(*network, images.pixels));
  EXPECT_NEAR(loss.of(*network), -2.3, 0.2);  // log(10): it knows nothing
  EXPECT_NEAR(divergence.of(*network), 0, 1e-9);
  network->set_signs(torch::full({512}, std::nanf("")));
  EXPECT_NEAR(loss.of(*network) / 1e30, -1, 1e-9);
  EXPECT_LT(divergence.of(*network), -0.4);
}

}  // namespace
}  // namespace nnlock::lab
