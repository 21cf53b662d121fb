// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// For tests of the GGUF codec.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "formats/codec.hpp"
#include "formats/malformed/gguf_writer.hpp"

namespace nnlock::formats {

using malformed::gguf_bytes;
using malformed::GgufModel;
using malformed::GgufTensor;
using malformed::GgufText;
using malformed::small_gguf;
using malformed::write_gguf;

inline Result<Structure> parse_gguf(const GgufModel& model) { return gguf_codec().parse(bytes_of(write_gguf(model).bytes)); }

}  // namespace nnlock::formats
