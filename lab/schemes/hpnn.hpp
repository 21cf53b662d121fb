// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// HPNN (Chakraborty, Mondal, Srivastava, DAC 2020): each key bit is tied to fixed hidden neurons or channels and flips the sign of
// their pre-activation; the network is trained under the key. Hidden unit j of the whole network hangs on bit j mod key bits.
#pragma once

#include <torch/torch.h>

#include "lab/schemes/key.hpp"
#include "lab/targets/network.hpp"

namespace nnlock::lab {

// 1 for a bit that is 0, -1 for a bit that is 1: (-1)^k.
torch::Tensor hpnn_factors(const Key& key);
// The sign of each hidden unit from one factor for each key bit. Factors may be anything between -1 and 1 and may carry a gradient,
// which is what a gradient attack relaxes.
torch::Tensor hpnn_signs(const torch::Tensor& factors, const Network& network);

}  // namespace nnlock::lab
