// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cmath>
#include <map>

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
  std::string text(const std::string& unit = "%") const { return (percent(least) == percent(greatest) ? "" : percent(least) + " to ") + percent(greatest) + " " + unit; }
};

std::vector<const Record*> starting_with(const RecordSet& records, const std::string& scheme) {
  std::vector<const Record*> some;
  for (const Record& record : records)
    if (record.runtime().empty() && record.scheme().starts_with(scheme)) some.push_back(&record);
  return some;
}

// `what` names the cells.
Finding right_key(const std::string& what, const std::vector<const Record*>& cells, const RecordSet& records, const Page& page) {
  Range right, best_wrong;
  std::size_t agreeing = 0;
  std::string others;
  for (const Record* cell : cells) {
    const double best = cell->number("outcome.random_keys.accuracy.max");
    right.take(cell->number("outcome.right_key.accuracy"));
    best_wrong.take(best);
    agreeing += best < half_way(*cell);
    if (best < half_way(*cell)) continue;
    others += "; one does in " + page.link(*cell, cell->model()) + ": " + percent(best) + " %";
    if (const auto networks = against(*cell, records, "random_networks")) others += ", where the best random network has " + percent(networks->greatest) + " %";
  }
  return {Claim::right_key, verdict_of(agreeing, cells.size()),
          what + ": right key " + right.text() + ", best random key of a cell " + best_wrong.text() + "; in " + std::to_string(agreeing) + " of " + counted(cells.size(), "cell") +
              " no random key gets half way from chance to the right key" + others};
}

Finding wrong_key_v1(const std::string& what, const std::vector<const Record*>& cells) {
  const ChanceTest test = test_against_chance(cells);
  Range means;
  for (const Record* cell : cells) means.take(cell->number("outcome.random_keys.accuracy.mean"));
  return {Claim::wrong_key, verdict_of(cells.size() - test.outside.size(), cells.size()),
          what + ": means of " + means.text() + " under random keys; " + std::to_string(cells.size() - test.outside.size()) + " of " + counted(cells.size(), "cell") + " within " +
              fixed(test.bound, 2) + " standard errors of chance (corrected for their number)"};
}

// The least and the greatest share of bytes, over the cells, that a key with one wrong bit unlocks right.
std::string bytes_of_one_wrong_bit(const std::vector<const Record*>& cells) {
  Range bytes;
  for (const Record* cell : cells)
    for (const Near& near : near_keys_of(*cell))
      if (near.distance == 1 && near.equal_bytes) bytes.take(*near.equal_bytes);
  return bytes.least > bytes.greatest ? "" : "; yet one wrong bit leaves " + bytes.text() + " of the parameter bytes right on average";
}

Finding wrong_key_2022(const std::vector<const Record*>& cells, const Page& page) {
  Range means;
  const Record* worst = nullptr;
  double highest = 0;
  std::size_t at_chance = 0, nan_cells = 0, one_answer = 0;
  const double bound = bound_of_near_keys(cells);
  const auto outside = test_against_chance(cells).outside;
  for (const Record* cell : cells) {
    means.take(cell->number("outcome.random_keys.accuracy.mean"));
    nan_cells += cell->number("outcome.random_keys.nan_share.mean") > 0.5;
    one_answer += cell->number("outcome.random_keys.entropy.mean") == 0;
    bool off = std::find(outside.begin(), outside.end(), cell) != outside.end();
    for (const Near& near : near_keys_of(*cell)) {
      off |= told_from_random_keys(near, *cell, bound);
      if (near.greatest > highest) highest = near.greatest, worst = cell;
    }
    at_chance += !off;
  }
  std::string text = "`nnlock-2022`: means of " + means.text() + " under random keys";
  if (one_answer > 0)
    text += ", with no guessing: in " + std::to_string(one_answer) + " of " + counted(cells.size(), "cell") + " each key gives one answer to all images, which has the accuracy of chance whatever it is";
  text += "; in " + std::to_string(nan_cells) + " of " + counted(cells.size(), "cell") + " most answers are NaN";
  if (worst != nullptr) text += "; up to " + page.link(*worst, percent(highest) + " %") + " under keys near the right one";
  return {Claim::wrong_key, verdict_of(at_chance, cells.size()), text + "; " + std::to_string(at_chance) + " cells at chance with near keys as with random ones" + bytes_of_one_wrong_bit(cells)};
}

// A network can lose no more than its accuracy less chance, and only those that can lose what was claimed count.
Finding loss_of_hpnn(const std::vector<const Record*>& cells) {
  constexpr double kClaimed = 0.7322;
  Range loss;
  std::size_t as_claimed = 0, able = 0;
  for (const Record* cell : cells) {
    const double right = cell->number("outcome.right_key.accuracy"), cost = right - cell->number("outcome.random_keys.accuracy.mean");
    loss.take(cost);
    if (right - chance_of(*cell) < kClaimed) continue;
    ++able;
    as_claimed += cost >= kClaimed;
  }
  return {Claim::hpnn_loss, verdict_of(as_claimed, able),
          "random wrong keys cost " + loss.text("points") + " on average (" + counted(cells.size(), "cell") + "); 73.22 or more in " + std::to_string(as_claimed) + " of the " + std::to_string(able) +
              " accurate enough to lose so much"};
}

Finding any_model(const std::vector<const Record*>& cells) {
  std::map<std::string, std::size_t> runtimes;
  std::size_t exact = 0;
  for (const Record* cell : cells) {
    ++runtimes[cell->runtime()];
    const Json* identical = cell->find("outcome.right_key.bytes_identical");
    exact += identical != nullptr && identical->flag();
  }
  std::string text;
  for (const auto& [runtime, count] : runtimes) text += (text.empty() ? "" : ", ") + runtime + " (" + counted(count, "model") + ")";
  return {Claim::any_model, verdict_of(exact, cells.size()),
          "public models, locked, ran unchanged in " + text + "; " + std::to_string(exact) + " of " + counted(cells.size(), "file") + " came back to the byte; no Coral device was at hand"};
}

}  // namespace

std::optional<Against> against(const Record& record, const RecordSet& records, const std::string& kind) {
  const Record* from = lender(record, records, kind);
  if (from == nullptr) return std::nullopt;
  const auto networks = from->numbers("outcome." + kind + ".accuracies"), keys = record.numbers("outcome.random_keys.accuracies");
  const Summary left = summarise(networks), right = summarise(keys);
  const double error = std::hypot(left.standard_error, right.standard_error);
  Against result{.mean = left.mean, .deviation = left.deviation, .greatest = left.greatest, .probability = compare(networks, keys).probability, .standard_errors = {}};
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
    all.push_back({.distance = record.number(one + "distance"), .count = record.number(one + "answers.count"), .mean = record.number(one + "answers.accuracy.mean"), .greatest = record.number(one + "answers.accuracy.max"),
                   .equal_bytes = record.number_if(one + "equal_bytes.mean")});
  }
  return all;
}

bool told_from_random_keys(const Near& near, const Record& record, double bound) {
  const double off = near.mean - record.number("outcome.random_keys.accuracy.mean"), deviation = record.number("outcome.random_keys.accuracy.sd");
  if (deviation == 0) return std::abs(off) > 1e-6;  // all random keys alike
  return std::abs(off) > bound * deviation * std::sqrt(1 / near.count + 1 / record.number("outcome.random_keys.count"));
}

double bound_of_near_keys(const std::vector<const Record*>& cells) {
  std::size_t tests = 0;
  for (const Record* cell : cells) tests += near_keys_of(*cell).size();
  return tests == 0 ? 3 : two_sided_bound(level_of_each(ChanceTest::kLevel, tests));
}

double half_way(const Record& record) { return (record.number("outcome.right_key.accuracy") + chance_of(record)) / 2; }

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
    findings.push_back(right_key("`nnlock-v1`", cells, records, page));
    findings.push_back(wrong_key_v1("`nnlock-v1`", cells));
  }
  if (!in_runtimes.empty()) {
    const std::string what = "`nnlock-v1`, public models in their runtimes, each by its own measure and chance";
    findings.push_back(right_key(what, in_runtimes, records, page));
    findings.push_back(wrong_key_v1(what, in_runtimes));
    findings.push_back(any_model(in_runtimes));
  }
  if (const auto cells = starting_with(records, "nnlock-2022"); !cells.empty()) {
    findings.push_back(right_key("`nnlock-2022`", cells, records, page));
    findings.push_back(wrong_key_2022(cells, page));
  }
  if (const auto cells = starting_with(records, "hpnn"); !cells.empty()) findings.push_back(loss_of_hpnn(cells));
  return findings;
}

}  // namespace nnlock::lab
