// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Who uses which value: resolves names with ONNX scoping and says for each tensor why it must stay readable,
// if so.
#pragma once

#include <string>
#include <vector>

#include "formats/onnx_graph.hpp"
#include "formats/onnx_operands.hpp"

namespace nnlock::formats::onnx {

// How one value is used, over all graphs that see it.
struct ValueUse {
  std::string_view what, op_type;  // of the use that makes it stay readable; op_type empty: none does
  bool indirect = false;           // the use is of something computed from it
  Index uses = 0;                  // as an input of a node
  Index weight_uses = 0;           // of these, as weights whatever the element type
};

// Uses by the mention that defines the value (Tensor::value after the call). bad_model: a name defined twice
// in one graph, or a function defined twice.
Result<std::vector<ValueUse>> resolve_uses(Model& model);

}  // namespace nnlock::formats::onnx
