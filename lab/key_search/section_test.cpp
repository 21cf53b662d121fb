// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/key_search/section.hpp"

#include <gtest/gtest.h>

namespace nnlock::lab {
namespace {

Record record_of(const std::string& attack, const std::string& scheme, int seed, double found, double bits, const std::string& population = "60") {
  Json json;
  json["record"] = 1;
  json["command"] = "nnlock-lab run";
  json["commit"] = "abc123";
  json["attack"]["name"] = attack;
  json["attack"]["budget"]["population"] = population;
  json["target"]["dataset"] = "fashion";
  json["target"]["model"] = "lenet5";
  json["target"]["weights"] = "float32";
  json["target"]["scheme"] = scheme;
  json["seed"] = seed;
  json["effort"] = "full";
  Json& outcome = json["outcome"];
  outcome["evaluations"] = 2960;
  outcome["found"]["accuracy"] = found;
  outcome["found"]["bits_right"] = bits;
  outcome["found"]["right_key_accuracy"] = 0.9;
  outcome["found"]["wrong_key_accuracy"] = 0.1;
  outcome["found"]["recovered"] = (found - 0.1) / 0.8;
  outcome["influence"]["bits_that_matter"] = 60;
  outcome["influence"]["bits_right_that_matter"] = bits;
  outcome["starts"]["bits_right"] = Json::array(std::vector<double>{0.9, 0.1, bits});
  outcome["course"]["step"] = Json::array(std::vector<double>{0, 10});
  outcome["course"]["bits_right"] = Json::array(std::vector<double>{0.5, bits});
  outcome["course"]["evaluations"] = Json::array(std::vector<double>{100, 200});
  outcome["course"]["accuracy"] = Json::array(std::vector<double>{0.1, found});
  Json climb;
  climb["summit"] = 1;
  outcome["climbs"].push_back(climb);
  Json& generations = outcome["generations"];
  generations["evaluations"] = generations["checks"]["evaluations"] = Json::array(std::vector<double>{60, 118});
  generations["best_fitness"] = Json::array(std::vector<double>{-2, -found});
  generations["checks"]["accuracy"] = Json::array(std::vector<double>{0.1, found});
  return Record(Path(attack) / (scheme + "-s" + std::to_string(seed) + population + ".json"), json);
}

std::string section_of(const std::string& attack, std::vector<Record> records) {
  Page page("REPORT.md", "records");
  attack_named(attack).report(RecordSet(std::move(records)), page);
  return page.text();
}

bool has(const std::string& text, const std::string& what) { return text.find(what) != std::string::npos; }

TEST(GeneticSection, CountsTheKeysThatRecoverHalfAndSetsOtherSettingsApart) {
  const std::string text = section_of("genetic", {record_of("genetic", "hpnn-64", 1, 0.9, 1), record_of("genetic", "hpnn-64", 2, 0.4, 0.7), record_of("genetic", "nnlock-v1", 1, 0.2, 0.5),
                                                  record_of("genetic", "hpnn-64", 1, 0.3, 0.6, "20")});
  EXPECT_TRUE(has(text, "`hpnn-64`, fashion lenet5 float32: 1 of 2 keys recover at least half of the gap between wrong and right key; on average 68.8 %, at most 100.0 %, with 85.0 %")) << text;
  EXPECT_TRUE(has(text, "`nnlock-v1`, fashion lenet5 float32: 0 of 1 key")) << text;
  const std::string grid = text.substr(text.find("Other settings"));
  EXPECT_TRUE(has(grid, "population=20"));
  EXPECT_TRUE(has(grid, "as usual"));        // what it is compared with
  EXPECT_FALSE(has(grid, "nnlock-v1"));      // nothing else was tried there
  EXPECT_FALSE(has(text.substr(0, text.find("Other settings")), "population=20"));
}

TEST(GeneticSection, FindingsFollowTheRecords) {
  const auto verdict = [](const char* scheme, double found) {
    const auto findings = attack_named("genetic").findings(RecordSet({record_of("genetic", scheme, 1, found, 0.5)}), Page("REPORT.md", "records"));
    return findings.size() == 1 ? findings[0].verdict : Verdict::not_measured;
  };
  EXPECT_EQ(verdict("hpnn-64", 0.8), Verdict::agrees);
  EXPECT_EQ(verdict("hpnn-64", 0.2), Verdict::differs);
  EXPECT_EQ(verdict("nnlock-v1", 0.2), Verdict::agrees);
  EXPECT_EQ(verdict("nnlock-2022-128", 0.8), Verdict::differs);
}

TEST(GradientSection, CountsKeysFoundAndStartsTowardsThem) {
  const std::string text = section_of("gradient", {record_of("gradient", "hpnn-64", 1, 0.9, 1), record_of("gradient", "hpnn-64", 2, 0.5, 0.94)});
  EXPECT_TRUE(has(text, "1 of 2 keys are found to at least 95 %; after the first steps 4 of 6 starts have at least 90 %")) << text;
}

TEST(HillClimbingSection, CountsSummits) {
  const std::string text = section_of("hill-climbing", {record_of("hill-climbing", "hpnn-64", 1, 0.9, 1), record_of("hill-climbing", "hpnn-64", 2, 0.9, 1)});
  EXPECT_TRUE(has(text, "2 of 2 keys recover")) << text;
  EXPECT_TRUE(has(text, "| 2 | 2 |")) << text;
}

}  // namespace
}  // namespace nnlock::lab
