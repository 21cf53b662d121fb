// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/key_search/key_trial.hpp"

#include <cmath>

#include "lab/failure.hpp"

namespace nnlock::lab {
namespace {

constexpr int kWrongKeys = 20;
constexpr double kWorstLoss = 1e30;

torch::Tensor probabilities(const torch::Tensor& logits) { return torch::softmax(logits.to(torch::kFloat64), 1); }

torch::Tensor entropy(const torch::Tensor& p) { return -torch::xlogy(p, p).sum(1) / std::log(2.0); }

}  // namespace

KeyTrial::KeyTrial(const Attacker& attacker) : scheme_(attacker.scheme()), locked_file_(attacker.locked_file()), network_(attacker.network()) {
  weights_stay_ = scheme_.info().trained_under_key && scheme_.info().scramble == Scramble::none;
  if (weights_stay_) scheme_.install_locked(*network_, locked_file_);
}

Network& KeyTrial::with(const Key& key) {
  if (weights_stay_) scheme_.wire(*network_, key);
  else scheme_.install(*network_, locked_file_, key);
  return *network_;
}

Fitness::Kind Fitness::kind_named(const std::string& name) {
  if (name == "accuracy") return Kind::accuracy;
  if (name == "loss") return Kind::loss;
  throw Failure("no fitness is called " + name, "use accuracy or loss; divergence needs an oracle, which genetic-oracle has");
}

Fitness::Fitness(Kind kind, Images images) : kind_(kind), images_(std::move(images)) {}

Fitness::Fitness(const torch::Tensor& pixels, const torch::Tensor& oracle_logits)
    : kind_(Kind::divergence), images_{pixels, {}}, oracle_(probabilities(oracle_logits)) {}

double Fitness::of(Network& network) const { return of_logits(logits_of(network, images_.pixels)); }

double Fitness::of_logits(const torch::Tensor& logits) const {
  if (kind_ == Kind::accuracy) return judge(logits, images_.labels).accuracy;
  if (kind_ == Kind::loss) {
    const auto losses = -torch::log_softmax(logits.to(torch::kFloat64), 1).gather(1, images_.labels.unsqueeze(1));
    return -torch::nan_to_num(losses, kWorstLoss).clamp_max(kWorstLoss).mean().item<double>();
  }
  const auto answers = torch::nan_to_num(probabilities(logits), 0.0);  // answers that are no numbers are far from any
  const auto divergence = entropy((answers + oracle_) / 2) - (entropy(answers) + entropy(oracle_)) / 2;
  return -divergence.mean().item<double>();
}

double KeyVerdict::bits_right(const Key& key) const {
  return 1 - static_cast<double>(distance(key, *judge_.right_key)) / static_cast<double>(key.bits());
}

double KeyVerdict::wrong_key_accuracy() {
  Random random(attacker_.seed(), "wrong keys of the judge");
  double sum = 0;
  for (int i = 0; i < kWrongKeys; ++i) sum += accuracy(random_key(judge_.right_key->bits(), random));
  return sum / kWrongKeys;
}

Json KeyVerdict::of(const Key& key) {
  const double found = accuracy(key), right = accuracy(*judge_.right_key), wrong = wrong_key_accuracy();
  Json json;
  json["accuracy"] = found;
  json["bits_right"] = bits_right(key);
  json["right_key_accuracy"] = right;
  json["wrong_key_accuracy"] = wrong;
  json["recovered"] = right == wrong ? Json() : Json((found - wrong) / (right - wrong));
  return json;
}

Json KeyVerdict::influence(const Key& key) {
  const auto answers = [&](const Key& tried) { return logits_of(trial_.with(tried), judge_.test->pixels).argmax(1); };
  const Key& right = *judge_.right_key;
  const auto expected = answers(right);
  std::int64_t matter = 0, found = 0;
  for (std::size_t i = 0; i < right.bits(); ++i) {
    Key flipped = right;
    flipped.flip(i);
    if (torch::equal(answers(flipped), expected)) continue;
    ++matter;
    found += key.bit(i) == right.bit(i);
  }
  Json json;
  json["bits_that_matter"] = matter;
  json["bits_right_that_matter"] = matter == 0 ? Json() : Json(static_cast<double>(found) / static_cast<double>(matter));
  return json;
}

}  // namespace nnlock::lab
