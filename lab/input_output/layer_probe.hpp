// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The algebraic step. Let the bits in front of a dense layer be known. Then its pre-activations z are known for every input, and so is
// the direction in which an input must move so that one of them moves and the others stay. The oracle's logits follow such a move if
// that unit is switched on, and stay if the rectifier holds it off: the sign of its z then tells the key bit, whatever the bits behind
// are. It reads the first layer of a perceptron. Behind convolutions, or where few units are on, no unit can be moved alone, and the step says nothing.
#pragma once

#include "lab/input_output/copy.hpp"

namespace nnlock::lab {

// What the moves said for each key bit: votes of units that are on, and how many units were on, off, or in between.
struct Evidence {
  torch::Tensor positive, negative;  // votes for factor 1 and -1, one for each key bit
  std::int64_t on = 0, off = 0, unclear = 0;

  torch::Tensor decided() const;  // bits whose votes all agree
  torch::Tensor factors() const;  // 1 or -1 where decided
  // Some units are off, and the votes for hardly any bit contradict each other.
  bool consistent() const;
};

// Asks about `inputs` images; `factors` need to be right for the bits in front of unit `index` only.
Evidence probe_layer(Copy& copy, Attacker& attacker, const torch::Tensor& factors, std::size_t index, std::int64_t inputs, Random& random);

}  // namespace nnlock::lab
