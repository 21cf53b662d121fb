// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/attack.hpp"

#include <algorithm>
#include <stdexcept>

#include "lab/failure.hpp"

namespace nnlock::lab {

Attacker::Attacker(const AttackInfo& info, Hands hands) : info_(info), hands_(std::move(hands)) {}

void Attacker::must_know(Knows what) const {
  if (!info_.knows_about(what)) throw std::logic_error(info_.name + " asks for what it does not declare: " + to_string(what));
}

const Bytes& Attacker::locked_file() const {
  must_know(Knows::locked_file);
  return hands_.locked_file;
}

std::shared_ptr<Network> Attacker::network(std::uint64_t number) const {
  must_know(Knows::architecture);
  return build_network(hands_.target.model, hands_.target.input, hands_.seed + (number + 1) * 1'000'003);
}

Images Attacker::training_data(std::int64_t count) {
  must_know(Knows::training_data);
  training_images_used_ = std::max(training_images_used_, std::min(count, training_size()));
  return random_share(*hands_.training, count, hands_.seed);
}

std::int64_t Attacker::training_size() const { return hands_.training->size(); }

torch::Tensor Attacker::ask_oracle(const torch::Tensor& pixels) {
  must_know(Knows::oracle);
  oracle_questions_ += pixels.size(0);
  return logits_of(*hands_.authorised, pixels);
}

Weights Attacker::public_base() const {
  must_know(Knows::public_base);
  return hands_.public_base();
}

std::shared_ptr<Network> network_under(const Key& key, const Attacker& attacker) {
  auto network = attacker.network();
  attacker.scheme().install(*network, attacker.locked_file(), key);
  return network;
}

std::string Attack::refusal(const Target&) const { return {}; }

std::string why_not(const Attack& attack, const Target& target) {
  if (attack.info().knows_about(Knows::public_base) && !target.has_public_base)
    return "it needs a public base model, and there is none for " + target.model + " on " + target.dataset;
  return attack.refusal(target);
}

const std::vector<const Attack*>& attacks() {
  static const std::vector<const Attack*> all = {&wrong_keys(), &fine_tuning(), &fine_tuning_public_base(), &repair(), &genetic(), &genetic_oracle(),
                                                 &genetic_weights(), &gradient(), &gradient_stream(), &hill_climbing(), &input_output(), &distillation(), &malleability()};
  return all;
}

const Attack& attack_named(const std::string& name) {
  for (const Attack* attack : attacks())
    if (attack->info().name == name) return *attack;
  throw Failure("no attack is called " + name, "see nnlock-lab list");
}

}  // namespace nnlock::lab
