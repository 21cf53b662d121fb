// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace nnlock::lab {

enum class Form { float32, int8 };  // how a network's weights are stored (forms.hpp)
const char* to_string(Form form);
Form form_named(const std::string& name);  // throws Failure

}  // namespace nnlock::lab
