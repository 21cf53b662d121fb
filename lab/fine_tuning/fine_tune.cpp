// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/fine_tuning/fine_tune.hpp"

#include <algorithm>
#include <cmath>

#include "lab/failure.hpp"

namespace nnlock::lab {
namespace {

void quiet(const std::string&) {}

// Freezes all layers but the last, which gives the answer.
void choose_layers(Network& network, const std::string& layers) {
  if (layers == "all") return;
  for (auto& parameter : network.parameters()) parameter.requires_grad_(false);
  for (auto& parameter : network.units().back().unit->parameters()) parameter.requires_grad_(true);
}

Run run_once(Network& network, const std::string& layers, double rate, const Course& course, const Judge& judge) {
  Run run{.layers = layers, .rate = rate};
  choose_layers(network, layers);
  std::int64_t point = 1;
  const auto measure_points = [&](std::int64_t done) {
    if (done < course.steps * point / course.points) return;
    ++point;
    run.steps.push_back(done);
    run.accuracy.push_back(judge.measure(network).accuracy);
  };
  train(network, course.images, {.steps = course.steps, .batch = course.batch, .rate = rate}, course.seed, quiet, measure_points);
  return run;
}

double best_of(const Run& run) { return *std::max_element(run.accuracy.begin(), run.accuracy.end()); }

Json per_layers(const std::vector<FineTuned>& all, const Course& course, const std::function<double(const FineTuned&, const std::string&)>& figure) {
  Json json;
  for (const FineTuned& tuned : all)
    for (const std::string& layers : course.layers) json[tuned.start + "_" + layers] = figure(tuned, layers);
  return json;
}

}  // namespace

std::vector<Parameter> course_parameters(const char* full_share) {
  return {{"share", "0.01", full_share, "share of the training images that the thief has"},
          {"steps", "40", "300", "of AdamW: the rate goes up for the first fifth, then down to zero"},
          {"batch", "64", "64", "images a step"},
          {"rates", "1e-3", "1e-3,5e-3,2e-2", "learning rates, each tried"},
          {"last_rates", "2e-2", "2e-2,1e-1,5e-1", "the same for the last layer alone"},
          {"layers", "all", "all", "which are trained: all, last, or all,last for both"},
          {"points", "2", "5", "how often accuracy is measured on the way"}};
}

Course course_of(Attacker& attacker, const Budget& budget) {
  const double share = budget.real("share");
  if (!(share > 0 && share <= 1)) throw Failure("share is " + budget.text("share"), "give a share above 0, at most 1");
  Course course{.steps = budget.whole("steps"), .batch = budget.whole("batch"), .points = budget.whole("points"), .rates = budget.reals("rates"),
                .last_rates = budget.reals("last_rates"), .layers = budget.names("layers"), .seed = attacker.seed()};
  if (course.batch < 1 || course.points < 1 || course.steps < course.points)
    throw Failure("steps, batch and points must be at least 1, and steps at least points", "correct the budget");
  for (const std::string& layers : course.layers)
    if (layers != "all" && layers != "last") throw Failure("layers is " + budget.text("layers"), "give all, last or all,last");
  course.images = attacker.training_data(std::max<std::int64_t>(1, std::llround(share * static_cast<double>(attacker.training_size()))));
  return course;
}

double FineTuned::best(const std::string& layers) const {
  double best = untouched.accuracy;
  for (const Run& run : runs)
    if (run.layers == layers) best = std::max(best, best_of(run));
  return best;
}

FineTuned fine_tune(const std::string& name, const Start& start, const Course& course, const Judge& judge, const Log& log) {
  FineTuned tuned{.start = name, .untouched = judge.measure(*start())};
  for (const std::string& layers : course.layers)
    for (const double rate : layers == "last" ? course.last_rates : course.rates) {
      tuned.runs.push_back(run_once(*start(), layers, rate, course, judge));
      log(name + ", layers " + layers + ", rate " + std::to_string(rate) + ": " + std::to_string(tuned.runs.back().accuracy.back()));
    }
  return tuned;
}

void add_runs(Json& runs, const FineTuned& tuned, const std::string& transform) {
  for (const Run& run : tuned.runs) {
    Json json;
    json["start"] = tuned.start;
    if (!transform.empty()) json["transform"] = transform;
    json["layers"] = run.layers;
    json["rate"] = run.rate;
    json["steps"] = Json::array(run.steps);
    json["accuracy"] = Json::array(run.accuracy);
    json["best"] = best_of(run);
    runs.push_back(json);
  }
}

Json bests(const std::vector<FineTuned>& all, const Course& course) {
  return per_layers(all, course, [](const FineTuned& tuned, const std::string& layers) { return tuned.best(layers); });
}

Json differences(const std::vector<FineTuned>& all, const FineTuned& reference, const Course& course) {
  return per_layers(all, course, [&](const FineTuned& tuned, const std::string& layers) { return tuned.best(layers) - reference.best(layers); });
}

Start initialised(Attacker& attacker) {
  return [&attacker] { return attacker.network(); };
}

Start locked_as_it_is(Attacker& attacker) {
  return [&attacker] {
    auto network = attacker.network();
    attacker.scheme().install_locked(*network, attacker.locked_file());
    return network;
  };
}

Start unlocked_with_a_wrong_key(Attacker& attacker) {
  return [&attacker] {
    auto network = attacker.network();
    Random random(attacker.seed(), "wrong key");
    attacker.scheme().install(*network, attacker.locked_file(), random_key(attacker.scheme().info().key_bits, random));
    return network;
  };
}

}  // namespace nnlock::lab
