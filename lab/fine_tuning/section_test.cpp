// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/fine_tuning/section.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "lab/fine_tuning/differences.hpp"
#include "lab/report/figures.hpp"
#include "lab/repair/section.hpp"

namespace nnlock::lab {
namespace {

Json record_of(const std::string& attack, const std::string& model, const std::string& scheme, int seed) {
  Json json;
  json["record"] = 1;
  json["attack"]["name"] = attack;
  json["target"]["dataset"] = "fashion";
  json["target"]["model"] = model;
  json["target"]["weights"] = "float32";
  json["target"]["scheme"] = scheme;
  json["seed"] = seed;
  json["effort"] = "full";
  json["command"] = "nnlock-lab run";
  json["commit"] = "abc123";
  return json;
}

Record tuned(const std::string& model, int seed, const char* share, double locked, double wrong_key, double random, const std::string& scheme = "nnlock-v1") {
  Json json = record_of("fine-tuning", model, scheme, seed);
  json["attack"]["budget"]["share"] = share;
  Json& best = json["outcome"]["best"];
  best["locked_all"] = locked;
  best["wrong_key_all"] = wrong_key;
  best["random_all"] = random;
  return Record(model + "-" + scheme + "-" + share + "-s" + std::to_string(seed) + ".json", json);
}

Record repaired(int seed, double locked, double difference) {
  Json json = record_of("repair", "mlp", "nnlock-v1", seed);
  json["outcome"]["random"]["best"]["random_all"] = 0.8;
  for (const char* name : {"none", "clip_deviations+norm_match"}) {
    Json one;
    one["transform"] = name;
    one["untouched"]["locked"]["accuracy"] = 0.1;
    one["untouched"]["wrong_key"]["accuracy"] = 0.11;
    one["best"]["locked_all"] = locked;
    one["best"]["wrong_key_all"] = 0.79;
    one["difference"]["locked_all"] = std::string(name) == "none" ? -0.02 : difference;
    one["difference"]["wrong_key_all"] = -0.01;
    json["outcome"]["transforms"].push_back(one);
  }
  return Record("mlp-s" + std::to_string(seed) + ".json", json);
}

std::string section(const std::vector<Record>& records, const std::vector<std::string>& starts = {"locked", "wrong_key"}) {
  Page page("lab/REPORT.md", "lab/records");
  report_fine_tuning(RecordSet(records), starts, page);
  return page.text();
}

bool has(const std::string& text, const std::string& what) { return text.find(what) != std::string::npos; }

TEST(Difference, HasTheBoundsOfStudent) {
  EXPECT_NEAR(one_sided_t_bound(0.05, 1), 6.314, 1e-3);  // from printed tables
  EXPECT_NEAR(one_sided_t_bound(0.05, 2), 2.920, 1e-3);
  EXPECT_NEAR(one_sided_t_bound(0.025, 11), 2.201, 1e-3);
  EXPECT_NEAR(one_sided_t_bound(0.05, 59), 1.671, 1e-3);
  const Difference three = difference_of({-0.01, 0, 0.01});
  EXPECT_NEAR(*three.mean, 0, 1e-12);
  EXPECT_NEAR(*three.upper, 2.920 * 0.01 / std::sqrt(3.0), 1e-5);
  EXPECT_NEAR(*three.low, -4.303 * 0.01 / std::sqrt(3.0), 1e-5);
  EXPECT_FALSE(three.under_margin());
  EXPECT_TRUE(difference_of({-0.02, -0.01, -0.015}).under_margin());
  EXPECT_FALSE(difference_of({-0.2}).upper);
  EXPECT_FALSE(difference_of({}).mean);
}

TEST(FineTuningSection, SaysUnderAPointOnlyWhereTheBoundIs) {
  std::vector<Record> records;
  for (const int seed : {1, 2, 3}) {
    records.push_back(tuned("mlp", seed, "0.01", 0.80 + 0.001 * seed, 0.80, 0.82));
    records.push_back(tuned("mlp", seed, "0.05", 0.84 + 0.001 * seed, 0.842, 0.82));
  }
  const std::string text = section(records);
  EXPECT_TRUE(has(text, "under 1 point at a share of 1 %; not under 1 point at 5 %")) << text;
  EXPECT_TRUE(has(text, "not shown to be better than weights unlocked with another key, which hold the same ranges")) << text;
  EXPECT_TRUE(has(text, "| 1 | 80.2 | 80.0 | 82.0 | -1.8 | -1.6 |")) << text;
  const auto findings = findings_of_fine_tuning(RecordSet(records));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].verdict, Verdict::partly);
  EXPECT_TRUE(has(findings[0].measured, "under 1 point at 1 of 2 shares, the lower one over it at 1 (6 cells)")) << findings[0].measured;
}

TEST(FineTuningSection, DecidesNothingWithoutABound) {
  std::vector<Record> records = {tuned("mlp", 1, "0.01", 0.7, 0.8, 0.8), tuned("mlp", 1, "0.05", 0.9, 0.8, 0.8)};
  EXPECT_TRUE(has(section(records), "together: one cell, so no bound at 1, 5 %.")) << section(records);
  EXPECT_EQ(findings_of_fine_tuning(RecordSet(records)).at(0).verdict, Verdict::undecided);
  records.push_back(tuned("mlp", 2, "0.01", 0.9, 0.8, 0.8));  // now a bound, far too wide
  EXPECT_TRUE(has(section(records), "not under 1 point at 1 %; one cell, so no bound at 5 %.")) << section(records);
  EXPECT_EQ(findings_of_fine_tuning(RecordSet(records)).at(0).verdict, Verdict::undecided);
}

TEST(FineTuningSection, TellsARealHeadStartFromOneThatAnyKeyGives) {
  std::vector<Record> records;
  for (const int seed : {1, 2, 3}) records.push_back(tuned("mlp", seed, "0.01", 0.88 + 0.001 * seed, 0.80, 0.80, "hpnn-64"));
  const std::string text = section(records);
  EXPECT_TRUE(has(text, "**more than a wrong key gives**")) << text;
  const auto findings = findings_of_fine_tuning(RecordSet(records));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].claim, Claim::hpnn_fine_tuning);
  EXPECT_EQ(findings[0].verdict, Verdict::differs);
}

TEST(RepairSection, CountsTransformsUnderAPoint) {
  const std::vector<Record> records = {repaired(1, 0.79, 0.02), repaired(2, 0.79, 0.025)};
  Page page("lab/REPORT.md", "lab/records");
  report_repair(RecordSet(records), page);
  EXPECT_TRUE(has(page.text(), "after 1 of 2 transforms")) << page.text();
  EXPECT_TRUE(has(page.text(), "`clip_deviations+norm_match`: mean +2.25")) << page.text();
  EXPECT_TRUE(has(page.text(), "| 10.0 | 11.0 | 79.0 | 79.0 | -2.0 | -2.0 |")) << page.text();
  const auto findings = findings_of_repair(RecordSet(records));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].verdict, Verdict::partly);
  EXPECT_EQ(findings_of_repair(RecordSet({repaired(1, 0.79, -0.02)})).at(0).verdict, Verdict::undecided);  // one cell has no bound
}

}  // namespace
}  // namespace nnlock::lab
