// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Which parameters are locked, and in which layout: globs on names, then what the elements are like (spec/lock-v1.md section 5.4).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lock/record.hpp"
#include "lock/scan.hpp"
#include "nnlock/model.hpp"

namespace nnlock::lock {

// `*` any characters, `?` one, `[abc]` a set; the whole name must match. POSIX fnmatch does the work.
bool matches_any(std::span<const std::string> globs, std::string_view name);

// One recorded parameter per span; `first_file` is the index of their model's main file in the set. Excluded or not included ones get layout `plain`, the others `bytes`.
std::vector<Parameter> select_parameters(std::span<const ParamSpan> params, std::uint32_t first_file,
                                         std::span<const std::string> include, std::span<const std::string> exclude);

// False when every parameter stays plain: such a lock is refused (lock-v1 section 7 step 3).
bool locks_anything(std::span<const Parameter> params);

// The layout of a parameter of `length` bytes whose elements are like that.
void choose_layout(Parameter& p, const Elements& elements, const ElementStats& stats);

// Chooses layouts for all `params` that are in layout `bytes`; spans[i] belongs to params[i]; descriptions of structs go into `blocks`. Returns
// how many bytes were looked at, which are all that PassOptions counts. Errors: io, bad_model.
Result<std::uint64_t> choose_layouts(std::span<Parameter> params, BlockTable& blocks, std::span<const ParamSpan> spans,
                                     const formats::ByteSource& source, const kernels::NumberKernel& numbers, const PassOptions& options);

// Whether choose_layouts() left whole floats, or structs of them, in layout `bytes`: one float is NaN or infinite.
bool fell_back(const Parameter& p, Dtype dtype, const StructLayout& structs);

// Why a tensor with floats is in layout `bytes`, or would stay plain unasked; empty for everything else. Nobody can tell a record's reason for certain.
std::string why_no_numbers(const Parameter& p, Dtype dtype, const StructLayout& structs, bool recorded);

}  // namespace nnlock::lock
