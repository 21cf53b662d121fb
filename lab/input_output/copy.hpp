// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The attacker's own copy of an HPNN network, which runs with any factors for the key bits, and the questions put to the oracle.
#pragma once

#include "lab/attack.hpp"

namespace nnlock::lab {

class Copy {
 public:
  explicit Copy(const Attacker& attacker);

  std::int64_t bits() const { return bits_; }
  Network& network() { return *network_; }
  void set_factors(const torch::Tensor& factors);                                  // one for each key bit
  torch::Tensor run(const torch::Tensor& factors, const torch::Tensor& pixels);    // logits that carry gradients
  torch::Tensor logits(const torch::Tensor& factors, const torch::Tensor& pixels);  // without
  // True for the key bits that hang on hidden units in front of unit `index`, or on that unit itself.
  torch::Tensor bits_before(std::size_t index) const;
  torch::Tensor bits_of(std::size_t index) const;       // the key bit of each output of the unit
  std::vector<std::size_t> dense_layers() const;  // hidden units that are no convolutions

 private:
  std::int64_t first_output(std::size_t index) const;  // counted through the hidden units
  std::shared_ptr<Network> network_;
  std::int64_t bits_;
};

// Questions with their answers.
struct Answered {
  torch::Tensor pixels, logits;
};

// Images made of nothing but random numbers: coarse grids, parts of them blank, in the range that normalised pixels have.
torch::Tensor made_up_images(const InputShape& input, std::int64_t count, Random& random);
Answered ask(Attacker& attacker, std::int64_t count, Random& random);

// The mean squared distance of the copy's logits from the answers, as a share of the variance of these.
torch::Tensor distance_to(const torch::Tensor& logits, const Answered& answered);
// Whether all logits are equal but for rounding.
bool same_logits(const torch::Tensor& a, const torch::Tensor& b);

}  // namespace nnlock::lab
