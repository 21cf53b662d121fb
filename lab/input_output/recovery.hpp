// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The state of an incremental key recovery: what is known for certain so far, and the steps that add to it. A step believes a group of
// bits only when a check that needs no key has passed.
#pragma once

#include "lab/input_output/fit.hpp"
#include "lab/input_output/layer_probe.hpp"

namespace nnlock::lab {

class Recovery {
 public:
  Recovery(Attacker& attacker, const Judge& judge, const Budget& budget, const Log& log);

  // Probes dense layers from the input on, as long as all bits in front of one are certain.
  void probe_upwards();
  // One start of the learning step, then the check of the whole key.
  void learn(std::int64_t start);

  bool complete() const { return complete_; }  // logits are equal on fresh questions
  const torch::Tensor& factors() const { return best_; }
  Copy& copy() { return copy_; }
  const Json& stages() const { return stages_; }  // one entry for each step; the judge's figures in it steer nothing

 private:
  bool all_certain() const { return certain_.all().item<bool>(); }
  void take(const Evidence& evidence);
  bool verify(const torch::Tensor& factors);
  void note(const std::string& stage, bool check_passed, const torch::Tensor& proposal, const Json& distance = {});

  Attacker& attacker_;
  const Budget& budget_;
  const Log& log_;
  Copy copy_;
  torch::Tensor right_;  // for stages_ alone
  torch::Tensor known_, certain_, best_;
  double least_distance_ = 1e30;
  bool complete_ = false;
  Random random_;
  Answered answered_;  // what the learning step learns from
  Json stages_;
};

}  // namespace nnlock::lab
