// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "formats/tail_record.hpp"

#include <array>
#include <cstring>
#include <string>

namespace nnlock::formats {
namespace {

constexpr std::uint64_t kTrailer = 16;  // length and magic

Error bad_record(std::string message, std::uint64_t offset) {
  return Error{.code = ErrorCode::bad_record, .message = std::move(message), .offset = offset};
}

std::uint64_t read_be64(std::span<const std::byte, 8> bytes) {
  std::uint64_t value = 0;
  for (const std::byte b : bytes) value = value << 8 | std::to_integer<std::uint64_t>(b);
  return value;
}

}  // namespace

bool TailRecord::is_magic(std::span<const std::byte> bytes) const {
  return bytes.size() == magic_.size() && std::memcmp(bytes.data(), magic_.data(), magic_.size()) == 0;
}

Result<bool> TailRecord::ends_with_magic(const ByteSource& source, std::uint64_t end) const {
  std::array<std::byte, 8> tail{};
  if (end < tail.size()) return false;
  if (auto read = source.read(end - tail.size(), tail); !read) return read.error();
  return is_magic(tail);
}

Result<std::uint64_t> TailRecord::restored_size(const ByteSource& source) const {
  const std::uint64_t size = source.size();
  const auto marked = ends_with_magic(source, size);
  if (!marked) return marked.error();
  if (!*marked) return size;
  if (size < kTrailer) return bad_record("the record has no length", 0);
  std::array<std::byte, kTrailer> trailer{};
  if (auto read = source.read(size - kTrailer, trailer); !read) return read.error();
  const std::uint64_t length = read_be64(std::span(trailer).first<8>());
  if (length > limit() || length > size - kTrailer)
    return bad_record("the record's length lies outside the file", size - kTrailer);
  const std::uint64_t restored = size - kTrailer - length;
  const auto doubled = ends_with_magic(source, restored);
  if (!doubled) return doubled.error();
  if (*doubled) return bad_record("the file holds two records", restored);
  return restored;
}

Result<std::optional<Embedded>> TailRecord::find(const ByteSource& source) const {
  const auto restored = restored_size(source);
  if (!restored) return restored.error();
  if (*restored == source.size()) return std::optional<Embedded>();
  const auto tail = static_cast<std::size_t>(source.size() - *restored);
  Edit edit{.offset = *restored, .restored = {}, .stored = std::vector<std::byte>(tail)};
  if (auto read = source.read(*restored, edit.stored); !read) return read.error();
  Embedded found;
  found.record.assign(edit.stored.begin(), edit.stored.end() - static_cast<std::ptrdiff_t>(kTrailer));
  found.edits.push_back(std::move(edit));
  return std::optional<Embedded>(std::move(found));
}

Result<std::vector<Edit>> TailRecord::embed(std::span<const std::byte> image,
                                            std::span<const std::byte> record) const {
  if (image.size() >= magic_.size() && is_magic(image.last(magic_.size())))
    return Error{.code = ErrorCode::already_locked, .message = "the model holds a record already"};
  if (record.size() > limit() || image.size() + record.size() + kTrailer >= size_limit_)
    return Error{.code = ErrorCode::unsupported,
                 .message = "the record is too large to stand behind the model",
                 .hint = "use a sidecar"};
  Edit edit{.offset = image.size(), .restored = {}, .stored = {record.begin(), record.end()}};
  for (int shift = 56; shift >= 0; shift -= 8)
    edit.stored.push_back(static_cast<std::byte>(std::uint64_t{record.size()} >> shift));
  const auto magic = std::as_bytes(std::span(magic_));
  edit.stored.insert(edit.stored.end(), magic.begin(), magic.end());
  return std::vector<Edit>{std::move(edit)};
}

}  // namespace nnlock::formats
