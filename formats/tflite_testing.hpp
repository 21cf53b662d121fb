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
#include "formats/malformed/tflite_models.hpp"

namespace nnlock::formats {

using malformed::one_constant;
using malformed::small_model;
using malformed::TfliteModel;
using malformed::write_tflite;
using Text = malformed::TfliteText;

inline Result<Structure> parse(const std::string& text) { return tflite_codec().parse(bytes_of(text)); }

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
