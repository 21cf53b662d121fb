// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// JSON output: RapidJSON's writer, with text made valid UTF-8. nnlock.1 documents the keys; they are only
// ever added to.
#pragma once

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <cstdint>
#include <string>

#include "cli/ui.hpp"

namespace nnlock::cli {

using JsonText = rapidjson::StringBuffer;
using JsonWriter = rapidjson::PrettyWriter<JsonText>;

inline void put(JsonWriter& json, const char* name, const std::string& value) {
  const std::string text = valid_utf8(value);
  json.Key(name);
  json.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}
inline void put(JsonWriter& json, const char* name, std::uint64_t value) {
  json.Key(name);
  json.Uint64(value);
}
inline void put(JsonWriter& json, const char* name, bool value) {
  json.Key(name);
  json.Bool(value);
}
void put(JsonWriter& json, const char* name, const char* value) = delete;  // would silently become bool

}  // namespace nnlock::cli
