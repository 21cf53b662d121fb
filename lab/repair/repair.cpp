// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Do locked weights become useful when they are brought into shape first? Pruning, requantisation, clipping and norm matching of the locked
// weights, and of those a wrong key gives; each result is measured as it is, and after the fine-tuning that random initialisation gets too.
#include "lab/fine_tuning/fine_tune.hpp"
#include "lab/repair/section.hpp"
#include "lab/repair/transforms.hpp"

namespace nnlock::lab {
namespace {

constexpr const char* kTransforms =
    "none,prune_largest,prune_smallest,requantise,clip_initialiser,clip_deviations,norm_match,clip_deviations+norm_match";

class Repair : public Attack {
 public:
  const AttackInfo& info() const override {
    static const AttackInfo info{.name = "repair",
                                 .summary = "pruning, requantisation, clipping and norm matching of the locked weights, then fine-tuning",
                                 .knows = {Knows::locked_file, Knows::architecture, Knows::training_data},
                                 .budget = parameters()};
    return info;
  }
  std::string refusal(const Target& target) const override {
    return target.form == Form::float32 ? "" : "it trains float32 weights, and these are " + std::string(to_string(target.form));
  }
  Json run(Attacker& attacker, const Judge& judge, const Budget& budget, const Log& log) const override {
    const Course course = course_of(attacker, budget);
    const Strengths strengths{.pruned = budget.real("pruned"), .percentile = budget.real("percentile"), .deviations = budget.real("deviations")};
    const FineTuned random = fine_tune("random", initialised(attacker), course, judge, log);
    Json outcome;
    outcome["images"] = course.images.size();
    outcome["random"]["untouched"] = to_json(random.untouched);
    outcome["random"]["best"] = bests({random}, course);
    add_runs(outcome["runs"], random, "none");
    for (const std::string& transform : budget.names("transforms")) {
      log(transform);
      const auto repaired = [&](const Start& start) { return transformed(start, transform, attacker, strengths); };
      const std::vector<FineTuned> tuned = {fine_tune("locked", repaired(locked_as_it_is(attacker)), course, judge, log),
                                            fine_tune("wrong_key", repaired(unlocked_with_a_wrong_key(attacker)), course, judge, log)};
      outcome["transforms"].push_back(row(transform, tuned, random, course));
      for (const FineTuned& one : tuned) add_runs(outcome["runs"], one, transform);
    }
    return outcome;
  }
  std::vector<Cell> cells(Effort effort) const override {
    if (effort == Effort::smoke) return {{.attack = info().name, .dataset = "fashion", .model = "mlp", .scheme = "nnlock-v1", .effort = effort}};
    std::vector<Cell> cells;
    for (const std::uint64_t seed : {1u, 2u, 3u})
      for (const char* model : {"mlp", "lenet5"})
        cells.push_back({.attack = info().name, .dataset = "fashion", .model = model, .scheme = "nnlock-v1", .seed = seed});
    return cells;
  }
  void report(const RecordSet& records, Page& page) const override { report_repair(records, page); }
  std::vector<Finding> findings(const RecordSet& records, const Page&) const override { return findings_of_repair(records); }

 private:
  static std::vector<Parameter> parameters() {
    auto all = course_parameters("0.05");
    all.push_back({"transforms", "none,clip_initialiser,norm_match", kTransforms, "each tried; '+' joins"});
    all.push_back({"pruned", "0.2", "0.2", "share of each tensor that pruning sets to zero"});
    all.push_back({"percentile", "0.99", "0.99", "of magnitudes, where int8 ends"});
    all.push_back({"deviations", "2", "2", "standard deviations, where clip_deviations ends"});
    return all;
  }

  static Start transformed(const Start& start, const std::string& transform, Attacker& attacker, const Strengths& strengths) {
    return [=, &attacker] {
      auto network = start();
      apply_transform(transform, *network, *attacker.network(1), strengths);
      return network;
    };
  }

  static Json row(const std::string& transform, const std::vector<FineTuned>& tuned, const FineTuned& random, const Course& course) {
    Json json;
    json["transform"] = transform;
    for (const FineTuned& one : tuned) json["untouched"][one.start] = to_json(one.untouched);
    json["best"] = bests(tuned, course);
    json["difference"] = differences(tuned, random, course);
    return json;
  }
};

}  // namespace

const Attack& repair() {
  static const Repair attack;
  return attack;
}

}  // namespace nnlock::lab
