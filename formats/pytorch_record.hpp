// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Where a record stands in a PyTorch archive (spec/record-v1.md section 6, PyTorch): a stored entry, the last one.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "formats/codec.hpp"
#include "formats/zip.hpp"

namespace nnlock::formats::pytorch {

constexpr std::uint64_t kRecordLimit = std::uint64_t{1} << 30;  // bytes

// True where `name` is the record's to a reader of PyTorch.
bool is_record(std::string_view name, std::string_view folder);

// Takes the record out of an archive whose directory is `entries`; none: nullopt. Errors: bad_record where two are there, or one that
// does not stand as insert_record() writes it.
Result<std::optional<Embedded>> strip_record(const ByteSource& source, const zip::Ends& ends, std::span<const zip::Entry> entries,
                                             std::string_view folder);

// The edits that put a record into a restored archive. Errors: usage, unsupported.
Result<std::vector<Edit>> insert_record(const zip::Ends& ends, std::string_view folder, std::span<const std::byte> record);

}  // namespace nnlock::formats::pytorch
