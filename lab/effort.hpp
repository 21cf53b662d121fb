// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace nnlock::lab {

enum class Effort { smoke, full };  // seconds for a test, or what the report is made of
const char* to_string(Effort effort);
Effort effort_named(const std::string& name);  // throws Failure

}  // namespace nnlock::lab
