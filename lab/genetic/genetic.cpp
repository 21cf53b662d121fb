// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The approximation attack of the NN-Lock paper as far as it is described: a population of candidate keys, a fitness on a few images,
// tournament selection, crossover, mutation. `genetic` has labels, `genetic-oracle` the answers of an authorised device.
#include "lab/attack.hpp"
#include "lab/genetic/evolution.hpp"
#include "lab/genetic/section.hpp"
#include "lab/key_search/key_trial.hpp"

namespace nnlock::lab {
namespace {

Key crossed(const Key& a, const Key& b, Random& random) {
  Key child = a;
  for (std::uint8_t& byte : child.bytes) {
    const auto from_b = static_cast<std::uint8_t>(random.below(256));
    byte = static_cast<std::uint8_t>((byte & ~from_b) | (b.bytes[static_cast<std::size_t>(&byte - child.bytes.data())] & from_b));
  }
  return child;
}

void mutate(Key& key, double rate, Random& random) {
  for (std::size_t i = 0; i < key.bits(); ++i)
    if (random.uniform() < rate) key.flip(i);
}

AttackInfo with_labels() {
  return {.name = "genetic",
          .summary = "genetic search for keys that answer labelled images right",
          .knows = {Knows::locked_file, Knows::architecture, Knows::training_data},
          .budget = {{"evaluations", "600", "3000", "keys tried, at most"},
                     {"population", "30", "60", "keys in a generation"},
                     {"images", "100", "250", "labelled images that give the fitness"},
                     {"fitness", "loss", "loss", "loss or accuracy"},
                     {"tournament", "3", "3", "keys drawn, of which the fittest becomes a parent"},
                     {"crossover", "0.9", "0.9", "probability that a child has two parents; each bit is then from either"},
                     {"mutation", "1", "1", "mean number of bits flipped in a child"},
                     {"elite", "2", "2", "best keys that go on as they are"}}};
}

AttackInfo with_oracle() {
  AttackInfo info = with_labels();
  info.name = "genetic-oracle";
  info.summary = "genetic search for keys that answer as an authorised device does";
  info.knows.push_back(Knows::oracle);
  std::erase_if(info.budget, [](const Parameter& parameter) { return parameter.name == "fitness"; });
  for (Parameter& parameter : info.budget)
    if (parameter.name == "images") parameter.meaning = "images that the oracle is asked about; fitness is minus the Jensen-Shannon divergence";
  return info;
}

class Genetic : public Attack {
 public:
  explicit Genetic(AttackInfo info) : info_(std::move(info)) {}
  const AttackInfo& info() const override { return info_; }

  Json run(Attacker& attacker, const Judge& judge, const Budget& budget, const Log& log) const override {
    const Fitness fitness = fitness_of(attacker, budget);
    KeyTrial trial(attacker);
    KeyVerdict verdict(attacker, judge);
    const std::size_t bits = attacker.scheme().info().key_bits;
    const double rate = budget.real("mutation") / static_cast<double>(bits);
    const Breeding<Key> breeding{.fresh = [&](Random& random) { return random_key(bits, random); },
                                 .cross = crossed,
                                 .mutate = [&](Key& key, Random& random) { mutate(key, rate, random); },
                                 .fitness = [&](const Key& key) { return fitness.of(trial.with(key)); }};
    Evolution<Key> evolution(evolution_settings(budget), breeding, Random(attacker.seed(), "genetic search"));
    log("generations");
    Json outcome;
    outcome["generations"] = run_to_the_end<Key>(evolution, [&](Json& checks, const Key& best) {
      checks["accuracy"].push_back(verdict.accuracy(best));
      checks["bits_right"].push_back(verdict.bits_right(best));
    });
    outcome["evaluations"] = evolution.evaluations();
    outcome["right_key_fitness"] = fitness.of(trial.with(*judge.right_key));
    outcome["found"] = verdict.of(evolution.best());
    return outcome;
  }

  std::vector<Cell> cells(Effort effort) const override;
  void report(const RecordSet& records, Page& page) const override { report_genetic(records, info(), page); }
  std::vector<Finding> findings(const RecordSet& records, const Page&) const override { return findings_of_genetic(records, info()); }

 private:
  bool asks() const { return info_.knows_about(Knows::oracle); }

  Fitness fitness_of(Attacker& attacker, const Budget& budget) const {
    const Images images = attacker.training_data(budget.whole("images"));
    return asks() ? Fitness(images.pixels, attacker.ask_oracle(images.pixels)) : Fitness(Fitness::kind_named(budget.text("fitness")), images);
  }

  AttackInfo info_;
};

std::vector<Cell> Genetic::cells(Effort effort) const {
  std::vector<Cell> cells;
  const auto add = [&](const char* model, const char* scheme, Form form, std::uint64_t seed, std::map<std::string, std::string> with = {}) {
    cells.push_back({.attack = info_.name, .dataset = "fashion", .model = model, .scheme = scheme, .form = form, .seed = seed, .effort = effort, .with = std::move(with)});
  };
  if (effort == Effort::smoke || asks()) {
    const char* model = effort == Effort::smoke ? "mlp" : "lenet5";
    for (const char* scheme : {"hpnn-64", "nnlock-v1"}) add(model, scheme, Form::float32, 1);
    return cells;
  }
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    for (const char* model : {"mlp", "lenet5"}) add(model, "hpnn-64", Form::float32, seed);
    add("lenet5", "nnlock-v1", Form::float32, seed);
    add("lenet5", "nnlock-2022-128", Form::int8, seed);
  }
  add("mlp", "nnlock-v1", Form::float32, 1);
  add("mlp", "nnlock-2022-128", Form::int8, 1);
  for (const char* model : {"mlp", "lenet5"}) add(model, "hpnn-128", Form::float32, 1);
  add("mlp", "hpnn-256", Form::float32, 1);
  for (const char* scheme : {"hpnn-64", "nnlock-v1"})
    for (const auto& [parameter, value] : {std::pair{"fitness", "accuracy"}, {"population", "20"}, {"population", "120"}, {"mutation", "4"}})
      add("lenet5", scheme, Form::float32, 1, {{parameter, value}});
  return cells;
}

}  // namespace

const Attack& genetic() {
  static const Genetic attack(with_labels());
  return attack;
}

const Attack& genetic_oracle() {
  static const Genetic attack(with_oracle());
  return attack;
}

}  // namespace nnlock::lab
