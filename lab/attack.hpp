// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What an attack on a network is: it declares what the attacker knows, what it spends, and which targets it fits; it is then given exactly that.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lab/datasets/dataset.hpp"
#include "lab/metrics.hpp"
#include "lab/schemes/scheme.hpp"
#include "lab/study.hpp"
#include "lab/targets/training.hpp"
#include "lab/weights/forms.hpp"

namespace nnlock::lab {

// What stands before the attacker, as far as it decides whether an attack fits.
struct Target {
  const Scheme* scheme = nullptr;
  std::string model, dataset;
  Form form = Form::float32;
  InputShape input;
  bool has_public_base = false;
};

// All that an attacker can reach. Asking for something the attack did not declare is a mistake in the attack and throws std::logic_error.
class Attacker {
 public:
  struct Hands {  // filled by the workshop
    Target target;
    Bytes locked_file;
    const Images* training = nullptr;
    std::shared_ptr<Network> authorised;
    std::function<Weights()> public_base;
    std::uint64_t seed = 0;
  };
  Attacker(const AttackInfo& info, Hands hands);

  const Scheme& scheme() const { return *hands_.target.scheme; }
  const Target& target() const { return hands_.target; }
  std::uint64_t seed() const { return hands_.seed; }
  const Bytes& locked_file() const;
  // A fresh network by the usual initialiser; other draws for each `number`.
  std::shared_ptr<Network> network(std::uint64_t number = 0) const;
  // The same `count` images of the training set each time; a larger count takes in the smaller one.
  Images training_data(std::int64_t count);
  std::int64_t training_size() const;             // images in the whole training set
  torch::Tensor ask_oracle(const torch::Tensor& pixels);  // logits of the authorised model
  Weights public_base() const;

  // What was used in fact, for the record.
  std::int64_t training_images_used() const { return training_images_used_; }
  std::int64_t oracle_questions() const { return oracle_questions_; }

 private:
  void must_know(Knows what) const;
  const AttackInfo& info_;
  Hands hands_;
  std::int64_t training_images_used_ = 0, oracle_questions_ = 0;
};

// Measures. Nothing it says may steer an attack: that would be knowledge the attacker has not declared.
struct Judge {
  const Images* test = nullptr;
  const Key* right_key = nullptr;
  Answers measure(Network& network) const { return lab::measure(network, *test); }
};

// The network of someone who has this key.
std::shared_ptr<Network> network_under(const Key& key, const Attacker& attacker);

class Attack : public Study {
 public:
  // Why this attack does not fit this target; empty when it does.
  virtual std::string refusal(const Target& target) const;
  // Returns the outcome: an object for the record.
  virtual Json run(Attacker& attacker, const Judge& judge, const Budget& budget, const Log& log) const = 0;
};

// Empty, or why this attack cannot be made: what it needs is not there, or it refuses the target.
std::string why_not(const Attack& attack, const Target& target);

const std::vector<const Attack*>& attacks();
const Attack& attack_named(const std::string& name);  // throws Failure

// One maker for each folder.
const Attack& wrong_keys();
const Attack& fine_tuning();
const Attack& fine_tuning_public_base();
const Attack& repair();
const Attack& genetic();
const Attack& genetic_oracle();
const Attack& genetic_weights();
const Attack& gradient();
const Attack& gradient_stream();
const Attack& hill_climbing();
const Attack& input_output();
const Attack& distillation();
const Attack& malleability();

}  // namespace nnlock::lab
