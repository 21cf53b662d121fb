// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Base64 (RFC 4648 section 4) as records are written into text: whole groups of 3 bytes, so never any padding.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nnlock::formats {

// 4 characters for each 3 bytes. bytes.size() must be a multiple of 3: other sizes get '=', which base64_decode refuses.
std::string base64_encode(std::span<const std::byte> bytes);

// The bytes of exactly one spelling: base64_encode(*base64_decode(text)) == text. Absent when the length is no multiple
// of 4 or a character is outside the 64 ('=' and white space are outside).
std::optional<std::vector<std::byte>> base64_decode(std::string_view text);

}  // namespace nnlock::formats
