// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Walks the weights file: a stream without a table of contents, whose order and sizes follow from the graph
// (Tencent/ncnn: src/modelbin.cpp).
#pragma once

#include <span>
#include <vector>

#include "formats/codec.hpp"
#include "formats/ncnn_param.hpp"

namespace nnlock::formats::ncnn {

// The weights of every layer, or why a layer's settings cannot be.
Result<std::vector<Weights>> weights_of(const Layer& layer);

// All weights, in companion 0. Errors give the layer's place in the graph's file, and say where in the weights file it is.
Result<Structure> find_weights(std::span<const Layer> layers, std::span<const std::byte> weights);

}  // namespace nnlock::formats::ncnn
