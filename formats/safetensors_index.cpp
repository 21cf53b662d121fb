// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "formats/safetensors_index.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "formats/budget.hpp"
#include "formats/file_names.hpp"
#include "formats/json_reader.hpp"

namespace nnlock::formats {
namespace {

constexpr std::uint64_t kLargestIndex = 100'000'000;  // bytes, as the header of one file; of 90,000 tensors it has 9
constexpr std::size_t kDeepest = 16;                   // levels; an index has 2
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

// Takes the events of the whole file; only what stands in the outermost weight_map matters.
class IndexEvents {
 public:
  explicit IndexEvents(std::uint64_t file_size) : budget_(file_size) {}

  ShardMap shards;
  bool has_map = false;
  std::optional<Error> error;

  bool Null() { return value(); }
  bool Bool(bool) { return value(); }
  bool Int(int) { return value(); }
  bool Uint(unsigned) { return value(); }
  bool Int64(std::int64_t) { return value(); }
  bool Uint64(std::uint64_t) { return value(); }
  bool Double(double) { return value(); }
  bool RawNumber(const char*, rapidjson::SizeType, bool) { return value(); }
  bool StartArray() { return open(); }
  bool EndArray(rapidjson::SizeType) { return close(); }
  bool StartObject() { return open(); }
  bool EndObject(rapidjson::SizeType) { return close(); }

  bool Key(const char* text, rapidjson::SizeType length, bool) {
    key_.assign(text, length);
    if (depth_ == 1 && key_ == kMap && std::exchange(has_map, true)) return fail("weight_map stands twice");
    if (!in_map()) return true;
    if (!budget_.take(2 * Budget::kName + key_.size() / Budget::kNameBytes)) return error = Budget::exceeded("tensors", 0), false;
    return tensors_.insert(key_).second || fail("weight_map names a tensor twice", key_);
  }

  bool String(const char* text, rapidjson::SizeType length, bool) {
    if (!in_map()) return value();
    const std::string shard(text, length);
    if (auto inside = check_relative_name(shard); !inside) return error = inside.error(), false;
    shards[shard].push_back(key_);
    return true;
  }

 private:
  bool at_map() const { return depth_ == 1 && key_ == kMap; }
  bool in_map() const { return depth_ == 2 && map_open_; }

  bool value() {
    if (at_map()) return fail("weight_map must be a JSON object");
    return !in_map() || fail("weight_map must name a file for each tensor", key_);
  }

  bool open() {
    if (in_map()) return fail("weight_map must name a file for each tensor", key_);
    if (at_map()) map_open_ = true;
    return ++depth_ <= kDeepest;
  }

  bool close() {
    if (--depth_ == 1) map_open_ = false, key_.clear();
    return true;
  }

  bool fail(std::string message, std::string tensor = {}) {
    error = bad_index(std::move(message), std::move(tensor));
    return false;
  }

  Budget budget_;
  std::set<std::string> tensors_;
  std::string key_;
  std::size_t depth_ = 0;
  bool map_open_ = false;
};

}  // namespace

Result<std::optional<ShardMap>> read_safetensors_index(const ByteSource& source) {
  const auto json = begins_like_json(source);
  if (!json) return json.error();
  if (!*json || source.size() > kLargestIndex) return std::optional<ShardMap>();
  std::string text(static_cast<std::size_t>(source.size()), '\0');
  if (auto read = source.read(0, std::as_writable_bytes(std::span(text))); !read) return read.error();
  rapidjson::MemoryStream stream(text.data(), text.size());
  IndexEvents events(source.size());
  JsonReader reader;
  const auto outcome = reader.Parse<kJsonFlags>(stream, events);
  if (events.error) return *std::move(events.error);
  if (outcome.IsError() || !events.has_map) return std::optional<ShardMap>();
  if (events.shards.empty()) return bad_index("weight_map names no shard");
  return std::optional(std::move(events.shards));
}

}  // namespace nnlock::formats
