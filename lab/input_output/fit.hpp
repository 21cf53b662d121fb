// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The learning step: key bits that explain the oracle's logits.
#pragma once

#include "lab/input_output/copy.hpp"

namespace nnlock::lab {

struct FitSettings {
  std::int64_t steps = 300, batch = 64;
  double rate = 0.05;
};

// Factors 1 and -1. Those that are `certain` stay as they are in `known`; the others start at random and are relaxed through tanh of a
// noisy parameter that cools down (the concrete distribution of Maddison et al. 2017): without noise the fit stays in poor minima.
torch::Tensor fit_factors(Copy& copy, const torch::Tensor& known, const torch::Tensor& certain, const Answered& answered,
                          const FitSettings& settings, at::Generator& random);

// Flips single bits that are not certain as long as that lowers the distance to the answers. Returns the distance.
double flip_while_better(Copy& copy, torch::Tensor& factors, const torch::Tensor& certain, const Answered& answered);

}  // namespace nnlock::lab
