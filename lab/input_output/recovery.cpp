// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/input_output/recovery.hpp"

#include <ATen/CPUGeneratorImpl.h>

#include "lab/schemes/hpnn.hpp"

namespace nnlock::lab {
namespace {

constexpr std::int64_t kFresh = 256;      // questions of the last check
constexpr std::int64_t kForFlipping = 128;  // of the answered questions

}  // namespace

Recovery::Recovery(Attacker& attacker, const Judge& judge, const Budget& budget, const Log& log)
    : attacker_(attacker), budget_(budget), log_(log), copy_(attacker), right_(hpnn_factors(*judge.right_key)), known_(torch::ones({copy_.bits()})),
      certain_(torch::zeros({copy_.bits()}, torch::kBool)), best_(known_), random_(attacker.seed(), "questions") {}

void Recovery::probe_upwards() {
  for (const std::size_t layer : copy_.dense_layers()) {
    const bool known_in_front = certain_.masked_select(copy_.bits_before(layer)).all().item<bool>();
    if (all_certain() || !known_in_front) break;
    const Evidence evidence = probe_layer(copy_, attacker_, known_, layer, budget_.whole("inputs"), random_);
    if (evidence.consistent()) take(evidence);
    note("probe " + copy_.network().units()[layer].name, evidence.consistent(), known_);
  }
  if (all_certain() && !verify(known_)) certain_ = torch::zeros_like(certain_);  // then nothing was
}

void Recovery::take(const Evidence& evidence) {
  const auto fresh = evidence.decided() & ~certain_;
  known_ = torch::where(fresh, evidence.factors(), known_);
  certain_ = certain_ | fresh;
}

bool Recovery::verify(const torch::Tensor& factors) {
  const Answered fresh = ask(attacker_, kFresh, random_);
  const auto logits = copy_.logits(factors, fresh.pixels);
  complete_ = same_logits(logits, fresh.logits);
  const double distance = distance_to(logits, fresh).item<double>();
  if (complete_ || distance < least_distance_) {
    least_distance_ = distance;
    best_ = factors.clone();
  }
  if (complete_) certain_ = torch::ones_like(certain_);
  note("fresh questions", complete_, factors, distance);
  return complete_;
}

void Recovery::learn(std::int64_t start) {
  if (!answered_.pixels.defined()) answered_ = ask(attacker_, budget_.whole("questions"), random_);
  auto draws = at::make_generator<at::CPUGeneratorImpl>(Random(attacker_.seed(), "start " + std::to_string(start)).next());
  const FitSettings settings{.steps = budget_.whole("steps"), .batch = budget_.whole("batch"), .rate = budget_.real("rate")};
  auto proposal = fit_factors(copy_, known_, certain_, answered_, settings, draws);
  const Answered part{answered_.pixels.slice(0, 0, kForFlipping), answered_.logits.slice(0, 0, kForFlipping)};
  note("fit " + std::to_string(start), false, proposal);
  const double distance = flip_while_better(copy_, proposal, certain_, part);
  log_("start " + std::to_string(start) + ": distance " + std::to_string(distance));
  verify(proposal);
}

void Recovery::note(const std::string& stage, bool check_passed, const torch::Tensor& proposal, const Json& distance) {
  Json entry;
  entry["stage"] = stage;
  entry["check_passed"] = check_passed;
  entry["questions"] = attacker_.oracle_questions();
  entry["bits_certain"] = certain_.sum().item<std::int64_t>();
  entry["bits_certain_right"] = (certain_ & ((complete_ ? best_ : known_) == right_)).sum().item<std::int64_t>();
  entry["bits_proposed_right"] = (proposal == right_).sum().item<std::int64_t>();
  entry["distance"] = distance;
  stages_.push_back(entry);
  log_(stage + (check_passed ? ": passed, " : ": no, ") + std::to_string(attacker_.oracle_questions()) + " questions, certain of " +
       std::to_string(certain_.sum().item<std::int64_t>()));
}

}  // namespace nnlock::lab
