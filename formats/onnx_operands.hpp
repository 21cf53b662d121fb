// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What ONNX operators do with their operands, as far as it decides whether a constant may be locked.
#pragma once

#include <cstdint>
#include <string_view>

namespace nnlock::formats::onnx {

// Operator sets this version knows by heart. "" and "ai.onnx" are the same domain (onnx/onnx, docs/IR.md).
enum class Domain : std::uint8_t { onnx, ml, microsoft, other };
Domain domain_of(std::string_view domain);

enum class Use : std::uint8_t {
  data,    // an ordinary operand: weights, biases, anything that is computed with
  plain,   // read while the model is loaded, or an index, limit, scale or zero point: must stay readable
  weight,  // weights or biases also where the element type is a wide integer
};

// One operand or attribute and its use. `what` names it in messages, for example "shape".
struct Operand {
  Use use = Use::data;
  std::string_view what = "operand";
};

// The use of input number `input` of an operator. Unknown operators use all their inputs as data.
Operand operand(std::string_view domain, std::string_view op_type, std::uint32_t input);

// The use of a tensor in an attribute of an operator other than Constant.
Operand attribute_operand(std::string_view domain, std::string_view op_type, std::string_view attribute);

// True when the operator keeps learned values in this attribute of type FLOATS.
bool is_learned_list(std::string_view domain, std::string_view op_type, std::string_view attribute);

}  // namespace nnlock::formats::onnx
