// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// For tests of the PyTorch codec.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "formats/codec_fuzzing.hpp"
#include "formats/malformed/pytorch_writer.hpp"

namespace nnlock::formats {

using malformed::good_entries;
using malformed::pytorch_file;
using malformed::zip_text;
using malformed::ZipEntry;
using malformed::ZipStyle;
using malformed::ZipText;

inline const Codec& codec() { return pytorch_codec(); }

inline Bytes archive_of(const std::vector<ZipEntry>& entries, ZipStyle style = ZipStyle::torch) {
  return pytorch_file(zip_text(entries, style));
}

inline Result<std::optional<Embedded>> find(const Bytes& file) { return codec().find_record(MemorySource(file)); }

}  // namespace nnlock::formats
