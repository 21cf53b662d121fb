// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include "lab/key_search/locked_stripes_testing.hpp"

namespace nnlock::lab {
namespace {

using HillClimbingOnStripes = LockedStripes;

TEST_F(HillClimbingOnStripes, FindsMostOfAnHpnnKey) {
  const Json outcome = run("hill-climbing", "hpnn-64");
  EXPECT_LT(outcome.at("found").at("wrong_key_accuracy").number(), 0.5);
  EXPECT_GT(outcome.at("found").at("recovered").number(), 0.5);
  EXPECT_GT(outcome.at("found").at("bits_right").number(), 0.6);
  EXPECT_EQ(outcome.at("evaluations").number(), 600);
}

TEST_F(HillClimbingOnStripes, GetsNowhereAgainstNnlockV1) {
  const Json outcome = run("hill-climbing", "nnlock-v1");
  EXPECT_GT(outcome.at("found").at("right_key_accuracy").number(), 0.95);
  EXPECT_LT(outcome.at("found").at("recovered").number(), 0.3);
  EXPECT_LT(outcome.at("found").at("bits_right").number(), 0.65);
}

TEST_F(HillClimbingOnStripes, EachClimbGoesUpAndTheBestIsKept) {
  const Json outcome = run("hill-climbing", "hpnn-64", {{"evaluations", "350"}});
  const Json& course = outcome.at("course");
  ASSERT_EQ(course.at("evaluations").size(), 4u);  // 100, 200, 300 and the last
  EXPECT_EQ(course.at("evaluations").at(3).number(), 350);
  for (std::size_t i = 1; i < 4; ++i) EXPECT_GE(course.at("best_fitness").at(i).number(), course.at("best_fitness").at(i - 1).number());
  EXPECT_GT(outcome.at("climbs").at(0).at("fitness").number(), outcome.at("climbs").at(0).at("first_fitness").number());
  EXPECT_EQ(course.at("accuracy").at(3).number(), outcome.at("found").at("accuracy").number());
}

}  // namespace
}  // namespace nnlock::lab
