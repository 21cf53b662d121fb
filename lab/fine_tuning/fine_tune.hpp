// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Fine-tuning a network with the thief's share of the training data, the same way whatever it starts from. Shared by the attacks that
// compare what a start is worth with random initialisation.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lab/attack.hpp"

namespace nnlock::lab {

// What every start of a cell gets: the same images in the same order, the same steps, the same settings to choose from.
struct Course {
  Images images;
  std::int64_t steps = 0, batch = 0, points = 0;
  std::vector<double> rates, last_rates;  // for all layers, and for the last alone, which bears higher ones
  std::vector<std::string> layers;        // all, or last: the others stay as they are
  std::uint64_t seed = 0;
};
std::vector<Parameter> course_parameters(const char* full_share);
Course course_of(Attacker& attacker, const Budget& budget);  // throws Failure for a budget that makes no sense

using Start = std::function<std::shared_ptr<Network>()>;  // a fresh copy at each call

// One start with one setting.
struct Run {
  std::string layers;
  double rate = 0;
  std::vector<std::int64_t> steps;  // done when measured; the last is the end
  std::vector<double> accuracy;     // on the test images
};
// A start and all its runs.
struct FineTuned {
  std::string start;
  Answers untouched;  // before the first step
  std::vector<Run> runs;
  // The best that any rate reached at any point. It is chosen on the test images, which flatters each start alike.
  double best(const std::string& layers) const;
};
FineTuned fine_tune(const std::string& name, const Start& start, const Course& course, const Judge& judge, const Log& log);

// {start, layers, rate, steps, accuracy, best} of each run, in `runs`.
void add_runs(Json& runs, const FineTuned& tuned, const std::string& transform = "");
// The best of each, under the name start_layers.
Json bests(const std::vector<FineTuned>& all, const Course& course);
// The best of each less that of `reference`.
Json differences(const std::vector<FineTuned>& all, const FineTuned& reference, const Course& course);

// Starts that several attacks use.
Start initialised(Attacker& attacker);   // by the usual initialiser
Start locked_as_it_is(Attacker& attacker);
Start unlocked_with_a_wrong_key(Attacker& attacker);

}  // namespace nnlock::lab
