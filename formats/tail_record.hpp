// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// A record behind the file, for formats whose readers ignore what follows (spec/record-v1.md section 6):
// restored file || record || be64(length of the record) || magic of 8 bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "formats/codec.hpp"

namespace nnlock::formats {

// One format's tail. Stateless; the members do what the codec's functions of the same names must do.
class TailRecord {
 public:
  // `magic`: 8 bytes, static. `size_limit`: the first size in bytes that the file with its record must not have.
  constexpr explicit TailRecord(std::string_view magic, std::uint64_t size_limit = UINT64_MAX)
      : magic_(magic), size_limit_(size_limit) {}

  Result<std::optional<Embedded>> find(const ByteSource& source) const;
  Result<std::vector<Edit>> embed(std::span<const std::byte> image, std::span<const std::byte> record) const;

  // How many bytes of an untrusted file are the restored file: all of them where no record stands behind it.
  Result<std::uint64_t> restored_size(const ByteSource& source) const;

  static constexpr std::uint64_t limit() { return std::uint64_t{1} << 30; }  // bytes of a record

 private:
  bool is_magic(std::span<const std::byte> bytes) const;
  Result<bool> ends_with_magic(const ByteSource& source, std::uint64_t end) const;

  std::string_view magic_;
  std::uint64_t size_limit_;
};

}  // namespace nnlock::formats
