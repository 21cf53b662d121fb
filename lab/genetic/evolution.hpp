// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// A genetic algorithm over anything that can be bred: tournament selection, crossover, mutation, and the best survive as they are.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

#include "lab/attack.hpp"
#include "lab/failure.hpp"
#include "lab/json.hpp"
#include "lab/random.hpp"

namespace nnlock::lab {

struct EvolutionSettings {
  std::int64_t evaluations = 0;  // of the fitness, at most
  std::int64_t population = 0;
  std::int64_t tournament = 0;   // that many are drawn, the fittest becomes a parent
  std::int64_t elite = 0;        // survive as they are, without a new evaluation
  double crossover = 0;          // probability that a child has two parents
};

// From an attack's budget, whose parameters have these names.
inline EvolutionSettings evolution_settings(const Budget& budget) {
  return {.evaluations = budget.whole("evaluations"),
          .population = budget.whole("population"),
          .tournament = budget.whole("tournament"),
          .elite = budget.whole("elite"),
          .crossover = budget.real("crossover")};
}

template <class Genome>
struct Breeding {
  std::function<Genome(Random&)> fresh;
  std::function<Genome(const Genome&, const Genome&, Random&)> cross;
  std::function<void(Genome&, Random&)> mutate;
  std::function<double(const Genome&)> fitness;  // larger is better
};

template <class Genome>
class Evolution {
 public:
  struct Member {
    Genome genome;
    double fitness = 0;
  };

  // Draws and evaluates the first population.
  Evolution(const EvolutionSettings& settings, Breeding<Genome> breeding, Random random) : settings_(settings), breeding_(std::move(breeding)), random_(random) {
    if (settings.population < 2 || settings.elite < 0 || settings.elite >= settings.population || settings.tournament < 1 || settings.evaluations < settings.population)
      throw Failure("a genetic search with these settings cannot run", "give population >= 2, 0 <= elite < population, tournament >= 1, evaluations >= population");
    std::vector<Member> first;
    while (static_cast<std::int64_t>(first.size()) < settings.population) first.push_back(evaluated(breeding_.fresh(random_)));
    settle(std::move(first));
  }

  // One generation; false when the budget does not hold another.
  bool next() {
    if (evaluations_ + settings_.population - settings_.elite > settings_.evaluations) return false;
    std::vector<Member> members(members_.begin(), members_.begin() + settings_.elite);
    while (static_cast<std::int64_t>(members.size()) < settings_.population) members.push_back(evaluated(child()));
    settle(std::move(members));
    return true;
  }

  const Genome& best() const { return members_.front().genome; }
  double best_fitness() const { return members_.front().fitness; }
  double mean_fitness() const {
    double sum = 0;
    for (const Member& member : members_) sum += member.fitness;
    return sum / static_cast<double>(members_.size());
  }
  std::int64_t evaluations() const { return evaluations_; }

 private:
  Member evaluated(Genome genome) {
    ++evaluations_;
    const double fitness = breeding_.fitness(genome);
    return {std::move(genome), fitness};
  }
  const Genome& winner() {  // members stand best first
    std::uint64_t least = members_.size();
    for (std::int64_t i = 0; i < settings_.tournament; ++i) least = std::min(least, random_.below(members_.size()));
    return members_[least].genome;
  }
  Genome child() {
    const Genome& mother = winner();
    Genome genome = random_.uniform() < settings_.crossover ? breeding_.cross(mother, winner(), random_) : mother;
    breeding_.mutate(genome, random_);
    return genome;
  }
  void settle(std::vector<Member> members) {
    std::stable_sort(members.begin(), members.end(), [](const Member& a, const Member& b) { return a.fitness > b.fitness; });
    members_ = std::move(members);
  }

  EvolutionSettings settings_;
  Breeding<Genome> breeding_;
  Random random_;
  std::vector<Member> members_;
  std::int64_t evaluations_ = 0;
};

// Runs to the end of the budget. Returns for each generation the evaluations so far and the best and the mean fitness; at every fifth and
// the last, `check` adds what the judge sees of the best (`checks`).
template <class Genome>
Json run_to_the_end(Evolution<Genome>& evolution, const std::function<void(Json& checks, const Genome& best)>& check) {
  Json course;
  std::int64_t generation = 0;
  const auto checked = [&] {
    course["checks"]["generation"].push_back(generation);
    course["checks"]["evaluations"].push_back(evolution.evaluations());
    check(course["checks"], evolution.best());
  };
  for (bool more = true; more; ++generation) {
    course["evaluations"].push_back(evolution.evaluations());
    course["best_fitness"].push_back(evolution.best_fitness());
    course["mean_fitness"].push_back(evolution.mean_fitness());
    if (generation % 5 == 0) checked();
    more = evolution.next();
  }
  --generation;
  if (generation % 5 != 0) checked();
  return course;
}

}  // namespace nnlock::lab
