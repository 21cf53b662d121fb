// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Which values of an IR must stay readable because of what they are used for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "formats/openvino_ir.hpp"

namespace nnlock::formats::openvino {

// What input number `input` of an operator is, where it is read while a model is loaded or decides about shapes and limits: "axis". Null: data.
// `type` is in lower case.
const char* readable_operand(std::string_view type, std::size_t input);

// For each layer, why what it gives must stay readable: "axis of gather"; empty where it need not. Errors: bad_model (a cycle).
Result<std::vector<std::string>> readable_layers(const Ir& ir);

}  // namespace nnlock::formats::openvino
