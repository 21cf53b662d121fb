// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Models that are split over several GGUF files (ggml-org/llama.cpp: tools/gguf-split, src/llama-model-loader.cpp). Each file is a whole
// GGUF file that parses alone; its key-values split.no and split.count tell which part it is.
#pragma once

#include <cstdint>
#include <optional>

#include "formats/bytes.hpp"
#include "nnlock/result.hpp"

namespace nnlock::formats {

struct Split {
  std::uint16_t no = 0;     // counted from 0
  std::uint16_t count = 0;  // files of the model, at least 2
  bool operator==(const Split&) const = default;
};

// Which part of a model a restored GGUF file is; nullopt for a model that is one file. Reads no further than the key-values.
// Errors: bad_model, unsupported, io.
Result<std::optional<Split>> gguf_split(const ByteSource& source);

}  // namespace nnlock::formats
