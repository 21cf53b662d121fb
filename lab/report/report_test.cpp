// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/report/report.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "lab/failure.hpp"
#include "lab/report/figures.hpp"
#include "lab/wrong_keys/section.hpp"

namespace nnlock::lab {
namespace {

std::string text_of(const Path& file) {
  const Bytes bytes = read_file(file);
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

std::size_t count_of(const std::string& what, const std::string& text) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + what.size())) ++count;
  return count;
}

// Accuracies of `count` keys around `mean`.
Json answers(double mean, double spread, int count = 20) {
  std::vector<double> values;
  for (int i = 0; i < count; ++i) values.push_back(mean + (i % 2 == 0 ? spread : -spread));
  Json json;
  json["count"] = count;
  json["accuracy"]["mean"] = mean;
  json["accuracy"]["sd"] = spread;
  json["accuracy"]["se"] = spread / std::sqrt(count);
  json["accuracy"]["max"] = mean + spread;
  json["entropy"]["mean"] = 1.5;
  json["nan_share"]["mean"] = 0.0;
  json["accuracies"] = Json::array(values);
  return json;
}

struct Measured {
  std::string model, scheme;
  double right = 0.9, wrong = 0.1, spread = 0.02, near = 0.1, random = 0.1;
};

Json record_of_wrong_keys(const Measured& measured) {
  Json record;
  record["record"] = 1;
  record["attack"]["name"] = "wrong-keys";
  record["target"]["model"] = measured.model;
  record["target"]["dataset"] = "fashion";
  record["target"]["training_set_share"] = 0.2;
  record["target"]["training"] = "e10";
  record["target"]["network_seed"] = 1;
  record["target"]["weights"] = "float32";
  record["target"]["scheme"] = measured.scheme;
  record["target"]["trained_under_key"] = measured.scheme.starts_with("hpnn");
  record["seed"] = 1;
  record["effort"] = "full";
  record["test_images"] = 1000;
  Json& outcome = record["outcome"];
  outcome["right_key"]["accuracy"] = measured.right;
  outcome["no_unlocking"]["accuracy"] = 0.104;
  outcome["random_keys"] = answers(measured.wrong, measured.spread);
  outcome["against_chance"]["chance"] = 0.1;
  outcome["against_chance"]["standard_errors"] = (measured.wrong - 0.1) / (measured.spread / std::sqrt(20));
  for (const int distance : {1, 64}) {
    Json near;
    near["distance"] = distance;
    near["answers"] = answers(distance == 1 ? measured.near : 0.1, 0.01, 3);
    near["equal_bytes"]["mean"] = 0.25;
    outcome["near_keys"].push_back(near);
  }
  if (measured.scheme != "hpnn-64") outcome["random_networks"] = answers(measured.random, 0.02);
  outcome["initialised_networks"] = answers(0.1, 0.03);
  record["command"] = "nnlock-lab run";
  record["commit"] = "abc123";
  return record;
}

class Report : public testing::Test {
 protected:
  void add(const Json& record, const std::string& name) { write_file(records() / "wrong-keys" / (name + ".json"), bytes_of(record.text())); }
  void add(const Measured& measured) { add(record_of_wrong_keys(measured), measured.model + "-" + measured.scheme); }
  std::string written() {
    write_report(records(), file());
    return text_of(file());
  }
  Path records() const { return folder_.path() / "lab/records"; }
  Path file() const { return folder_.path() / "lab/REPORT.md"; }
  TemporaryFolder folder_;
};

TEST_F(Report, SaysSoWhenThereIsNoRecord) {
  const std::string text = written();
  EXPECT_NE(text.find("0 records"), std::string::npos);
  EXPECT_NE(text.find("No record yet."), std::string::npos);
  EXPECT_EQ(text.find(".svg"), std::string::npos);
}

TEST_F(Report, HasTheFiguresWithLinksAndPlots) {
  add({.model = "mlp", .scheme = "nnlock-v1", .right = 0.912, .wrong = 0.1013});
  add({.model = "mlp", .scheme = "nnlock-2022-128", .right = 0.912, .near = 0.471});
  add({.model = "mlp", .scheme = "hpnn-64", .right = 0.901, .wrong = 0.15, .near = 0.9});
  add({.model = "lenet5", .scheme = "hpnn-64", .right = 0.8, .wrong = 0.25, .near = 0.8});
  const std::string text = written();
  EXPECT_NE(text.find("4 records"), std::string::npos);
  EXPECT_NE(text.find("`abc123` (4)"), std::string::npos);
  EXPECT_NE(text.find("20 %"), std::string::npos);                                           // of the training set
  EXPECT_NE(text.find("| 91.2 | 10.4 | 20 | 10.1 ± 2.0 | 12.1 | 0.29 |"), std::string::npos) << text;
  EXPECT_NE(text.find("47.1 (48.1)"), std::string::npos);                                    // a key near the right one, published form
  EXPECT_NE(text.find("| 91.2 | 90.1 | -1.1 | yes | 15.0 | 75.1 | yes |"), std::string::npos);  // trained under the key
  EXPECT_NE(text.find("| – | 80.0 | – | – | 25.0 | 55.0 | **no** |"), std::string::npos);
  EXPECT_NE(text.find("](records/wrong-keys/mlp-nnlock-v1.json)"), std::string::npos);
  for (std::size_t at = text.find("](records/"); at != std::string::npos; at = text.find("](records/", at + 1)) {
    const std::string link = text.substr(at + 2, text.find(')', at) - at - 2);
    EXPECT_TRUE(std::filesystem::exists(file().parent_path() / link)) << link;
  }
  const std::string svg = text_of(file().parent_path() / "plots/wrong-keys-fashion.svg");
  EXPECT_TRUE(svg.starts_with("<?xml"));
  EXPECT_EQ(count_of("id=\"gnuplot_plot_", svg), 4u);  // three schemes, and the line at chance
}

TEST_F(Report, ModelsInStockRuntimesHaveTablesOfTheirOwn) {
  add({.model = "mlp", .scheme = "nnlock-v1"});
  EXPECT_EQ(written().find("Public models in stock runtimes"), std::string::npos);
  Json record = record_of_wrong_keys({.model = "vww", .scheme = "nnlock-v1", .near = 0.471});
  record["target"]["runtime"] = "LiteRT 2.3.0";
  record["target"]["measure"] = "agreement";
  add(record, "vww");
  const std::string text = written(), part = text.substr(text.find("Public models in stock runtimes"));
  EXPECT_NE(part.find("| vww | fashion | LiteRT 2.3.0 | float32 | nnlock-v1 | agreement | 1000 | 10.0 | 90.0 |"), std::string::npos) << part;
  EXPECT_NE(part.find("| fashion | vww | float32 | 47.1 (48.1) |"), std::string::npos) << part;
  EXPECT_NE(part.find("In 1 of 1 cell the mean lies within 3.00 standard errors of chance"), std::string::npos) << part;  // of this kind only
}

TEST_F(Report, IsTheSameForTheSameRecords) {
  add({.model = "mlp", .scheme = "hpnn-64"});
  add({.model = "mlp", .scheme = "nnlock-v1"});
  const std::string first = written(), plot = text_of(file().parent_path() / "plots/wrong-keys-fashion.svg");
  EXPECT_EQ(written(), first);
  EXPECT_EQ(text_of(file().parent_path() / "plots/wrong-keys-fashion.svg"), plot);
}

TEST_F(Report, VerdictsFollowTheRecords) {
  add({.model = "mlp", .scheme = "nnlock-v1"});
  EXPECT_NE(written().find("1 of 1 cell within 3.00 standard errors of chance (corrected for their number) | agrees |"), std::string::npos) << written();
  add({.model = "lenet5", .scheme = "nnlock-v1", .wrong = 0.13, .random = 0.07});
  const std::string text = written();
  EXPECT_NE(text.find("1 of 2 cells within 3.20 standard errors of chance (corrected for their number) | partly |"), std::string::npos) << text;
  EXPECT_NE(text.find("**wrong keys are told from random networks**"), std::string::npos);
}

TEST_F(Report, JudgesNoClaimBySmoke) {
  Json record = record_of_wrong_keys({.model = "mlp", .scheme = "nnlock-v1"});
  record["effort"] = "smoke";
  add(record, "mlp-smoke");
  const std::string text = written();
  EXPECT_NE(text.find("1 of them of smoke effort"), std::string::npos) << text;
  EXPECT_EQ(text.find("| agrees |"), std::string::npos) << text;
}

TEST_F(Report, FindsKeysNearTheRightOne) {
  add({.model = "mlp", .scheme = "nnlock-2022-128", .near = 0.14});  // more than random keys, yet far from the right key
  const std::string text = written();
  EXPECT_NE(text.find("| cells told from random keys | 1 of 1 | 0 of 1 |"), std::string::npos) << text;
  EXPECT_NE(text.find("| cells with a key more than half way | 0 of 1 | 0 of 1 |"), std::string::npos);
  EXPECT_NE(text.find("0 cells at chance with near keys as with random ones; yet one wrong bit leaves 25.0 % of the parameter bytes right on average | does not agree |"), std::string::npos);
}

TEST_F(Report, SaysWhatAccuracyAtChanceIsMadeOf) {
  Json record = record_of_wrong_keys({.model = "mlp", .scheme = "nnlock-2022-128"});
  add(record, "guesses");
  EXPECT_EQ(written().find("one answer to all images, which"), std::string::npos);
  record["outcome"]["random_keys"]["entropy"]["mean"] = 0;
  add(record, "one-answer");
  const std::string text = written();
  EXPECT_NE(text.find("in 1 of 2 cells each key gives one answer to all images"), std::string::npos) << text;
  EXPECT_NE(text.find("as with random ones; yet one wrong bit leaves 25.0 % of the parameter bytes right on average | agrees |"), std::string::npos) << text;
}

TEST_F(Report, CorrectsThePublishedFormForItsNumberOfCellsToo) {
  const double mean = 0.1 + 3.1 * 0.02 / std::sqrt(20);  // beyond the bound of one cell, within that of two
  for (const char* model : {"mlp", "lenet5"}) add({.model = model, .scheme = "nnlock-2022-128", .wrong = mean, .near = mean});
  EXPECT_NE(written().find("; 2 cells at chance with near keys"), std::string::npos) << written();
}

TEST_F(Report, NamesAKeyThatGetsHalfWay) {
  Json record = record_of_wrong_keys({.model = "vad", .scheme = "nnlock-v1", .random = 0.7});
  record["target"]["runtime"] = "LiteRT 2.1";
  record["target"]["measure"] = "correlation";
  record["outcome"]["random_keys"]["accuracy"]["max"] = 0.55;
  add(record, "vad");
  EXPECT_NE(written().find("one does in [vad](records/wrong-keys/vad.json): 55.0 %, where the best random network has 72.0 % | does not agree |"), std::string::npos) << written();
}

TEST_F(Report, NamesCellsToldFromRandomNetworks) {
  add({.model = "mlp", .scheme = "nnlock-v1", .random = 0.2});
  EXPECT_NE(written().find("1 of 1 cell can be told apart (KS, 5 % for all together):\n\n- fashion mlp float32: random keys 10.0 ± 2.0, random networks 20.0 ± 2.1"), std::string::npos) << written();
}

TEST_F(Report, CountsTheLossOfThoseThatCanLoseSoMuch) {
  add({.model = "mlp", .scheme = "hpnn-64", .right = 0.8, .wrong = 0.05});  // costs 75 points, of 70 above chance
  add({.model = "lenet5", .scheme = "hpnn-64", .right = 0.9, .wrong = 0.2});
  EXPECT_NE(written().find("73.22 or more in 0 of the 1 accurate enough to lose so much | does not agree |"), std::string::npos) << written();
}

TEST_F(Report, SaysThatANetworkCannotLoseWhatItHasNot) {
  add({.model = "mlp", .scheme = "hpnn-64", .right = 0.5, .near = 0.5});
  const std::string text = written();
  EXPECT_NE(text.find("| 10.0 | 40.0 | cannot |"), std::string::npos) << text;
  EXPECT_NE(text.find("73.22 or more in 0 of the 0 accurate enough to lose so much | not measured |"), std::string::npos);
}

TEST_F(Report, BorrowsTheNetworksOfTheSameKindOfScheme) {
  Json without = record_of_wrong_keys({.model = "mlp", .scheme = "nnlock-2022-256"});
  without["outcome"]["random_networks"] = answers(0, 0, 0);
  add(without, "without");
  EXPECT_NE(written().find("| 0.0 | – | – | 10.0 ± 3.1 |"), std::string::npos) << written();
  add({.model = "mlp", .scheme = "nnlock-v1", .random = 0.3});  // of another kind
  EXPECT_NE(written().find("| 0.0 | – | – | 10.0 ± 3.1 |"), std::string::npos);
  add({.model = "mlp", .scheme = "nnlock-2022-128", .random = 0.2});
  EXPECT_EQ(count_of("| 20.0 ± 2.1 |", written()), 2u);
}

TEST_F(Report, KeepsStockRuntimesApart) {
  Json record = record_of_wrong_keys({.model = "kws", .scheme = "nnlock-v1", .right = 0.92, .wrong = 0.08});
  record["target"]["runtime"] = "LiteRT 2.1";
  record["target"]["measure"] = "agreement with the plain model";
  record["outcome"]["against_chance"]["chance"] = 1.0 / 12;
  record["outcome"]["right_key"]["bytes_identical"] = true;
  add(record, "kws");
  const std::string text = written();
  EXPECT_NE(text.find("| kws | fashion | LiteRT 2.1 | float32 | nnlock-v1 | agreement with the plain model | 1000 | 8.3 | 92.0 |"), std::string::npos) << text;
  EXPECT_NE(text.find("ran unchanged in LiteRT 2.1 (1 model); 1 of 1 file came back to the byte"), std::string::npos);
  EXPECT_EQ(text.find("### nnlock-v1"), std::string::npos);
  EXPECT_EQ(text.find(".svg"), std::string::npos);
}

TEST_F(Report, NamesAFileThatIsNoRecord) {
  add({.model = "mlp", .scheme = "nnlock-v1"});
  const auto complaint = [&] {
    try {
      written();
    } catch (const Failure& failure) {
      return std::string(failure.what());
    }
    return std::string();
  };
  write_file(records() / "cut.json", bytes_of("{\"record\": 1, "));
  EXPECT_NE(complaint().find("cut.json: no JSON at byte 14"), std::string::npos) << complaint();
  std::filesystem::remove(records() / "cut.json");
  write_file(records() / "foreign.json", bytes_of("[1, 2]"));
  EXPECT_NE(complaint().find("foreign.json"), std::string::npos) << complaint();
  std::filesystem::remove(records() / "foreign.json");
  Json broken = record_of_wrong_keys({.model = "mlp", .scheme = "nnlock-v1"});
  broken["outcome"]["right_key"]["accuracy"] = "high";
  add(broken, "broken");
  EXPECT_NE(complaint().find("broken.json: no record that the report can read: no number at outcome.right_key.accuracy"), std::string::npos) << complaint();
}

TEST(Plot, TakesAnyTitle) {
  const Plot plot{.name = "x", .title = "it's a 'title' with $curve1 and \"quotes\"", .x_axis = "x", .y_axis = "y", .curves = {{.title = "a_b", .points = {{1, 2}, {2, 3}}}}};
  const Bytes svg = svg_of(plot);
  const std::string text(reinterpret_cast<const char*>(svg.data()), svg.size());
  EXPECT_NE(text.find("it's a 'title' with $curve1 and"), std::string::npos);
  EXPECT_EQ(count_of("id=\"gnuplot_plot_", text), 1u);
}

TEST(Plot, SaysWhenGnuplotIsNotThere) {
  const std::string path = ::getenv("PATH");
  ::setenv("PATH", "/nowhere", 1);
  std::string complaint;
  try {
    svg_of({.name = "x", .curves = {{.title = "y", .points = {{1, 2}}}}});
  } catch (const Failure& failure) {
    complaint = failure.hint();
  }
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_NE(complaint.find("install gnuplot-nox"), std::string::npos);
}

TEST(Figures, AreWrittenShort) {
  EXPECT_EQ(percent(0.0972), "9.7");
  EXPECT_EQ(points(0.012), "+1.2");
  EXPECT_EQ(points(-0.00001), "+0.0");
  EXPECT_EQ(fixed(std::nullopt, 2), kNoFigure);
  EXPECT_EQ(probability(0.0002), "< 0.001");
  EXPECT_NEAR(two_sided_bound(0.0027), 3.0, 0.001);
  EXPECT_NEAR(two_sided_bound(level_of_each(0.05, 10)), 2.7996, 0.001);
}

TEST(ChanceTest, AnEvenMeanHasNoStandardError) {
  const Record even("even.json", record_of_wrong_keys({.model = "mlp", .scheme = "nnlock-v1", .spread = 0}));
  const Record off("off.json", record_of_wrong_keys({.model = "mlp", .scheme = "nnlock-v1", .wrong = 0.11, .spread = 0}));
  const ChanceTest test = test_against_chance({&even, &off});
  ASSERT_EQ(test.outside.size(), 1u);
  EXPECT_EQ(test.outside[0]->file(), "off.json");
}

}  // namespace
}  // namespace nnlock::lab
