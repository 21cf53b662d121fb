// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Which parameters are locked: globs on names to layouts.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lock/record.hpp"
#include "nnlock/model.hpp"

namespace nnlock::lock {

// `*` any characters, `?` one, `[abc]` a set; the whole name must match. POSIX fnmatch does the work.
bool matches_any(std::span<const std::string> globs, std::string_view name);

// One recorded parameter per span, all of file `file`. Excluded or not included ones get layout `plain`.
std::vector<Parameter> select_layouts(std::span<const ParamSpan> params, std::uint32_t file,
                                      std::span<const std::string> include, std::span<const std::string> exclude);

// False when every parameter stays plain: such a lock is refused (lock-v1 section 7 step 3).
bool locks_anything(std::span<const Parameter> params);

}  // namespace nnlock::lock
