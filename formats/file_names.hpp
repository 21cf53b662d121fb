// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Names of further files that a model file gives: hostile until checked.
#pragma once

#include <string>
#include <string_view>

#include "nnlock/result.hpp"

namespace nnlock::formats {

// A path below the model's folder, in parts between '/': none of them empty, "." or "..", no NUL, no backslash, no control character, at
// most 4,096 bytes. Errors: bad_model.
Result<void> check_relative_name(std::string_view name);

// The name without its last extension, `suffix` in its place: "a/model.xml", ".bin" gives "a/model.bin".
std::string with_extension(std::string_view name, std::string_view suffix);

}  // namespace nnlock::formats
