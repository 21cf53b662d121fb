// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Greedy search for keys: from a random key, bits are flipped one at a time in random order, and a flip stays when the fitness rises. A
// key that no flip improves is a summit; the search then starts again elsewhere, until the budget is spent.
#include <numeric>

#include "lab/attack.hpp"
#include "lab/key_search/key_trial.hpp"
#include "lab/key_search/section.hpp"
#include "lab/report/figures.hpp"

namespace nnlock::lab {
namespace {

std::vector<std::size_t> random_order(std::size_t count, Random& random) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = count; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  return order;
}

// One search: tries keys as long as the budget lasts and remembers the best.
class Climber {
 public:
  Climber(const Fitness& fitness, KeyTrial& trial, KeyVerdict& verdict, std::size_t bits, std::int64_t budget, Random random)
      : fitness_(fitness), trial_(trial), verdict_(verdict), bits_(bits), budget_(budget), random_(random) {}

  void search() {
    while (left()) climb();
    note();
  }
  const Key& best() const { return best_; }
  std::int64_t evaluations() const { return evaluations_; }
  // By evaluations, every hundredth and the last: the best fitness so far, what the judge sees of that key, and the climbs begun.
  const Json& course() const { return course_; }
  // For each start: the fitness where the climb ended, and whether that was a summit (1) or the end of the budget (0).
  const Json& climbs() const { return climbs_; }

 private:
  bool left() const { return evaluations_ < budget_; }

  double tried(const Key& key) {
    const double fitness = fitness_.of(trial_.with(key));
    if (evaluations_++ == 0 || fitness > best_fitness_) best_ = key, best_fitness_ = fitness;
    if (evaluations_ % 100 == 0 && left()) note();
    return fitness;
  }

  void climb() {
    ++begun_;
    Key key = random_key(bits_, random_);
    double height = tried(key);
    Json climb;
    climb["first_fitness"] = height;
    bool improved = true;
    while (improved && left()) improved = pass(key, height);
    climb["fitness"] = height;
    climb["summit"] = improved ? 0 : 1;
    climbs_.push_back(climb);
  }

  // Each bit once.
  bool pass(Key& key, double& height) {
    bool improved = false;
    for (const std::size_t bit : random_order(bits_, random_)) {
      if (!left()) return true;  // not known to be a summit
      key.flip(bit);
      const double flipped = tried(key);
      if (flipped > height) height = flipped, improved = true;
      else key.flip(bit);
    }
    return improved;
  }

  void note() {
    course_["evaluations"].push_back(evaluations_);
    course_["best_fitness"].push_back(best_fitness_);
    course_["accuracy"].push_back(verdict_.accuracy(best_));
    course_["bits_right"].push_back(verdict_.bits_right(best_));
    course_["climbs"].push_back(begun_);
  }

  const Fitness& fitness_;
  KeyTrial& trial_;
  KeyVerdict& verdict_;
  std::size_t bits_;
  std::int64_t budget_, evaluations_ = 0, begun_ = 0;
  Random random_;
  Key best_;
  double best_fitness_ = 0;
  Json course_, climbs_;
};

class HillClimbing : public Attack {
 public:
  const AttackInfo& info() const override {
    static const AttackInfo info{.name = "hill-climbing",
                                 .summary = "greedy bit flips from random keys",
                                 .knows = {Knows::locked_file, Knows::architecture, Knows::training_data},
                                 .budget = {{"evaluations", "600", "3000", "keys tried"},
                                            {"images", "100", "250", "labelled images that give the fitness"},
                                            {"fitness", "loss", "loss", "loss or accuracy"}}};
    return info;
  }

  Json run(Attacker& attacker, const Judge& judge, const Budget& budget, const Log& log) const override {
    const Fitness fitness(Fitness::kind_named(budget.text("fitness")), attacker.training_data(budget.whole("images")));
    KeyTrial trial(attacker);
    KeyVerdict verdict(attacker, judge);
    Climber climber(fitness, trial, verdict, attacker.scheme().info().key_bits, std::max<std::int64_t>(1, budget.whole("evaluations")), Random(attacker.seed(), "hill climbing"));
    log("climbs");
    climber.search();
    Json outcome;
    outcome["course"] = climber.course();
    outcome["climbs"] = climber.climbs();
    outcome["evaluations"] = climber.evaluations();
    outcome["right_key_fitness"] = fitness.of(trial.with(*judge.right_key));
    outcome["found"] = verdict.of(climber.best());
    return outcome;
  }

  std::vector<Cell> cells(Effort effort) const override {
    std::vector<Cell> cells;
    const auto add = [&](const char* model, const char* scheme, Form form, std::uint64_t seed) {
      cells.push_back({.attack = info().name, .dataset = "fashion", .model = model, .scheme = scheme, .form = form, .seed = seed, .effort = effort});
    };
    if (effort == Effort::smoke) {
      for (const char* scheme : {"hpnn-64", "nnlock-v1"}) add("mlp", scheme, Form::float32, 1);
      return cells;
    }
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      for (const char* model : {"mlp", "lenet5"}) add(model, "hpnn-64", Form::float32, seed);
      add("lenet5", "nnlock-v1", Form::float32, seed);
      add("lenet5", "nnlock-2022-128", Form::int8, seed);
    }
    return cells;
  }

  void report(const RecordSet& records, Page& page) const override {
    const auto groups = groups_of(records, info());
    search_findings(groups, page);
    search_table(groups, page);
    Table summits{.columns = {"scheme", "target", "climbs", "of these to a summit"}, .rows = {}};
    for (const SearchGroup& group : groups) {
      std::size_t climbs = 0, ended = 0;
      for (const Record* record : group.records)
        for (std::size_t i = 0; i < record->size("outcome.climbs"); ++i) {
          ++climbs;
          ended += record->number("outcome.climbs." + std::to_string(i) + ".summit") == 1;
        }
      summits.rows.push_back({group.first().scheme(), group.target(), std::to_string(climbs), std::to_string(ended)});
    }
    page.paragraph("A climb ends on a summit, where no single flip helps, or with the budget.");
    page.table(summits);
    const Plot plot{.name = info().name, .title = "test accuracy of the best key, mean over keys", .x_axis = "keys tried", .y_axis = "accuracy (%)", .y_from = 0, .y_to = 100, .curves = {}, .level = 10};
    plots_by_model(with_usual_settings(groups), plot, [](const auto& some) { return mean_curves(some, "course.evaluations", "course.accuracy", 100); }, page);
  }
};

}  // namespace

const Attack& hill_climbing() {
  static const HillClimbing attack;
  return attack;
}

}  // namespace nnlock::lab
