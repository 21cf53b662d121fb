// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// For tests of the safetensors codec.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string_view>

#include "formats/codec.hpp"
#include "formats/malformed/safetensors_writer.hpp"

namespace nnlock::formats {

using malformed::kGoodData;
using malformed::kGoodHeader;
using malformed::safetensors_file;
using malformed::with;

inline const Codec& codec() { return safetensors_codec(); }


inline Result<std::optional<Embedded>> find(const Bytes& file) { return codec().find_record(MemorySource(file)); }

inline void expect_error(const Error& error, ErrorCode code, std::string_view part, std::string_view tensor = {}) {
  EXPECT_EQ(error.code, code) << error.message;
  EXPECT_NE(error.message.find(part), std::string::npos) << error.message;
  EXPECT_EQ(error.tensor, tensor);
}

}  // namespace nnlock::formats
