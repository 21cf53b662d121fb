// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lock/derived.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <map>

#include "kernels/kernel.hpp"

namespace nnlock::lock {
namespace {

using formats::DerivedField;
using Field = std::array<std::byte, kDerivedBytes>;

constexpr std::size_t kPiece = 256 << 10;  // bytes read at a time

Field little_endian(std::uint32_t value) {
  Field field{};
  for (std::size_t i = 0; i < field.size(); ++i) field[i] = static_cast<std::byte>(value >> (8 * i));
  return field;
}

Result<Field> crc_over(const formats::ByteSource& source, std::uint64_t offset, std::uint64_t length) {
  std::vector<std::byte> piece(static_cast<std::size_t>(std::min<std::uint64_t>(length, kPiece)));
  uLong crc = crc32(0, nullptr, 0);
  while (length > 0) {
    const auto part = std::span(piece).first(static_cast<std::size_t>(std::min<std::uint64_t>(length, kPiece)));
    if (auto read = source.read(offset, part); !read) return read.error();
    crc = crc32(crc, reinterpret_cast<const Bytef*>(part.data()), static_cast<uInt>(part.size()));
    offset += part.size();
    length -= part.size();
  }
  kernels::wipe(piece.data(), piece.size());
  return little_endian(static_cast<std::uint32_t>(crc));
}

// One computation a span: a zip entry has its CRC in several places.
Result<void> each_field(const formats::Structure& structure, std::uint32_t file, const formats::ByteSource& source,
                        const std::function<Result<void>(const DerivedField&, const Field&)>& use) {
  std::map<std::pair<std::uint64_t, std::uint64_t>, Field> known;
  for (const DerivedField& field : structure.derived) {
    if (field.file != file) continue;
    const std::pair span(field.span_offset, field.span_length);
    auto at = known.find(span);
    if (at == known.end()) {
      const auto crc = crc_over(source, field.span_offset, field.span_length);
      if (!crc) return crc.error();
      at = known.emplace(span, *crc).first;
    }
    if (auto used = use(field, at->second); !used) return used;
  }
  return {};
}

}  // namespace

std::vector<DerivedEntry> derived_entries(const formats::Structure& structure, std::uint32_t file) {
  std::vector<DerivedEntry> entries;
  for (const DerivedField& field : structure.derived)
    if (field.file == file) entries.push_back({static_cast<std::uint8_t>(field.kind), field.offset});
  return entries;
}

Result<void> check_derived(const formats::Structure& structure, std::uint32_t file, const formats::ByteSource& plain) {
  return each_field(structure, file, plain, [&](const DerivedField& field, const Field& crc) -> Result<void> {
    Field stored{};
    if (auto read = plain.read(field.offset, stored); !read) return read;
    if (stored == crc) return {};
    return Error{.code = ErrorCode::bad_model,
                 .message = "a checksum in the file does not fit its data",
                 .hint = "the file is damaged: get it again",
                 .offset = field.offset};
  });
}

Result<void> write_derived(const formats::Structure& structure, std::uint32_t file, const formats::ByteSource& bytes, const WriteField& write) {
  return each_field(structure, file, bytes, [&](const DerivedField& field, const Field& crc) { return write(field.offset, crc); });
}

}  // namespace nnlock::lock
