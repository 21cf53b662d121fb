// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Small right TFLite models, of which tests and the malformed-file matrix make wrong ones.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "formats/malformed/tflite_writer.hpp"

namespace nnlock::formats::malformed {

// conv: input 0 (no constant), int8 filter on buffer 1, int32 bias on buffer 2; reshape by int32 shape on
// buffer 3.
inline TfliteModel small_model() {
  TfliteModel model;
  model.buffers = {"", std::string(64, 'w'), std::string(16, 'b'), std::string("\1\0\0\0\4\0\0\0", 8),
                   "1.5.0"};
  model.metadata = {4};
  model.graphs = {{.tensors = {{.name = "in", .type = 9, .shape = {1, 4}},
                               {.name = "filter", .type = 9, .shape = {4, 1, 1, 16}, .buffer = 1},
                               {.name = "bias", .type = 2, .shape = {4}, .buffer = 2},
                               {.name = "conv", .type = 9, .shape = {1, 4}},
                               {.name = "shape", .type = 2, .shape = {2}, .buffer = 3},
                               {.name = "out", .type = 9, .shape = {1, 4}}},
                   .operators = {{.builtin = 3, .inputs = {0, 1, 2}}, {.builtin = 22, .inputs = {3, 4}}},
                   .outputs = {5}}};
  return model;
}

// A model whose only constant is `tensor` on buffer 1, read as input `input` of one operator.
inline TfliteModel one_constant(TfliteTensor tensor, std::int32_t builtin, std::size_t input,
                                std::string values = std::string(16, 'v')) {
  TfliteModel model;
  tensor.buffer = 1;
  model.buffers.push_back(std::move(values));
  std::vector<std::int32_t> inputs(input, 0);
  inputs.push_back(1);
  model.graphs = {{.tensors = {{.name = "in"}, std::move(tensor)},
                   .operators = {{.builtin = builtin, .inputs = inputs}},
                   .outputs = {0}}};
  return model;
}

}  // namespace nnlock::formats::malformed
