// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "formats/safetensors_index.hpp"

#include <algorithm>
#include <array>
#include <set>

#include <rapidjson/document.h>

#include "formats/budget.hpp"
#include "formats/file_names.hpp"

namespace nnlock::formats {
namespace {

constexpr std::uint64_t kLargestIndex = 10'000'000;  // bytes; of 90,000 tensors it has 9. Two bytes may become 16 in memory
constexpr const char* kMap = "weight_map";

Error bad_index(std::string message, std::string tensor = {}) {
  return Error{.code = ErrorCode::bad_model, .message = std::move(message), .hint = "get the index again", .tensor = std::move(tensor), .offset = 0};
}

Result<bool> begins_like_json(const ByteSource& source) {
  std::array<std::byte, 64> head{};
  const auto first = std::span(head).first(static_cast<std::size_t>(std::min<std::uint64_t>(source.size(), head.size())));
  if (auto read = source.read(0, first); !read) return read.error();
  const auto space = [](std::byte b) { return b == std::byte{' '} || b == std::byte{'\n'} || b == std::byte{'\r'} || b == std::byte{'\t'}; };
  const auto at = std::find_if_not(first.begin(), first.end(), space);
  return at != first.end() && *at == std::byte{'{'};
}

Result<ShardMap> shards_of(const rapidjson::Value& map, std::uint64_t file_size) {
  Budget budget(file_size);
  ShardMap shards;
  std::set<std::string> tensors;
  for (const auto& entry : map.GetObject()) {
    std::string tensor(entry.name.GetString(), entry.name.GetStringLength());
    if (!entry.value.IsString()) return bad_index("weight_map must name a file for each tensor", tensor);
    std::string shard(entry.value.GetString(), entry.value.GetStringLength());
    if (auto inside = check_relative_name(shard); !inside) return inside.error();
    if (!budget.take(2 * Budget::kName + tensor.size() / Budget::kNameBytes)) return Budget::exceeded("tensors", 0);
    if (!tensors.insert(tensor).second) return bad_index("weight_map names a tensor twice", tensor);
    shards[shard].push_back(std::move(tensor));
  }
  if (shards.empty()) return bad_index("weight_map names no shard");
  return shards;
}

}  // namespace

Result<std::optional<ShardMap>> read_safetensors_index(const ByteSource& source) {
  const auto json = begins_like_json(source);
  if (!json) return json.error();
  if (!*json || source.size() > kLargestIndex) return std::optional<ShardMap>();
  std::string text(static_cast<std::size_t>(source.size()), '\0');
  if (auto read = source.read(0, std::as_writable_bytes(std::span(text))); !read) return read.error();
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(text.data(), text.size());
  if (document.HasParseError() || !document.IsObject()) return std::optional<ShardMap>();
  const rapidjson::Value::ConstMemberIterator map = document.FindMember(kMap), none = document.MemberEnd();
  if (map == none) return std::optional<ShardMap>();
  if (!map->value.IsObject()) return bad_index("weight_map must be a JSON object");
  auto shards = shards_of(map->value, source.size());
  if (!shards) return shards.error();
  return std::optional<ShardMap>(*std::move(shards));
}

}  // namespace nnlock::formats
