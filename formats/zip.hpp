// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The records of a zip archive, with the place of every field that a lock has to touch. Laid out as in PKWARE's APPNOTE.TXT 6.3.10,
// sections 4.3 to 4.5; read strictly: whatever two readers could read in two ways is refused. No library says where CRC fields stand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/budget.hpp"
#include "formats/bytes.hpp"
#include "nnlock/result.hpp"

namespace nnlock::formats::zip {

constexpr std::uint32_t kLocalSignature = 0x04034b50, kCentralSignature = 0x02014b50, kDescriptorSignature = 0x08074b50;
constexpr std::size_t kLocalHeader = 30, kCentralHeader = 46;  // bytes without name, extra fields and comment
constexpr std::uint16_t kStored = 0, kDeflated = 8;            // methods
constexpr std::uint64_t kNot16 = 0xffff, kNot32 = 0xffffffff;  // "the value stands in a zip64 field"
constexpr std::uint64_t kLargestDirectory = 32 << 20;          // bytes
constexpr std::size_t kLongestName = 4096;                     // bytes

template <class T>
T read_le(std::span<const std::byte> bytes, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = sizeof(T); i-- > 0;) value = value << 8 | std::to_integer<std::uint64_t>(bytes[at + i]);
  return static_cast<T>(value);
}

template <class T>
void write_le(std::span<std::byte> bytes, std::size_t at, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) bytes[at + i] = static_cast<std::byte>((std::uint64_t{value} >> (8 * i)) & 0xff);
}

template <class T>
void append_le(std::vector<std::byte>& bytes, T value) {
  bytes.resize(bytes.size() + sizeof(T));
  write_le(bytes, bytes.size() - sizeof(T), value);
}

// The end of an archive: where the central directory stands, and the end records as they are in the file.
class Ends {
 public:
  // Errors: bad_model.
  static Result<Ends> read(const ByteSource& source);

  std::uint64_t entries = 0;
  std::uint64_t directory = 0, directory_length = 0;  // bytes; the directory ends where the end records start
  std::vector<std::byte> records;                     // the zip64 pair, if there is one, and the end record
  bool zip64 = false;

  std::uint64_t end_of_directory() const { return directory + directory_length; }

  // The end records once a last entry is added (sign 1) or taken away (sign -1): `local` bytes before the directory and `central`
  // bytes at its end. Errors: unsupported where a field would have to move into a zip64 record.
  Result<std::vector<std::byte>> records_with(int sign, std::uint64_t local, std::uint64_t central) const;

 private:
  Result<void> check_zip64(std::uint64_t at);
  Result<void> check_directory(std::uint64_t at) const;
};

struct Entry {
  std::string name;
  std::uint16_t flags = 0, method = kStored;
  std::uint64_t packed = 0, size = 0;  // bytes as stored, and unpacked
  std::uint64_t header = 0;            // where its local header stands
  std::uint64_t central = 0;           // where its central header stands
  std::uint64_t data = 0;              // after locate_data(): where its data stand

  bool described() const { return (flags & 8) != 0; }  // sizes and CRC follow the data
  std::uint64_t end() const { return data + packed; }
};

// The central directory, in its order. Errors: bad_model, unsupported.
Result<std::vector<Entry>> read_directory(const ByteSource& source, const Ends& ends, Budget& budget);

// Reads the local headers; they must say what the directory says, and entries must tile the bytes before it. Errors: bad_model.
Result<void> locate_data(const ByteSource& source, const Ends& ends, std::vector<Entry>& entries);

// The data of an entry of `image`, where they lie or inflated into `buffer`; that may cost at most `most` bytes. Errors: bad_model, unsupported.
Result<std::span<const std::byte>> unpack(std::span<const std::byte> image, const Entry& entry, std::uint64_t most, std::vector<std::byte>& buffer);

// Compares names as PyTorch's reader does: letters A to Z like a to z (pytorch: third_party/miniz-2.1.0/miniz.c,
// mz_zip_reader_locate_file).
bool less_without_case(std::string_view a, std::string_view b);
inline bool same_without_case(std::string_view a, std::string_view b) { return !less_without_case(a, b) && !less_without_case(b, a); }

}  // namespace nnlock::formats::zip
