// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The head of a GGUF file: magic, version, counts, key-values, tensor infos. It is read piece by piece and handed to a visitor; nothing of it
// is kept, so that a file's counts cost nothing. The rules are those of ggml-org/ggml: src/gguf.cpp, made stricter where it would take
// what no writer writes: NUL in names, and sizes named below.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "formats/bytes.hpp"
#include "formats/gguf_types.hpp"

namespace nnlock::formats::gguf {

constexpr std::uint64_t kMaxTensors = 1 << 17;      // keeps the list of tensors below some 40 MiB
constexpr std::uint64_t kMaxKeyValues = 1 << 17;
constexpr std::uint64_t kMaxKey = 65535;            // bytes (ggml: docs/gguf.md)
constexpr std::uint64_t kMaxName = 127;             // bytes; ggml is built with 63, for image models with 127
constexpr std::uint64_t kMaxString = 64ULL << 20;   // bytes
constexpr std::uint32_t kMaxDimensions = 4;
constexpr std::uint64_t kDefaultAlignment = 32;     // bytes

// Types of values (ggml: include/gguf.h).
enum class ValueType : std::uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, string, array, u64, i64, f64 };

struct KeyValue {
  std::string_view key;           // valid during the visit
  std::uint64_t at = 0;           // byte of the file where the key's characters start
  ValueType type{};
  std::uint64_t value_at = 0;     // byte where the value starts
  std::uint64_t scalar = 0;       // of types that are one number of at most 8 bytes: those bytes, little endian
};

struct TensorInfo {
  std::string_view name;          // valid during the visit
  std::uint64_t at = 0;           // byte where the name's characters start
  const TensorType* type = nullptr;
  std::uint32_t dimensions = 0;
  std::array<std::uint64_t, kMaxDimensions> shape{1, 1, 1, 1};  // elements; the first one varies fastest
  std::uint64_t bytes = 0;
  std::uint64_t offset = 0;       // bytes from the start of the tensor data
};

class Visitor {
 public:
  virtual ~Visitor() = default;
  virtual Result<void> key_value(const KeyValue&) { return {}; }
  virtual Result<void> tensor(const TensorInfo&) { return {}; }
};

struct Head {
  std::uint64_t data = 0;         // byte where the tensor data starts
  std::uint64_t size = 0;         // of the tensor data in bytes, the last padding not counted
};

// Reads the head. Its tensors lie one behind the other, aligned, in the order of their infos, and inside the file. Errors: bad_model,
// unsupported, io; whatever the visitor returns.
Result<Head> read_head(const ByteSource& source, Visitor& visitor);

// Reads until the visitor has seen all key-values.
Result<void> read_key_values(const ByteSource& source, Visitor& visitor);

inline Error bad_head(std::string message, std::uint64_t at, std::string_view tensor = {}) {
  return Error{.code = ErrorCode::bad_model, .message = std::move(message), .tensor = std::string(tensor), .offset = at};
}

}  // namespace nnlock::formats::gguf
