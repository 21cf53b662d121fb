// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Checked random-access reads from untrusted bytes, in memory or on disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "nnlock/result.hpp"

namespace nnlock::formats {

// True when [offset, offset + length) lies inside [0, size), without overflow.
constexpr bool inside(std::uint64_t offset, std::uint64_t length, std::uint64_t size) {
  return offset <= size && length <= size - offset;
}

// Bytes that can be read at any offset. Implementations copy into the caller's buffer, so a file that changes
// underneath gives another copy, never another view. Reads past size() are an error (bad_model). Thread-safe.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual std::uint64_t size() const = 0;  // bytes
  virtual Result<void> read(std::uint64_t offset, std::span<std::byte> out) const = 0;
};

// A source over memory that the caller keeps alive and unchanged.
class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::uint64_t size() const override { return bytes_.size(); }
  Result<void> read(std::uint64_t offset, std::span<std::byte> out) const override {
    if (!inside(offset, out.size(), bytes_.size()))
      return Error{.code = ErrorCode::bad_model, .message = "read past the end of the file", .offset = offset};
    if (!out.empty()) std::memcpy(out.data(), bytes_.data() + offset, out.size());
    return {};
  }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace nnlock::formats
