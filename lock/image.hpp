// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// A private copy of a restored model file in which parameters are holes of zeros. Everything that is decided about a
// model's structure is decided on this copy, so a file that changes underneath cannot be parsed one way and used another.
#pragma once

#include <cstdint>
#include <span>

#include "formats/bytes.hpp"
#include "lock/digest.hpp"
#include "nnlock/lock.hpp"

namespace nnlock::lock {

class Image {
 public:
  // Address space only; pages cost memory when they are filled. Errors: io.
  static Result<Image> reserve(std::uint64_t restored_length);
  Image(Image&&) noexcept = default;
  Image& operator=(Image&&) noexcept = default;
  ~Image() { buffer_.discard(); }  // holds no plain parameters unless it was turned into a ModelBuffer

  std::span<const std::byte> bytes() const { return buffer_.bytes(); }
  Result<void> fill(const formats::ByteSource& source, std::uint64_t offset, std::uint64_t length);
  Result<void> fill(const formats::ByteSource& source, std::span<const Run> runs);
  // Turns spans into zeros and gives their pages back.
  void punch(std::uint64_t offset, std::uint64_t length);
  // The memory, to be filled with parameters; it is wiped from now on.
  ModelBuffer take() && { return std::move(buffer_); }

 private:
  explicit Image(ModelBuffer buffer) : buffer_(std::move(buffer)) {}
  ModelBuffer buffer_;
};

}  // namespace nnlock::lock
