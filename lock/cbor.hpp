// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The CBOR subset of records (spec/record-v1.md section 1) on top of libcbor's streaming calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "nnlock/result.hpp"

namespace nnlock::lock {

// Reads items one by one. The first error sticks: afterwards every call returns an empty value, so that a caller can
// read a group of fields and check once. Nothing is allocated; byte strings are views into the input.
class CborReader {
 public:
  enum class Kind : std::uint8_t { none, integer, bytes, array, null };

  explicit CborReader(std::span<const std::byte> input) : input_(input) {}

  Kind peek();                                       // kind of the next item; none at the end or on error
  std::uint64_t integer(const char* what);
  std::span<const std::byte> bytes(const char* what);
  std::span<const std::byte> bytes(const char* what, std::size_t length);
  std::uint64_t array(const char* what);             // number of items that follow
  void array(const char* what, std::uint64_t items);
  void null(const char* what);
  void end(const char* what);                        // nothing may follow

  void fail(ErrorCode code, std::string message);    // keeps the first
  void unsupported(const std::string& what);         // fails for something that only a newer version knows
  bool failed() const { return error_.has_value(); }
  const Error& error() const { return *error_; }
  std::size_t remaining() const { return input_.size(); }  // bytes not read yet
  std::uint64_t skip_head();  // passes the next item, of an array its head only: how many items it holds

 private:
  struct Item {
    Kind kind = Kind::none;
    std::uint64_t value = 0;  // integer, or number of items of an array
    std::span<const std::byte> bytes;
    std::size_t encoded = 0;  // bytes used
  };
  static void put(void* item, Kind kind, std::uint64_t value);  // for libcbor's callbacks
  Item decode() const;
  Item take(Kind kind, const char* what);

  std::span<const std::byte> input_;
  std::optional<Error> error_;
};

// True when `input` is exactly one item of the subset, in shortest form, with at most `depth` arrays inside one another.
bool well_formed(std::span<const std::byte> input, std::size_t depth);

// Appends items in their shortest form.
class CborWriter {
 public:
  void integer(std::uint64_t value);
  void bytes(std::span<const std::byte> value);
  void array(std::uint64_t items);
  void null();
  std::vector<std::byte> take() && { return std::move(out_); }

 private:
  std::vector<std::byte> out_;
};

}  // namespace nnlock::lock
