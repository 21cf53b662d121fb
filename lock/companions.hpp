// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Private copies of the structure of all files of one model, main file and companions: what the codec decides on.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/codec.hpp"
#include "lock/image.hpp"

namespace nnlock::lock {

// What a codec looks at, file by file.
struct Images {
  std::vector<Image> files;  // the main file first

  // Views into the images: no longer valid when one is moved away.
  std::vector<std::span<const std::byte>> views() const;
};

// Companions that a restored main file needs: reads the part of it that the codec looks at. Errors: io, bad_model.
Result<std::vector<std::string>> companions_of(const formats::Codec& codec, const formats::ByteSource& restored, std::string_view main_name);

// The same for a file that may carry a record.
Result<std::vector<std::string>> companions_in_file(const formats::Codec& codec, const formats::ByteSource& stored, std::string_view main_name);

// How far parse_files() looks into each file; the first one is the main file. Errors: io, bad_model.
Result<std::vector<std::uint64_t>> extents_of(const formats::Codec& codec, std::span<const formats::ByteSource* const> restored);

}  // namespace nnlock::lock
