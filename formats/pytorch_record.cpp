// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "formats/pytorch_record.hpp"

#include <zlib.h>

#include <algorithm>
#include <string>

#include "formats/pytorch_archive.hpp"

namespace nnlock::formats::pytorch {
namespace {

using Bytes = std::vector<std::byte>;

constexpr std::uint16_t kVersion = 10, kVersion64 = 45;  // needed to extract (APPNOTE 4.4.3)
constexpr std::uint16_t kFirstDay = 1 << 5 | 1;          // 1980-01-01

std::string record_name(std::string_view folder) { return std::string(folder).append(kRecordName); }

bool is_wide(std::uint64_t offset) { return offset >= zip::kNot32; }

// What local and central header have in common: version to CRC, sizes and length of the name (APPNOTE 4.3.7, 4.3.12).
void append_common(Bytes& out, std::uint16_t version, std::span<const std::byte> record, std::size_t name) {
  zip::append_le(out, version);
  zip::append_le(out, std::uint16_t{0});  // flags
  zip::append_le(out, zip::kStored);
  zip::append_le(out, std::uint16_t{0});  // time
  zip::append_le(out, kFirstDay);
  zip::append_le(out, static_cast<std::uint32_t>(::crc32_z(0, reinterpret_cast<const Bytef*>(record.data()), record.size())));
  zip::append_le(out, static_cast<std::uint32_t>(record.size()));
  zip::append_le(out, static_cast<std::uint32_t>(record.size()));
  zip::append_le(out, static_cast<std::uint16_t>(name));
}

void append_text(Bytes& out, std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  out.insert(out.end(), bytes.begin(), bytes.end());
}

Bytes local_entry(std::string_view name, std::span<const std::byte> record) {
  Bytes out;
  out.reserve(zip::kLocalHeader + name.size() + record.size());
  zip::append_le(out, zip::kLocalSignature);
  append_common(out, kVersion, record, name.size());
  zip::append_le(out, std::uint16_t{0});  // no extra field
  append_text(out, name);
  out.insert(out.end(), record.begin(), record.end());
  return out;
}

Bytes central_entry(std::string_view name, std::span<const std::byte> record, std::uint64_t offset) {
  const bool wide = is_wide(offset);
  const std::uint16_t version = wide ? kVersion64 : kVersion;
  Bytes out;
  zip::append_le(out, zip::kCentralSignature);
  zip::append_le(out, version);  // made by
  append_common(out, version, record, name.size());
  zip::append_le(out, static_cast<std::uint16_t>(wide ? 12 : 0));  // extra field
  out.resize(out.size() + 10);                                     // comment, disk, attributes: none
  zip::append_le(out, static_cast<std::uint32_t>(wide ? zip::kNot32 : offset));
  append_text(out, name);
  if (!wide) return out;
  zip::append_le(out, std::uint16_t{1});  // zip64 field (APPNOTE 4.5.3)
  zip::append_le(out, std::uint16_t{8});
  zip::append_le(out, offset);
  return out;
}

Error bad_record(std::string message, std::uint64_t offset) {
  return Error{.code = ErrorCode::bad_record, .message = std::move(message), .offset = offset};
}

Result<bool> stands_at(const ByteSource& source, std::uint64_t offset, const Bytes& expected) {
  if (!inside(offset, expected.size(), source.size())) return false;
  Bytes found(expected.size());
  if (auto read = source.read(offset, found); !read) return read.error();
  return found == expected;
}

// The ends of the archive without its last entry, whose local header is at `local`.
Result<zip::Ends> ends_without(const zip::Ends& ends, std::uint64_t local, std::size_t central) {
  auto records = ends.records_with(-1, ends.directory - local, central);
  if (!records) return records.error();
  zip::Ends restored = ends;
  restored.entries -= 1;
  restored.directory = local;
  restored.directory_length -= central;
  restored.records = *std::move(records);
  return restored;
}

}  // namespace

bool is_record(std::string_view name, std::string_view folder) {
  return name.starts_with(folder) && zip::same_without_case(name.substr(folder.size()), kRecordName);
}

Result<std::vector<Edit>> insert_record(const zip::Ends& ends, std::string_view folder, std::span<const std::byte> record) {
  if (record.size() > kRecordLimit)
    return Error{.code = ErrorCode::usage, .message = "a record of " + std::to_string(record.size()) + " bytes does not fit a zip archive"};
  const std::string name = record_name(folder);
  Bytes local = local_entry(name, record), tail = central_entry(name, record, ends.directory);
  const auto records = ends.records_with(1, local.size(), tail.size());
  if (!records) return records.error();
  tail.insert(tail.end(), records->begin(), records->end());
  return std::vector<Edit>{{ends.directory, {}, std::move(local)}, {ends.end_of_directory(), ends.records, std::move(tail)}};
}

Result<std::optional<Embedded>> strip_record(const ByteSource& source, const zip::Ends& ends, std::span<const zip::Entry> entries,
                                             std::string_view folder) {
  const auto ours = std::find_if(entries.begin(), entries.end(), [&](const zip::Entry& entry) { return is_record(entry.name, folder); });
  if (ours == entries.end()) return std::optional<Embedded>();
  const zip::Entry& entry = *ours;
  const Error misplaced = bad_record("the record does not stand in the archive as nnlock writes it", entry.central);
  const std::string name = record_name(folder);
  if (entries.size() < 2 || entry.name != name || entry.method != zip::kStored) return misplaced;
  if (entry.size > kRecordLimit || !inside(entry.header, zip::kLocalHeader + name.size() + entry.size, ends.directory))
    return misplaced;
  Embedded found;
  found.record.resize(static_cast<std::size_t>(entry.size));
  if (auto read = source.read(entry.header + zip::kLocalHeader + name.size(), found.record); !read) return read.error();
  const std::size_t central = central_entry(name, {}, entry.header).size();
  if (entry.central + central != ends.end_of_directory()) return misplaced;  // not the last entry, or longer than ours
  const auto restored = ends_without(ends, entry.header, central);
  if (!restored) return misplaced;
  auto edits = insert_record(*restored, folder, found.record);
  if (!edits) return misplaced;
  const auto local = stands_at(source, entry.header, (*edits)[0].stored), tail = stands_at(source, entry.central, (*edits)[1].stored);
  if (!local || !tail) return !local ? local.error() : tail.error();
  if (!*local || !*tail || entry.header + (*edits)[0].stored.size() != ends.directory) return misplaced;
  found.edits = *std::move(edits);
  return std::optional(std::move(found));
}

}  // namespace nnlock::formats::pytorch
