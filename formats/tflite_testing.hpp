// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Small models for tests of the TFLite codec.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "formats/codec_testing.hpp"
#include "formats/malformed/tflite_writer.hpp"

namespace nnlock::formats {

using malformed::TfliteModel;
using malformed::write_tflite;
using Text = malformed::TfliteText;

inline Result<Structure> parse(const std::string& text) { return tflite_codec().parse(bytes_of(text)); }

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
inline TfliteModel one_constant(malformed::TfliteTensor tensor, std::int32_t builtin, std::size_t input,
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

inline std::string reason_of(const TfliteModel& model) {
  const auto found = parse(write_tflite(model).bytes);
  if (!found) return "error: " + found.error().message;
  if (!found->params.empty()) return "parameter";
  return found->constants.empty() ? "nothing" : found->constants.front().reason;
}

inline void expect_error(const std::string& text, ErrorCode code, std::string_view message) {
  const auto found = parse(text);
  ASSERT_FALSE(found) << "accepted, expected: " << message;
  EXPECT_EQ(found.error().code, code) << found.error().message;
  EXPECT_NE(found.error().message.find(message), std::string::npos) << found.error().message;
  EXPECT_TRUE(found.error().offset.has_value());
}
inline void expect_bad(const std::string& text, std::string_view message) {
  expect_error(text, ErrorCode::bad_model, message);
}

}  // namespace nnlock::formats
