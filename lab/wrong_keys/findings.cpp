// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cmath>

#include "lab/metrics.hpp"
#include "lab/report/figures.hpp"
#include "lab/wrong_keys/section.hpp"

namespace nnlock::lab {
namespace {

bool same_network(const Record& a, const Record& b) {
  return a.dataset() == b.dataset() && a.model() == b.model() && a.weights() == b.weights() && a.text("effort") == b.text("effort") && a.runtime() == b.runtime();
}

// Without the key bits: nnlock-2022-128 and -256 are of one kind.
std::string kind_of(const std::string& scheme) {
  const std::size_t dash = scheme.rfind('-');
  return dash != std::string::npos && scheme.find_first_not_of("0123456789", dash + 1) == std::string::npos ? scheme.substr(0, dash) : scheme;
}

const Record* lender(const Record& record, const RecordSet& records, const std::string& kind) {
  const std::string count = "outcome." + kind + ".count";
  const bool any_scheme = kind == "initialised_networks";
  const auto has_some = [&](const Record& other) { return other.number_if(count).value_or(0) > 1; };
  if (has_some(record)) return &record;
  for (const Record& other : records)
    if (same_network(record, other) && has_some(other) && (any_scheme || kind_of(other.scheme()) == kind_of(record.scheme()))) return &other;
  return nullptr;
}

struct Range {
  double least = 1, greatest = 0;
  void take(double value) {
    least = std::min(least, value);
    greatest = std::max(greatest, value);
  }
  std::string text() const { return (percent(least) == percent(greatest) ? "" : percent(least) + " to ") + percent(greatest) + " %"; }
};

std::vector<const Record*> starting_with(const RecordSet& records, const std::string& scheme) {
  std::vector<const Record*> some;
  for (const Record& record : records)
    if (record.runtime().empty() && record.scheme().starts_with(scheme)) some.push_back(&record);
  return some;
}

Finding right_key(const std::vector<const Record*>& cells) {
  Range right, cost;
  std::size_t agreeing = 0;
  for (const Record* cell : cells) {
    const double accuracy = cell->number("outcome.right_key.accuracy"), best_wrong = cell->number("outcome.random_keys.accuracy.max");
    right.take(accuracy);
    cost.take(accuracy - best_wrong);
    agreeing += accuracy - best_wrong > 0.3;
  }
  return {Claim::right_key, verdict_of(agreeing, cells.size()),
          "`nnlock-v1`: right key " + right.text() + " (unlocking gives back the network to the bit); the best of all random keys of a cell is at least " + percent(cost.least) +
              " points below it (" + counted(cells.size(), "cell") + ")"};
}

Finding wrong_key_v1(const std::vector<const Record*>& cells) {
  const ChanceTest test = test_against_chance(cells);
  Range means;
  for (const Record* cell : cells) means.take(cell->number("outcome.random_keys.accuracy.mean"));
  return {Claim::wrong_key, verdict_of(cells.size() - test.outside.size(), cells.size()),
          "`nnlock-v1`: means of " + means.text() + " under random keys; " + std::to_string(cells.size() - test.outside.size()) + " of " + counted(cells.size(), "cell") + " within " +
              fixed(test.bound, 2) + " standard errors of chance (corrected for their number)"};
}

Finding wrong_key_2022(const std::vector<const Record*>& cells, const Page& page) {
  Range means;
  const Record* worst = nullptr;
  double highest = 0;
  std::size_t at_chance = 0, nan_cells = 0;
  for (const Record* cell : cells) {
    const double chance = chance_of(*cell);
    means.take(cell->number("outcome.random_keys.accuracy.mean"));
    nan_cells += cell->number("outcome.random_keys.nan_share.mean") > 0.5;
    bool off = test_against_chance({cell}).outside.size() > 0;
    for (const Near& near : near_keys_of(*cell)) {
      off |= near.greatest > 2 * chance;
      if (near.greatest > highest) highest = near.greatest, worst = cell;
    }
    at_chance += !off;
  }
  std::string text = "`nnlock-2022`: means of " + means.text() + " under random keys";
  if (worst != nullptr) text += "; under the best key near the right one " + page.link(*worst, percent(highest) + " %");
  return {Claim::wrong_key, verdict_of(at_chance, cells.size()), text + "; " + std::to_string(at_chance) + " of " + counted(cells.size(), "cell") + " at chance, with no near key above twice chance; in " +
                                                           std::to_string(nan_cells) + " most answers are NaN"};
}

Finding loss_of_hpnn(const std::vector<const Record*>& cells) {
  Range loss;
  std::size_t as_claimed = 0;
  for (const Record* cell : cells) {
    const double cost = cell->number("outcome.right_key.accuracy") - cell->number("outcome.random_keys.accuracy.mean");
    loss.take(cost);
    as_claimed += cost >= 0.7322;
  }
  return {Claim::hpnn_loss, verdict_of(as_claimed, cells.size()),
          "random wrong keys cost " + percent(loss.least) + " to " + percent(loss.greatest) + " points on average; 73.22 or more in " + std::to_string(as_claimed) + " of " +
              counted(cells.size(), "cell")};
}

Finding any_model(const std::vector<const Record*>& cells, const Page& page) {
  std::string text = "locked files ran unchanged in";
  for (const Record* cell : cells) text += std::string(cell == cells.front() ? " " : ", ") + page.link(*cell, cell->model() + " (" + cell->runtime() + ")");
  return {Claim::any_model, verdict_of(cells.size(), cells.size()), text + "; no Coral device was at hand"};
}

}  // namespace

std::optional<Against> against(const Record& record, const RecordSet& records, const std::string& kind) {
  const Record* from = lender(record, records, kind);
  if (from == nullptr) return std::nullopt;
  const auto networks = from->numbers("outcome." + kind + ".accuracies"), keys = record.numbers("outcome.random_keys.accuracies");
  const Summary left = summarise(networks), right = summarise(keys);
  const double error = std::hypot(left.standard_error, right.standard_error);
  Against result{.mean = left.mean, .deviation = left.deviation, .probability = compare(networks, keys).probability, .standard_errors = {}};
  if (error > 0) result.standard_errors = (right.mean - left.mean) / error;
  return result;
}

ChanceTest test_against_chance(const std::vector<const Record*>& cells) {
  ChanceTest test{.bound = 3, .cells = cells, .outside = {}};
  if (!cells.empty()) test.bound = two_sided_bound(level_of_each(ChanceTest::kLevel, cells.size()));
  for (const Record* cell : cells) {
    // All keys alike: there is no standard error, and the mean is chance or is not.
    const double off = cell->number("outcome.random_keys.accuracy.mean") - chance_of(*cell), error = cell->number("outcome.random_keys.accuracy.se");
    if (error > 0 ? std::abs(off) > test.bound * error : std::abs(off) > 1e-6) test.outside.push_back(cell);
  }
  return test;
}

std::vector<Near> near_keys_of(const Record& record) {
  std::vector<Near> all;
  for (std::size_t i = 0; i < record.size("outcome.near_keys"); ++i) {
    const std::string one = "outcome.near_keys." + std::to_string(i) + ".";
    all.push_back({.distance = record.number(one + "distance"), .mean = record.number(one + "answers.accuracy.mean"), .greatest = record.number(one + "answers.accuracy.max"),
                   .equal_bytes = record.number_if(one + "equal_bytes.mean")});
  }
  return all;
}

double chance_of(const Record& record) { return record.number("outcome.against_chance.chance"); }

std::vector<const Record*> of_scheme(const RecordSet& records, const std::string& scheme) {
  std::vector<const Record*> some;
  for (const Record& record : records)
    if (record.runtime().empty() && record.scheme() == scheme) some.push_back(&record);
  return some;
}

std::vector<Finding> findings_of_wrong_keys(const RecordSet& records, const Page& page) {
  std::vector<Finding> findings;
  std::vector<const Record*> in_runtimes;
  for (const Record& record : records)
    if (!record.runtime().empty()) in_runtimes.push_back(&record);
  if (const auto cells = of_scheme(records, "nnlock-v1"); !cells.empty()) {
    findings.push_back(right_key(cells));
    findings.push_back(wrong_key_v1(cells));
  }
  if (const auto cells = starting_with(records, "nnlock-2022"); !cells.empty()) findings.push_back(wrong_key_2022(cells, page));
  if (!in_runtimes.empty()) findings.push_back(any_model(in_runtimes, page));
  if (const auto cells = starting_with(records, "hpnn"); !cells.empty()) findings.push_back(loss_of_hpnn(cells));
  return findings;
}

}  // namespace nnlock::lab
