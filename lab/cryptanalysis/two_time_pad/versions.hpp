// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Versions of one model, and their weights side by side in the streams of parameter bytes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lab/random.hpp"
#include "lab/schemes/published_lock.hpp"

namespace nnlock::lab {

// What fine-tuning does to weights, as far as a key stream can tell: most stay, some move a little.
struct FineTuning {
  double share = 0.1;         // of weights that move, each drawn for itself
  int step = 4;               // int8 and uint8: by 1 to `step`, up or down, within -127 to 127 and 0 to 255
  double relative = 0.05;     // floats and wider integers: by up to this share of themselves, up or down
};
// A version of `model` in the same format. A weight that is drawn and cannot move (0 times anything) stays.
Bytes fine_tuned(const Bytes& model, const FineTuning& how, Random random);

// One weight in the stream of parameter bytes; integers and floats alike, a parameter of no known type counts byte by byte.
struct Weight {
  std::uint64_t at = 0;
  std::uint32_t width = 1;  // bytes
};
std::vector<Weight> weights_of(const std::vector<MaskedStream::Piece>& pieces);

using Stream = std::vector<std::uint8_t>;
Stream operator^(const Stream& a, const Stream& b);  // as long as the shorter
bool equal_at(const Weight& weight, const Stream& a, const Stream& b);

}  // namespace nnlock::lab
