// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Genetic search for weights instead of keys: who cannot find the key may still ask whether the locked weights are a better place to
// start from than any other. Once from the locked weights, once from random initialisation, with one budget.
#include "lab/attack.hpp"
#include "lab/genetic/evolution.hpp"
#include "lab/genetic/section.hpp"
#include "lab/key_search/key_trial.hpp"
#include "lab/wrong_keys/random_networks.hpp"

namespace nnlock::lab {
namespace {

// Draws a whole set of weights, from which mutations take their values.
using Source = std::function<Weights(Random&)>;

torch::Tensor random_mask(const torch::Tensor& like, double share, Random& random) {
  auto mask = torch::empty(like.sizes(), torch::kBool);
  bool* const values = mask.data_ptr<bool>();
  for (std::int64_t i = 0; i < mask.numel(); ++i) values[i] = random.uniform() < share;
  return mask;
}

// A share of all parameters is drawn anew; scales are structure.
void redraw(Weights& weights, double share, const Source& source, Random& random) {
  const Weights fresh = source(random);
  for (std::size_t i = 0; i < weights.size(); ++i)
    if (!is_scale(weights[i].name)) weights[i].value = torch::where(random_mask(weights[i].value, share, random), fresh[i].value, weights[i].value);
}

// Each tensor from either parent.
Weights crossed(const Weights& a, const Weights& b, Random& random) {
  Weights child = a;  // tensors are shared, and never written to
  for (std::size_t i = 0; i < child.size(); ++i)
    if (random.below(2) == 1) child[i] = b[i];
  return child;
}

class GeneticWeights : public Attack {
 public:
  const AttackInfo& info() const override {
    static const AttackInfo info{.name = "genetic-weights",
                                 .summary = "genetic search for weights, from the locked ones and from random initialisation",
                                 .knows = {Knows::locked_file, Knows::architecture, Knows::training_data},
                                 .budget = {{"evaluations", "600", "3000", "sets of weights tried from each start, at most"},
                                            {"population", "30", "60", "sets in a generation"},
                                            {"images", "100", "250", "labelled images that give the fitness"},
                                            {"fitness", "loss", "loss", "loss or accuracy"},
                                            {"first_share", "0.1", "0.1", "share of the parameters drawn anew in each of the first sets"},
                                            {"mutation", "0.003", "0.003", "share of the parameters drawn anew in a child"},
                                            {"tournament", "3", "3", "sets drawn, of which the fittest becomes a parent"},
                                            {"crossover", "0.9", "0.9", "probability that a child has two parents; each tensor is then from either"},
                                            {"elite", "2", "2", "best sets that go on as they are"}}};
    return info;
  }

  std::string refusal(const Target& target) const override {
    return target.scheme->info().scramble == Scramble::none ? "the weights of " + target.scheme->info().name + " are not locked" : "";
  }

  Json run(Attacker& attacker, const Judge& judge, const Budget& budget, const Log& log) const override {
    const Images images = attacker.training_data(budget.whole("images"));
    const Weights locked = from_safetensors(attacker.locked_file(), "the locked model");
    const Source within_range = [&](Random& random) { return random_weights(locked, attacker.scheme().info().scramble, random); };
    std::uint64_t number = 0;
    const Source initialiser = [&](Random&) { return stored(*attacker.network(++number), attacker.target().form, images); };
    Random unused(0, "");
    Json outcome;
    log("from the locked weights");
    outcome["from_locked"] = searched(attacker, images, locked, within_range, judge, budget);
    log("from random initialisation");
    outcome["from_initialised"] = searched(attacker, images, initialiser(unused), initialiser, judge, budget);
    outcome["right_key_accuracy"] = judge.measure(*network_under(*judge.right_key, attacker)).accuracy;
    return outcome;
  }

  std::vector<Cell> cells(Effort effort) const override {
    std::vector<Cell> cells;
    const auto add = [&](const char* model, const char* scheme, Form form) {
      cells.push_back({.attack = info().name, .dataset = "fashion", .model = model, .scheme = scheme, .form = form, .effort = effort});
    };
    if (effort == Effort::smoke) {
      add("lenet5", "nnlock-v1", Form::float32);
      return cells;
    }
    add("lenet5", "nnlock-v1", Form::float32);
    add("lenet5", "nnlock-2022-128", Form::int8);
    return cells;
  }
  void report(const RecordSet& records, Page& page) const override { report_genetic_weights(records, info(), page); }

 private:
  static Json searched(const Attacker& attacker, const Images& images, const Weights& start, const Source& source, const Judge& judge, const Budget& budget) {
    const Fitness fitness(Fitness::kind_named(budget.text("fitness")), images);
    const auto network = attacker.network();
    const double first_share = budget.real("first_share"), share = budget.real("mutation");
    const auto fresh = [&](Random& random) {
      Weights weights = start;
      redraw(weights, first_share, source, random);
      return weights;
    };
    const auto tried = [&](const Weights& weights) -> Network& {
      load(*network, weights);
      return *network;
    };
    const Breeding<Weights> breeding{.fresh = fresh,
                                     .cross = crossed,
                                     .mutate = [&](Weights& weights, Random& random) { redraw(weights, share, source, random); },
                                     .fitness = [&](const Weights& weights) { return fitness.of(tried(weights)); }};
    Evolution<Weights> evolution(evolution_settings(budget), breeding, Random(attacker.seed(), "genetic search for weights"));
    Json json;
    json["start_accuracy"] = judge.measure(tried(start)).accuracy;
    json["generations"] = run_to_the_end<Weights>(evolution, [&](Json& checks, const Weights& best) { checks["accuracy"].push_back(judge.measure(tried(best)).accuracy); });
    json["evaluations"] = evolution.evaluations();
    json["accuracy"] = judge.measure(tried(evolution.best())).accuracy;
    return json;
  }
};

}  // namespace

const Attack& genetic_weights() {
  static const GeneticWeights attack;
  return attack;
}

}  // namespace nnlock::lab
