// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// A record as the last piece of a text file, for formats whose readers ignore what follows (spec/record-v1.md section 6):
// restored file || opening || base64 of the record || closing. Text models describe a graph only; their values lie in companions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/codec.hpp"

namespace nnlock::formats {

// One format's record. Stateless; find() and embed() do what the codec's functions of the same names must do.
class TextRecord {
 public:
  // `mark`: a part of `opening` that may stand nowhere in a restored file. All three are static.
  constexpr TextRecord(std::string_view opening, std::string_view mark, std::string_view closing)
      : opening_(opening), mark_(mark), closing_(closing) {}

  Result<std::optional<Embedded>> find(const ByteSource& source) const;
  Result<std::vector<Edit>> embed(std::span<const std::byte> image, std::span<const std::byte> record) const;

  // The text of a restored file, or why it is none: too long, holding a zero byte, or locked already.
  Result<std::string_view> restored_text(std::span<const std::byte> image) const;

  static constexpr std::uint64_t text_limit() { return std::uint64_t{128} << 20; }  // bytes of a restored file
  static constexpr std::uint64_t limit() { return std::uint64_t{3} << 22; }         // bytes of a record, a multiple of 3

 private:
  struct Marks {
    std::uint64_t first = 0;  // bytes; where the first one starts
    int count = 0;            // 2: two or more
  };
  Result<Marks> find_marks(const ByteSource& source) const;

  std::string_view opening_, mark_, closing_;
};

}  // namespace nnlock::formats
