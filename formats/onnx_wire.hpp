// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Walks the fields of one protobuf message at a time, over libprotobuf's CodedInputStream.
#pragma once

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "formats/bytes.hpp"
#include "formats/onnx_schema.hpp"
#include "nnlock/result.hpp"

namespace nnlock::formats::onnx {

// Protobuf counts in int, and spec/record-v1.md section 8 keeps ONNX files below 2 GiB - 1.
constexpr std::uint64_t kMaxFile = (std::uint64_t{1} << 31) - 2;  // bytes

// One field as it stands in the file. Offsets are bytes in the file.
struct Field {
  std::uint32_t number = 0;
  WireType type = WireType::varint;
  std::uint64_t start = 0;   // of the tag
  std::uint64_t offset = 0;  // of the payload
  std::uint64_t length = 0;  // of the payload
  std::uint64_t value = 0;   // varints only
  std::uint64_t end() const { return offset + length; }
};

inline Error bad_model(std::string message, std::uint64_t offset) {
  return Error{.code = ErrorCode::bad_model, .message = std::move(message), .offset = offset};
}

// The fields of one message. Payloads are never read, only stepped over, unless the caller enters them.
// Refuses groups, field number 0, tags and lengths that run out of their message, and a second field of a
// number in `once`.
class FieldReader {
 public:
  // A message that lies at [offset, offset + length) of an image in memory; the caller has checked the range.
  FieldReader(std::span<const std::byte> image, std::uint64_t offset, std::uint64_t length,
              std::uint64_t once);
  // A message that is a whole stream of `length` bytes.
  FieldReader(google::protobuf::io::ZeroCopyInputStream& stream, std::uint64_t length, std::uint64_t once);

  // The next field, or nullopt at the end of the message.
  Result<std::optional<Field>> next();

  // Reads a nested message with the same reader: until leave(), next() gives the fields inside `field`.
  struct Outer {
    std::uint64_t end, resume, seen, once;
    int limit;
  };
  Outer enter(const Field& field, std::uint64_t once);
  void leave(const Outer& outer);

 private:
  std::uint64_t position() const { return base_ + static_cast<std::uint64_t>(coded_.CurrentPosition()); }
  Result<void> check_repetition(const Field& field);
  Result<void> read_payload(Field& field);

  google::protobuf::io::CodedInputStream coded_;
  std::uint64_t base_;    // file offset of the stream's first byte
  std::uint64_t end_;     // file offset of the message's end
  std::uint64_t resume_;  // file offset of the next tag
  std::uint64_t once_;    // field numbers that may come once
  std::uint64_t seen_ = 0;
};

// A protobuf input stream over a source; skipping costs nothing, however far.
class SourceStream final : public google::protobuf::io::ZeroCopyInputStream {
 public:
  explicit SourceStream(const ByteSource& source) : source_(source), size_(source.size()) {}
  bool Next(const void** data, int* size) override;
  void BackUp(int count) override { position_ -= static_cast<std::uint64_t>(count); }
  bool Skip(int count) override;
  int64_t ByteCount() const override { return static_cast<int64_t>(position_); }
  const std::optional<Error>& error() const { return error_; }  // of the last read that failed

 private:
  const ByteSource& source_;
  std::uint64_t size_;
  std::uint64_t position_ = 0;
  std::optional<Error> error_;
  std::byte buffer_[4096];
};

// The payload of a bytes field as text; a view into the image.
std::string_view text(std::span<const std::byte> image, const Field& field);

// Refuses a known field that does not have the wire type its message gives it: readers disagree about such
// fields.
Result<void> require(const Field& field, WireType type);

}  // namespace nnlock::formats::onnx
