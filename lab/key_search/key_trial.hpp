// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What a search for keys works with: a candidate key is tried by making the network of someone who has it, and gets a fitness from that
// network's answers to the attacker's images. And what the judge says of the key that a search ends with.
#pragma once

#include "lab/attack.hpp"

namespace nnlock::lab {

// A network that takes on one key after another. Where the key works inside the network and the file is as trained, only the signs change.
class KeyTrial {
 public:
  explicit KeyTrial(const Attacker& attacker);
  Network& with(const Key& key);

 private:
  const Scheme& scheme_;
  const Bytes& locked_file_;
  std::shared_ptr<Network> network_;
  bool weights_stay_ = false;
};

// Larger is better.
class Fitness {
 public:
  enum class Kind {
    accuracy,    // share of right answers
    loss,        // minus the mean cross-entropy; that of an image counts as 1e30 at most, and as that when it is no number
    divergence,  // minus the mean Jensen-Shannon divergence from the oracle's answers, in bits
  };
  static Kind kind_named(const std::string& name);  // accuracy or loss; throws Failure

  Fitness(Kind kind, Images images);                                       // accuracy, loss
  Fitness(const torch::Tensor& pixels, const torch::Tensor& oracle_logits);  // divergence
  double of(Network& network) const;

 private:
  double of_logits(const torch::Tensor& logits) const;
  Kind kind_;
  Images images_;
  torch::Tensor oracle_;  // probabilities
};

// Measures keys on the test set against the right one. Not for the attacker's ears.
class KeyVerdict {
 public:
  KeyVerdict(const Attacker& attacker, const Judge& judge) : attacker_(attacker), judge_(judge), trial_(attacker) {}
  double accuracy(const Key& key) { return judge_.measure(trial_.with(key)).accuracy; }
  double bits_right(const Key& key) const;  // share of all key bits, whether they matter or not
  // accuracy, bits_right, right_key_accuracy, wrong_key_accuracy (mean of 20 random keys) and recovered: the share of the gap between
  // the two that `key` closes, null when there is no gap.
  Json of(const Key& key);
  // A bit matters when flipping it alone in the right key changes an answer to a test image: bits_that_matter, and
  // bits_right_that_matter, the share of those that `key` has right.
  Json influence(const Key& key);

 private:
  double wrong_key_accuracy();
  const Attacker& attacker_;
  const Judge& judge_;
  KeyTrial trial_;
};

}  // namespace nnlock::lab
