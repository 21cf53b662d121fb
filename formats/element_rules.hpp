// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What the element type alone says of a tensor, for formats without operators (docs/formats.md, "safetensors").
#pragma once

#include "nnlock/model.hpp"

namespace nnlock::formats {

// Why tensors of that type stay readable; null for learned values.
constexpr const char* kept_by_type(Dtype dtype) {
  switch (dtype) {
    case Dtype::boolean: return "booleans are masks";
    case Dtype::i64:
    case Dtype::u64: return "64-bit integers are counters or indices";
    default: return nullptr;
  }
}

constexpr const char* kNoElements = "it has no elements";

}  // namespace nnlock::formats
