// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What a thief does to locked weights, without data, to bring them nearer to what weights look like. Each works tensor by tensor, on
// parameters and on the buffers of batch normalisation.
#pragma once

#include <string>
#include <vector>

#include "lab/targets/network.hpp"

namespace nnlock::lab {

// How far they go.
struct Strengths {
  double pruned = 0.2;       // share of a tensor that is set to zero
  double percentile = 0.99;  // of magnitudes: int8 ends there
  double deviations = 2;     // clipping ends at so many standard deviations
};

// `names`: none, prune_largest, prune_smallest, requantise, clip_initialiser, clip_deviations, norm_match; or several with '+' between, one
// after the other.
// `fresh` is a network of the usual initialiser, which shows the usual ranges and norms. All but `none` first set to zero what is not
// finite. Throws Failure for an unknown name.
void apply_transform(const std::string& names, Network& network, const Network& fresh, const Strengths& strengths);

}  // namespace nnlock::lab
