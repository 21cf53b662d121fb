// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Models compiled for the Edge TPU: the compiler replaces operators of a TFLite model by one custom operator, whose options hold
// packages of executables, whose `parameters` are the weights (google-coral/libedgetpu: executable/executable.fbs).
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "formats/codec.hpp"
#include "formats/flat_extents.hpp"
#include "tflite_schema_generated.h"

namespace nnlock::formats {

inline constexpr std::string_view kEdgetpuOperator = "edgetpu-custom-op";

// False too where the operator names a code that does not exist.
inline bool is_edgetpu(const tflite_schema::Model& model, const tflite_schema::Operator& op) {
  if (model.operator_codes() == nullptr || op.opcode_index() >= model.operator_codes()->size()) return false;
  const auto* code = model.operator_codes()->Get(op.opcode_index())->custom_code();
  return code != nullptr && code->string_view() == kEdgetpuOperator;
}

struct EdgetpuFound {
  std::vector<ParamSpan> params;      // in the order of the operators
  std::vector<Constant> unlockable;
  std::vector<Extent> extents;        // of all structure inside the operators' options
};

// Everything in the options of a verified model's Edge TPU operators. Options, packages, and executables must be disjoint, so the
// time is linear in the file's size.
Result<EdgetpuFound> find_edgetpu(std::span<const std::byte> image, const tflite_schema::Model& model);

}  // namespace nnlock::formats
