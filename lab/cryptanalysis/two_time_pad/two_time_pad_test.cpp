// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include <algorithm>

#include "lab/cryptanalysis/analysis.hpp"
#include "lab/cryptanalysis/two_time_pad/pairs.hpp"
#include "lab/cryptanalysis/two_time_pad/versions.hpp"
#include "lab/report/page.hpp"
#include "lab/report/record_set.hpp"

namespace nnlock::lab {
namespace {

const char* const kModel = "examples/models/fashion_int8.tflite";

RecordSet run(const std::string& scheme, std::map<std::string, std::string> with = {}) {
  const TemporaryFolder folder;
  const Cell cell{.attack = "two-time-pad", .scheme = scheme, .file = kModel, .effort = Effort::full, .with = std::move(with)};
  run_analysis(cell, folder.path(), [](const std::string&) {});
  return RecordSet::read(folder.path());
}

double share(const Record& record, const std::string& path) { return record.number("outcome." + path + ".right") / record.number("outcome." + path + ".of"); }

TEST(Versions, FineTuningMovesTheShareItIsGiven) {
  const Bytes model = model_file(kModel), version = fine_tuned(model, {.share = 0.2}, Random(1, "test"));
  EXPECT_EQ(version, fine_tuned(model, {.share = 0.2}, Random(1, "test")));
  EXPECT_NE(version, fine_tuned(model, {.share = 0.2}, Random(2, "test")));
  const Stream before = plain_stream(model), after = plain_stream(version);
  const auto weights = weights_of(masked_stream(model).pieces);
  const auto moved = std::count_if(weights.begin(), weights.end(), [&](const Weight& weight) { return !equal_at(weight, before, after); });
  EXPECT_NEAR(static_cast<double>(moved) / static_cast<double>(weights.size()), 0.2, 0.01);
}

TEST(Pairs, LikeliestPairIsTheOneOfTheDistribution) {
  BytePrior prior{};
  prior[3] = 0.5, prior[5] = 0.3, prior[200] = 0.2;
  const PairReader reader(independent(prior, prior));
  EXPECT_EQ(reader.guess(), 3);
  EXPECT_EQ(reader.likeliest_first(0), 3);
  const std::uint8_t read = reader.likeliest_first(5 ^ 200);
  EXPECT_TRUE(read == 5 || read == 200);  // which is first, nobody can tell
  EXPECT_EQ(reader.tries_without(200), 3u);
  EXPECT_EQ(reader.tries(200, 5 ^ 200), 2u);
  EXPECT_EQ(reader.tries(200, 1), 3u);  // an impossible difference, so nothing is learnt
}

TEST(Pairs, SmallStepsAreRead) {
  BytePrior even{};
  even.fill(1.0 / 256);
  const PairReader reader(tuned(even, 0.1, 1));
  EXPECT_EQ(reader.tries(0x0f, 0x1f), 16u);  // xxx01111 and xxx10000
  EXPECT_EQ(reader.tries(0x7e, 1), 256u);    // each value has such a neighbour
}

TEST(TwoTimePad, PublishedLockShowsWhatChangedAndGivesTheOtherVersion) {
  for (const char* scheme : {"nnlock-2022-128", "nnlock-2022-256"}) {
    const RecordSet records = run(scheme);
    const Record& record = records.all().at(0);
    EXPECT_EQ(share(record, "unchanged_seen"), 1);
    EXPECT_EQ(record.number("outcome.unchanged_seen.wrongly"), 0);
    EXPECT_EQ(share(record, "first_known.weights"), 1);
    EXPECT_GT(record.number("outcome.first_known.changes.of"), 1000);
    EXPECT_EQ(share(record, "first_known.changes"), 1);
    EXPECT_NEAR(share(record, "base_known.key_stream"), 0.9, 0.01);
    EXPECT_NEAR(share(record, "base_known.changes"), 0.9, 0.02);
    EXPECT_TRUE(record.at("outcome.base_known.unlocks_both").flag());
    const std::string pairs = "outcome.versions_unknown.";
    EXPECT_GT(record.number(pairs + "right"), 2 * record.number(pairs + "right_by_guess"));
    EXPECT_LT(record.number(pairs + "tries"), 0.7 * record.number(pairs + "tries_without"));
  }
}

TEST(TwoTimePad, FreshLockIdsLeaveNothing) {
  const RecordSet records = run("nnlock-v1");
  const Record& record = records.all().at(0);
  for (const char* path : {"unchanged_seen", "first_known.weights", "first_known.changes", "base_known.changes"}) EXPECT_NEAR(share(record, path), 1.0 / 256, 0.004) << path;
  EXPECT_FALSE(record.at("outcome.base_known.key_found").flag());
  const std::string pairs = "outcome.versions_unknown.";
  EXPECT_LT(record.number(pairs + "right"), 1.2 * record.number(pairs + "right_by_guess"));
  EXPECT_GT(record.number(pairs + "tries"), record.number(pairs + "tries_without"));
}

TEST(TwoTimePad, PageHasAllTables) {
  const RecordSet records = run("nnlock-2022-128");
  Page page("REPORT.md", ".");
  analysis_named("two-time-pad")->report(records, page);
  EXPECT_NE(page.text().find("100.0 % of the unchanged weights are seen"), std::string::npos) << page.text();
  EXPECT_NE(page.text().find("| i8 |"), std::string::npos);
}

}  // namespace
}  // namespace nnlock::lab
