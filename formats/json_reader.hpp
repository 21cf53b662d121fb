// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// RapidJSON's reader as hostile text needs it: iterative, strict about UTF-8, numbers as text. Events only: nothing is built from the text.
#pragma once

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <cstddef>

namespace nnlock::formats {

// Marks the one kind of RapidJSON stack whose growth is replaced below, so that no other user's is.
struct JsonAllocator : rapidjson::CrtAllocator {};

}  // namespace nnlock::formats

// RapidJSON 1.1.0 adds to a null pointer before the stack's first growth (undefined, though harmless; mended after 1.1.0).
// These compare distances instead. Its reader pushes characters and counts only.
namespace rapidjson::internal {

template <>
template <>
inline void Stack<nnlock::formats::JsonAllocator>::Reserve<char>(std::size_t count) {
  if (count > static_cast<std::size_t>(stackEnd_ - stackTop_)) Expand<char>(count);
}

template <>
template <>
inline void Stack<nnlock::formats::JsonAllocator>::Reserve<SizeType>(std::size_t count) {
  if (count * sizeof(SizeType) > static_cast<std::size_t>(stackEnd_ - stackTop_)) Expand<SizeType>(count);
}

}  // namespace rapidjson::internal

namespace nnlock::formats {

using JsonReader = rapidjson::GenericReader<rapidjson::UTF8<>, rapidjson::UTF8<>, JsonAllocator>;

// Iterative: no recursion. Numbers as text: no rounding, and RapidJSON's exponent arithmetic is left out.
constexpr unsigned kJsonFlags =
    rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag | rapidjson::kParseNumbersAsStringsFlag;

}  // namespace nnlock::formats
