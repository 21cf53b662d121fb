// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Where a record stands in a safetensors header (spec/record-v1.md section 6.2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "formats/codec.hpp"
#include "formats/safetensors_header.hpp"

namespace nnlock::formats::safetensors {

// Takes the one record that the header `text` holds out of it. Errors: bad_record where it does not stand as insert_record()
// writes it.
Result<Embedded> strip_record(std::string_view text, const Header& header);

// The edits that put a record into a restored header of `length` bytes. Errors: unsupported where it would get too long.
Result<std::vector<Edit>> insert_record(const Header& header, std::uint64_t length, std::span<const std::byte> record);

}  // namespace nnlock::formats::safetensors
