// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include "lab/key_search/locked_stripes_testing.hpp"

namespace nnlock::lab {
namespace {

using MalleabilityOnStripes = LockedStripes;

double after(const Json& outcome, const char* kind, std::size_t i, const char* what = "answered") { return outcome.at(kind).at(i).at("after").at(what).number(); }

TEST_F(MalleabilityOnStripes, PlantsInThePublishedLock) {
  for (const Form form : {Form::float32, Form::int8}) {
    const Json outcome = run("malleability", *make_scheme("nnlock-2022-128"), form);
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(after(outcome, "always", i), 1);
      EXPECT_EQ(after(outcome, "never", i), 0);
      EXPECT_GE(after(outcome, "never", i, "others"), outcome.at("never").at(i).at("before").at("others").number());
      EXPECT_NE(outcome.at("always").at(i).at("tries").number(), outcome.at("never").at(i).at("tries").number());  // one sign is right for the one
      EXPECT_GT(outcome.at("redirected").at(i).at("flips").number(), 0);
      EXPECT_GT(outcome.at("redirected").at(i).at("gain").number(), 0);
    }
    EXPECT_EQ(outcome.at("files_refused").number(), 0);
  }
}

TEST_F(MalleabilityOnStripes, NnlockV1RefusesEachFile) {
  const Json outcome = run("malleability", "nnlock-v1");
  for (const char* kind : {"always", "never"})
    for (std::size_t i = 0; i < 2; ++i) EXPECT_TRUE(outcome.at(kind).at(i).at("refused").flag());
  EXPECT_EQ(outcome.at("redirected").at(0).at("flips").number(), 0);
  EXPECT_EQ(outcome.at("files_refused").number(), 2 * (2 + 20));
}

// The tags refuse, not the cipher: without them weights of layout `bytes` can be turned over just the same.
TEST_F(MalleabilityOnStripes, NnlockV1WithoutTagsIsSoftWhereItsLayoutIsAStreamCipher) {
  const Json outcome = run("malleability", *make_scheme("nnlock-v1"), Form::int8, {{"authentication", "skipped"}});
  EXPECT_GT(outcome.at("redirected").at(0).at("flips").number(), 0);
  EXPECT_GT(outcome.at("redirected").at(0).at("gain").number(), 0);
}

}  // namespace
}  // namespace nnlock::lab
