// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Derived fields: CRCs over spans that hold parameters (spec/record-v1.md section 3.3). They are holes in the skeleton, and are computed
// anew over whatever bytes a file has got.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "formats/codec.hpp"
#include "lock/record.hpp"

namespace nnlock::lock {

// Those of one file of a model, as the record has them.
std::vector<DerivedEntry> derived_entries(const formats::Structure& structure, std::uint32_t file);

// Whether each field of a plain file has the value that is computed from its span: else unlocking could not give it back. Errors: io, bad_model.
Result<void> check_derived(const formats::Structure& structure, std::uint32_t file, const formats::ByteSource& plain);

// Computes each field of `file` from what `bytes` has now and hands it to `write`, in restored coordinates. Errors: those of both.
using WriteField = std::function<Result<void>(std::uint64_t offset, std::span<const std::byte> value)>;
Result<void> write_derived(const formats::Structure& structure, std::uint32_t file, const formats::ByteSource& bytes, const WriteField& write);

}  // namespace nnlock::lock
