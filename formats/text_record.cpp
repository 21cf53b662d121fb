// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "formats/text_record.hpp"

#include "formats/base64.hpp"

namespace nnlock::formats {
namespace {

Error too_long() {
  return Error{.code = ErrorCode::unsupported, .message = "the text of the model is longer than 32 MiB", .offset = TextRecord::text_limit()};
}

}  // namespace

Result<std::optional<Embedded>> TextRecord::find(const ByteSource& source) const {
  if (source.size() > text_limit() + limit() / 3 * 4 + opening_.size() + closing_.size()) return too_long();
  std::string text(static_cast<std::size_t>(source.size()), '\0');
  if (auto read = source.read(0, std::as_writable_bytes(std::span(text))); !read) return read.error();
  const std::size_t first = text.find(mark_);
  if (first == std::string::npos) return std::optional<Embedded>();
  const auto refuse = [&](const char* message) {
    return Error{.code = ErrorCode::bad_record, .message = message, .offset = first};
  };
  if (text.find(mark_, first + 1) != std::string::npos) return refuse("the file holds two records");
  const std::size_t before = opening_.find(mark_);  // bytes of the opening in front of the mark
  const std::string_view all = text;
  if (first < before || !all.substr(first - before).starts_with(opening_) || !all.ends_with(closing_) ||
      all.size() < first - before + opening_.size() + closing_.size())
    return refuse("the record does not stand as nnlock writes it");
  const std::size_t at = first - before;
  const auto stored = all.substr(at);
  auto record = base64_decode(stored.substr(opening_.size(), stored.size() - opening_.size() - closing_.size()));
  if (!record || record->empty()) return refuse("the record is not base64");
  Embedded found{.record = *std::move(record), .edits = {}};
  const auto bytes = std::as_bytes(std::span(stored));
  found.edits.push_back({at, {}, {bytes.begin(), bytes.end()}});
  return std::optional(std::move(found));
}

Result<std::vector<Edit>> TextRecord::embed(std::span<const std::byte> image, std::span<const std::byte> record) const {
  if (record.empty() || record.size() % 3 != 0 || record.size() > limit())
    return Error{.code = ErrorCode::usage,
                 .message = "a record of " + std::to_string(record.size()) + " bytes does not fit the text of a model"};
  if (const auto text = restored_text(image); !text) return text.error();
  std::string stored(opening_);
  stored.append(base64_encode(record)).append(closing_);
  const auto bytes = std::as_bytes(std::span(stored));
  return std::vector<Edit>{{image.size(), {}, {bytes.begin(), bytes.end()}}};
}

Result<std::string_view> TextRecord::restored_text(std::span<const std::byte> image) const {
  if (image.size() > text_limit()) return too_long();
  const std::string_view text(reinterpret_cast<const char*>(image.data()), image.size());
  if (const auto at = text.find('\0'); at != std::string_view::npos)
    return Error{.code = ErrorCode::bad_model, .message = "the text of the model holds a zero byte", .offset = at};
  if (const auto at = text.find(mark_); at != std::string_view::npos)
    return Error{.code = ErrorCode::already_locked, .message = "the model holds a record already", .offset = at};
  return text;
}

}  // namespace nnlock::formats
