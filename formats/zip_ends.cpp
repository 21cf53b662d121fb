// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The end of a zip archive: end of central directory record (APPNOTE 4.3.16), its zip64 form (4.3.14) and the locator of that (4.3.15).

#include <algorithm>

#include "formats/zip.hpp"

namespace nnlock::formats::zip {
namespace {

constexpr std::uint32_t kEndSignature = 0x06054b50, kEnd64Signature = 0x06064b50, kLocatorSignature = 0x07064b50;
constexpr std::size_t kEnd = 22, kEnd64 = 56, kLocator = 20;  // bytes

// A number of the archive: where it stands in the end record and in the zip64 one.
struct Field {
  std::size_t at;    // byte of the end record
  std::size_t bytes; // 2 or 4
  std::size_t at64;  // byte of the zip64 end record; 8 bytes there
};
constexpr Field kEntriesHere = {8, 2, 24}, kEntries = {10, 2, 32}, kLength = {12, 4, 40}, kOffset = {16, 4, 48};

std::uint64_t none_of(const Field& field) { return field.bytes == 2 ? kNot16 : kNot32; }

std::uint64_t read_short(std::span<const std::byte> end, const Field& field) {
  return field.bytes == 2 ? read_le<std::uint16_t>(end, field.at) : read_le<std::uint32_t>(end, field.at);
}

Error broken(std::string message, std::uint64_t offset) {
  return Error{.code = ErrorCode::bad_model,
               .message = std::move(message),
               .hint = "get the file again, or load it and torch.save() it anew",
               .offset = offset};
}

}  // namespace

Result<Ends> Ends::read(const ByteSource& source) {
  const std::uint64_t size = source.size();
  if (size < kEnd) return broken("the zip archive is cut short: it has no end record", 0);
  Ends ends;
  ends.records.resize(static_cast<std::size_t>(std::min<std::uint64_t>(size, kEnd64 + kLocator + kEnd)));
  if (auto done = source.read(size - ends.records.size(), ends.records); !done) return done.error();
  auto& records = ends.records;
  const std::size_t end = records.size() - kEnd;
  if (read_le<std::uint32_t>(records, end) != kEndSignature || read_le<std::uint16_t>(records, end + 20) != 0)
    return broken("the zip archive does not end with an end record without a comment: it is cut short, or bytes follow it", size - kEnd);
  ends.zip64 = end >= kLocator && read_le<std::uint32_t>(records, end - kLocator) == kLocatorSignature;
  if (ends.zip64 && end < kLocator + kEnd64) return broken("the zip64 end record lies before the file", size - kEnd - kLocator);
  if (!ends.zip64) records.erase(records.begin(), records.begin() + static_cast<std::ptrdiff_t>(end));
  const std::uint64_t at = size - records.size();
  if (ends.zip64)
    if (auto checked = ends.check_zip64(at); !checked) return checked.error();
  const auto last = std::span(std::as_const(records)).last(kEnd);
  const auto value = [&](const Field& field) {
    return ends.zip64 ? read_le<std::uint64_t>(records, field.at64) : read_short(last, field);
  };
  ends.entries = value(kEntries), ends.directory_length = value(kLength), ends.directory = value(kOffset);
  for (const Field& field : {kEntriesHere, kEntries, kLength, kOffset}) {
    const std::uint64_t stated = read_short(last, field);
    if (ends.zip64 ? stated != value(field) && stated != none_of(field) : stated == none_of(field))
      return broken("the end record and its zip64 form do not say the same", size - kEnd + field.at);
  }
  if (value(kEntriesHere) != ends.entries || read_le<std::uint32_t>(last, 4) != 0)
    return broken("the zip archive is split over several files", size - kEnd + 4);
  if (auto checked = ends.check_directory(at); !checked) return checked.error();
  return ends;
}

Result<void> Ends::check_zip64(std::uint64_t at) {
  const std::span<const std::byte> bytes(records);
  if (read_le<std::uint32_t>(bytes, 0) != kEnd64Signature || read_le<std::uint64_t>(bytes, kEnd64 + 8) != at)
    return broken("the zip64 locator does not lead to the zip64 end record before it", at + kEnd64 + 8);
  if (read_le<std::uint64_t>(bytes, 4) != kEnd64 - 12) return broken("the zip64 end record has fields that are not known", at + 4);
  if (read_le<std::uint64_t>(bytes, 16) != 0 || read_le<std::uint32_t>(bytes, kEnd64 + 4) != 0 ||
      read_le<std::uint32_t>(bytes, kEnd64 + 16) != 1)
    return broken("the zip archive is split over several files", at + 16);
  return {};
}

Result<void> Ends::check_directory(std::uint64_t at) const {
  if (!inside(directory, directory_length, at) || end_of_directory() != at)
    return broken("the central directory does not end where the end record starts", at);
  if (entries > directory_length / kCentralHeader) return broken("the central directory is too short for its entries", directory);
  if (directory_length > kLargestDirectory) return Budget::exceeded("zip entries", at);
  return {};
}

// A field that holds its value goes on holding it, and one that refers to the zip64 record goes on referring, so the way back is exact.
Result<std::vector<std::byte>> Ends::records_with(int sign, std::uint64_t local, std::uint64_t central) const {
  const auto moved = [sign](std::uint64_t value, std::uint64_t by) { return sign > 0 ? value + by : value - by; };
  std::vector<std::byte> changed = records;
  const std::size_t end = changed.size() - kEnd;
  const auto write = [&](const Field& field, std::uint64_t value) {
    if (zip64) write_le(changed, field.at64, value);
    if (zip64 && read_short(std::span(changed).subspan(end), field) == none_of(field)) return true;
    if (value >= none_of(field)) return false;
    field.bytes == 2 ? write_le(changed, end + field.at, static_cast<std::uint16_t>(value))
                     : write_le(changed, end + field.at, static_cast<std::uint32_t>(value));
    return true;
  };
  const std::uint64_t count = moved(entries, 1);
  if (!write(kEntriesHere, count) || !write(kEntries, count) || !write(kLength, moved(directory_length, central)) ||
      !write(kOffset, moved(directory, local)))
    return Error{.code = ErrorCode::unsupported,
                 .message = "with a record in it the zip archive would need fields of another width",
                 .hint = "keep the record in a sidecar"};
  if (zip64) write_le(changed, kEnd64 + 8, moved(moved(end_of_directory(), local), central));
  return changed;
}

}  // namespace nnlock::formats::zip
