// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "formats/text_record.hpp"

#include <algorithm>

#include "formats/base64.hpp"

namespace nnlock::formats {
namespace {

constexpr std::size_t kPiece = 1 << 16;  // bytes that are looked at together

Error too_long() {
  return Error{.code = ErrorCode::unsupported, .message = "the text of the model is longer than 128 MiB", .offset = TextRecord::text_limit()};
}

Error bad_record(const char* message, std::uint64_t offset) {
  return Error{.code = ErrorCode::bad_record, .message = message, .offset = offset};
}

}  // namespace

// Pieces overlap by one byte less than the mark has, so each mark lies whole in exactly one.
Result<TextRecord::Marks> TextRecord::find_marks(const ByteSource& source) const {
  Marks marks;
  std::string piece;
  for (std::uint64_t at = 0; at + mark_.size() <= source.size() && marks.count < 2; at += kPiece) {
    piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kPiece + mark_.size() - 1, source.size() - at)));
    if (auto read = source.read(at, std::as_writable_bytes(std::span(piece))); !read) return read.error();
    for (auto found = piece.find(mark_); found != std::string::npos && marks.count < 2; found = piece.find(mark_, found + 1))
      if (++marks.count == 1) marks.first = at + found;
  }
  return marks;
}

Result<std::optional<Embedded>> TextRecord::find(const ByteSource& source) const {
  const std::uint64_t longest = opening_.size() + limit() / 3 * 4 + closing_.size();
  if (source.size() > text_limit() + longest) return too_long();
  const auto marks = find_marks(source);
  if (!marks) return marks.error();
  if (marks->count == 0) return std::optional<Embedded>();
  if (marks->count > 1) return bad_record("the file holds two records", marks->first);
  const std::size_t before = opening_.find(mark_);  // bytes of the opening in front of the mark
  if (marks->first < before || source.size() - (marks->first - before) > longest)
    return bad_record("the record does not stand as nnlock writes it", marks->first);
  const std::uint64_t at = marks->first - before;
  Edit edit{.offset = at, .restored = {}, .stored = std::vector<std::byte>(static_cast<std::size_t>(source.size() - at))};
  if (auto read = source.read(at, edit.stored); !read) return read.error();
  const std::string_view stored(reinterpret_cast<const char*>(edit.stored.data()), edit.stored.size());
  if (stored.size() < opening_.size() + closing_.size() || !stored.starts_with(opening_) || !stored.ends_with(closing_))
    return bad_record("the record does not stand as nnlock writes it", marks->first);
  auto record = base64_decode(stored.substr(opening_.size(), stored.size() - opening_.size() - closing_.size()));
  if (!record || record->empty()) return bad_record("the record is not base64", marks->first);
  Embedded found{.record = *std::move(record), .edits = {}};
  found.edits.push_back(std::move(edit));
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
