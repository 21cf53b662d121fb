// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// One key byte masks a whole column, every period-th byte of the stream. The weights in it are many, and say which byte that is.
#pragma once

#include <cstdint>
#include <vector>

#include "lab/cryptanalysis/known_schedule/prior.hpp"
#include "lab/random.hpp"
#include "lab/schemes/published_lock.hpp"

namespace nnlock::lab {

// As generic_prior(), and some weights are pruned: all their bytes are 0. int8 as converters make them: the largest weight of each channel becomes 127 or -127, and -128 does
// not come up.
Prior stored_prior(Dtype dtype);
// The int32 biases beside them: most fit in two or three bytes, so the upper ones are all zeros or all ones.
Prior bias_prior();

struct Column {
  std::uint8_t key_byte = 0;  // the likeliest
  std::uint64_t samples = 0;  // bytes in the column that tell anything
};

// Which key byte a column has, the prior alone often leaves open: weights are nearly as often negative as positive, and flipping all their bits, or all but
// the lowest, changes little but the sign. But real weights are not quite even, each tensor in its own way, and all columns see the same tensors. So
// columns are drawn again and again by what the others say of each tensor, until they agree (Gibbs sampling), and the last sweep takes the likeliest. What they agree on
// may have one XOR too much for all of them; that, the prior knows by all weights together.
std::vector<Column> recover_columns(const MaskedStream& stream, const std::vector<Prior>& priors, std::uint64_t period, unsigned sweeps, Random& random);

// The key stream of these columns, which must outlive it.
KeyStream repeated(const std::vector<Column>& columns);

}  // namespace nnlock::lab
