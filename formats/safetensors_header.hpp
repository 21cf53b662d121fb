// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The JSON header of a safetensors file: how it is read, and what must hold between its entries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nnlock/model.hpp"
#include "nnlock/result.hpp"

namespace nnlock::formats::safetensors {

constexpr std::uint64_t kPrefix = 8;               // bytes of the header length
constexpr std::uint64_t kHeaderMax = 100'000'000;  // bytes; MAX_HEADER_SIZE of the reference reader
constexpr std::uint64_t kHeaderMin = 2;            // bytes; "{}"
constexpr std::size_t kMaxDisplay = 256;           // bytes of a name in an error
constexpr std::string_view kRecordKey = "nnlock";  // in __metadata__

struct ElementType {
  std::string_view word;  // as written in the header
  std::uint64_t bits;     // per element
  Dtype dtype;            // as shown to people
};

// The type of that name, or null.
const ElementType* element_type(std::string_view word);

struct Tensor {
  std::string name;
  std::size_t at = 0;  // header byte of its '{'
  const ElementType* type = nullptr;
  std::vector<std::uint64_t> shape;
  std::vector<std::uint64_t> offsets;  // begin and end in bytes from the end of the header
  bool has_shape = false;
  bool has_offsets = false;

  std::uint64_t begin() const { return offsets[0]; }
  std::uint64_t end() const { return offsets[1]; }
};

struct NamedPlace {
  std::string name;
  std::size_t at = 0;  // header byte behind the name
};

struct Header {
  std::vector<Tensor> tensors;
  std::vector<NamedPlace> metadata;  // keys of __metadata__, the record's among them
  std::size_t metadata_count = 0;    // __metadata__ objects
  std::size_t metadata_open = 0;     // header byte of the '{' of the last one
  std::size_t record_count = 0;      // "nnlock" keys
  std::size_t record_key_end = 0;    // header byte behind the last such key
  std::size_t record_value_end = 0;  // header byte behind its value
};

inline Error bad_header(std::string message, std::size_t at, std::string tensor = {}) {
  return Error{.code = ErrorCode::bad_model, .message = std::move(message), .tensor = tensor.substr(0, kMaxDisplay), .offset = kPrefix + at};
}

// The number in the first kPrefix bytes, little endian.
std::uint64_t read_length(std::span<const std::byte> prefix);

// Length of the header in bytes, as its prefix gives it: possible, and inside a file of that size.
Result<std::uint64_t> checked_header_length(std::span<const std::byte> prefix, std::uint64_t file_size);

// Reads a header entry by entry; at least kHeaderMin bytes. The rules between entries are checked by the two below.
Result<Header> read_header(std::string_view text, std::uint64_t file_size);

// Names are decoded, so other spellings of a name count too.
Result<void> refuse_doubles(Header& header);

// The tensors must cover the data exactly, in some order. Leaves them sorted by offset.
Result<void> check_tiling(std::vector<Tensor>& tensors, std::uint64_t data_begin, std::uint64_t file_size);

}  // namespace nnlock::formats::safetensors
