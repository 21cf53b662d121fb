// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Is the stolen locked model worth more than no model at all? A thief with a share of the training data fine-tunes the locked weights, and
// the weights that a wrong key gives, beside a network of the usual initialiser that gets the same data, steps and settings. Nothing is
// repaired before (repair/ does that): training uses the statistics of the batch, whatever the running ones are.
#include "lab/fine_tuning/fine_tune.hpp"
#include "lab/fine_tuning/section.hpp"

namespace nnlock::lab {
namespace {

constexpr const char* kShares[] = {"0.01", "0.02", "0.05", "0.1", "0.2"};

Json outcome_of(const std::vector<FineTuned>& starts, const FineTuned& random, const Course& course) {
  Json outcome;
  outcome["images"] = course.images.size();
  std::vector<FineTuned> all = starts;
  all.push_back(random);
  for (const FineTuned& tuned : all) outcome["untouched"][tuned.start] = to_json(tuned.untouched);
  for (const FineTuned& tuned : all) add_runs(outcome["runs"], tuned);
  outcome["best"] = bests(all, course);
  outcome["difference"] = differences(starts, random, course);
  return outcome;
}

Cell cell_of(const std::string& attack, const std::string& model, const std::string& scheme, const char* share, std::uint64_t seed) {
  return {.attack = attack, .dataset = "fashion", .model = model, .scheme = scheme, .seed = seed, .with = {{"share", share}}};
}

class FineTuning : public Attack {
 public:
  const AttackInfo& info() const override {
    static const AttackInfo info{.name = "fine-tuning",
                                 .summary = "training goes on from the locked weights, with a share of the data, against random initialisation",
                                 .knows = {Knows::locked_file, Knows::architecture, Knows::training_data},
                                 .budget = course_parameters("0.01")};
    return info;
  }
  std::string refusal(const Target& target) const override {
    return target.form == Form::float32 ? "" : "it trains float32 weights, and these are " + std::string(to_string(target.form));
  }
  Json run(Attacker& attacker, const Judge& judge, const Budget& budget, const Log& log) const override {
    const Course course = course_of(attacker, budget);
    const FineTuned locked = fine_tune("locked", locked_as_it_is(attacker), course, judge, log);
    const FineTuned wrong_key = fine_tune("wrong_key", unlocked_with_a_wrong_key(attacker), course, judge, log);
    return outcome_of({locked, wrong_key}, fine_tune("random", initialised(attacker), course, judge, log), course);
  }
  std::vector<Cell> cells(Effort effort) const override {
    if (effort == Effort::smoke)
      return {{.attack = info().name, .dataset = "fashion", .model = "mlp", .scheme = "nnlock-v1", .effort = effort},
              {.attack = info().name, .dataset = "fashion", .model = "mlp", .scheme = "hpnn-64", .effort = effort}};
    std::vector<Cell> cells;
    for (const std::uint64_t seed : {1u, 2u, 3u})
      for (const char* model : {"mlp", "lenet5", "vgg", "resnet8"})
        for (const char* share : kShares) cells.push_back(small_enough(cell_of(info().name, model, "nnlock-v1", share, seed)));
    for (const char* share : {"0.01", "0.1"}) cells.push_back(cell_of(info().name, "lenet5", "nnlock-2022-128", share, 1));
    for (const char* model : {"mlp", "lenet5"})
      for (const char* share : kShares) cells.push_back(cell_of(info().name, model, "hpnn-64", share, 1));
    return cells;
  }
  void report(const RecordSet& records, Page& page) const override { report_fine_tuning(records, {"locked", "wrong_key"}, page); }
  std::vector<Finding> findings(const RecordSet& records, const Page&) const override { return findings_of_fine_tuning(records); }

 private:
  // The last layer alone on one model; fewer steps and rates where an image costs most.
  static Cell small_enough(Cell cell) {
    if (cell.model == "lenet5") cell.with["layers"] = "all,last";
    if (cell.model == "vgg" || cell.model == "resnet8") {
      cell.with["steps"] = "150";
      cell.with["rates"] = "2e-3,1e-2";
    }
    return cell;
  }
};

// What a thief can have who steals nothing: for a fair picture of the figures above.
class FineTuningPublicBase : public Attack {
 public:
  const AttackInfo& info() const override {
    static const AttackInfo info{.name = "fine-tuning-public-base",
                                 .summary = "the same from a public network of that architecture, trained on the sibling dataset; nothing stolen",
                                 .knows = {Knows::architecture, Knows::training_data, Knows::public_base},
                                 .budget = course_parameters("0.01")};
    return info;
  }
  Json run(Attacker& attacker, const Judge& judge, const Budget& budget, const Log& log) const override {
    const Course course = course_of(attacker, budget);
    const Start base = [&attacker] {
      auto network = attacker.network();
      load(*network, attacker.public_base());
      return network;
    };
    const FineTuned tuned = fine_tune("public", base, course, judge, log);
    return outcome_of({tuned}, fine_tune("random", initialised(attacker), course, judge, log), course);
  }
  std::vector<Cell> cells(Effort effort) const override {
    std::vector<Cell> cells;
    if (effort == Effort::smoke) return cells;  // it needs a second dataset
    for (const char* model : {"mlp", "lenet5"})
      for (const char* share : kShares) cells.push_back(cell_of(info().name, model, "nnlock-v1", share, 1));
    return cells;
  }
  void report(const RecordSet& records, Page& page) const override { report_fine_tuning(records, {"public"}, page); }
};

}  // namespace

const Attack& fine_tuning() {
  static const FineTuning attack;
  return attack;
}

const Attack& fine_tuning_public_base() {
  static const FineTuningPublicBase attack;
  return attack;
}

}  // namespace nnlock::lab
