// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "formats/onnx_wire.hpp"

#include <algorithm>
#include <string>

namespace nnlock::formats::onnx {

namespace {

using google::protobuf::io::CodedOutputStream;

const std::uint8_t* data_at(std::span<const std::byte> image, std::uint64_t offset) {
  return reinterpret_cast<const std::uint8_t*>(image.data()) + offset;
}

}  // namespace

FieldReader::FieldReader(std::span<const std::byte> image, std::uint64_t offset, std::uint64_t length,
                         std::uint64_t once)
    : coded_(data_at(image, offset), static_cast<int>(length)),
      base_(offset),
      end_(offset + length),
      resume_(offset),
      once_(once) {}

FieldReader::FieldReader(google::protobuf::io::ZeroCopyInputStream& stream, std::uint64_t length,
                         std::uint64_t once)
    : coded_(&stream), base_(0), end_(length), resume_(0), once_(once) {
  coded_.SetTotalBytesLimit(static_cast<int>(kMaxFile));
  coded_.SetRecursionLimit(1);  // nothing recurses here; the walk bounds its own depth
  coded_.PushLimit(static_cast<int>(length));
}

Result<std::optional<Field>> FieldReader::next() {
  if (position() < resume_ && !coded_.Skip(static_cast<int>(resume_ - position())))
    return bad_model("the file ends inside a field", position());
  if (position() == end_) return std::optional<Field>();
  Field field{.start = position()};
  const std::uint32_t tag = coded_.ReadTag();
  field.number = tag >> 3;
  field.type = static_cast<WireType>(tag & 7);
  field.offset = position();
  // Overlong tags are read differently by different protobuf readers (some cut the number at 32 bits).
  if (field.number == 0 || field.offset > end_ ||
      field.offset - field.start != CodedOutputStream::VarintSize32(tag))
    return bad_model("this is no protobuf field tag", field.start);
  if (auto ok = check_repetition(field); !ok) return ok.error();
  if (auto ok = read_payload(field); !ok) return ok.error();
  if (!inside(field.offset, field.length, end_))
    return bad_model("field " + std::to_string(field.number) + " of " + std::to_string(field.length) +
                         " bytes does not fit into its message",
                     field.start);
  resume_ = field.end();
  return std::optional<Field>(field);
}

Result<void> FieldReader::check_repetition(const Field& field) {
  if (field.number >= 64) return {};
  const std::uint64_t bit = std::uint64_t{1} << field.number;
  if ((once_ & seen_ & bit) != 0)
    return bad_model(
        "field " + std::to_string(field.number) + " stands twice in a message that may hold it once",
        field.start);
  seen_ |= bit;
  return {};
}

Result<void> FieldReader::read_payload(Field& field) {
  switch (field.type) {
    case WireType::varint:
      if (!coded_.ReadVarint64(&field.value))
        return bad_model("a number is cut off or too long", field.offset);
      field.length = position() - field.offset;
      return {};
    case WireType::fixed64:
      field.length = 8;
      return {};
    case WireType::fixed32:
      field.length = 4;
      return {};
    case WireType::bytes: {
      // Stock readers take lengths of at most five bytes.
      std::uint64_t length = 0;
      if (!coded_.ReadVarint64(&length) || position() - field.offset > 5)
        return bad_model("a length is cut off or too long", field.offset);
      field.offset = position();
      field.length = length;
      return {};
    }
  }
  return bad_model("wire type " + std::to_string(static_cast<int>(field.type)) + " does not occur in ONNX",
                   field.start);
}

FieldReader::Outer FieldReader::enter(const Field& field, std::uint64_t once) {
  const Outer outer{.end = end_,
                    .resume = resume_,
                    .seen = seen_,
                    .once = once_,
                    .limit = coded_.PushLimit(static_cast<int>(field.length))};
  end_ = field.end();
  resume_ = field.offset;
  seen_ = 0;
  once_ = once;
  return outer;
}

void FieldReader::leave(const Outer& outer) {
  coded_.PopLimit(outer.limit);
  end_ = outer.end;
  resume_ = outer.resume;
  seen_ = outer.seen;
  once_ = outer.once;
}

bool SourceStream::Next(const void** data, int* size) {
  const std::uint64_t count = std::min<std::uint64_t>(sizeof buffer_, size_ - position_);
  if (count == 0 || error_) return false;
  if (auto read = source_.read(position_, std::span(buffer_).first(static_cast<std::size_t>(count))); !read) {
    error_ = read.error();
    return false;
  }
  position_ += count;
  *data = buffer_;
  *size = static_cast<int>(count);
  return true;
}

bool SourceStream::Skip(int count) {
  if (count < 0 || static_cast<std::uint64_t>(count) > size_ - position_) return false;
  position_ += static_cast<std::uint64_t>(count);
  return true;
}

std::string_view text(std::span<const std::byte> image, const Field& field) {
  return {reinterpret_cast<const char*>(data_at(image, field.offset)),
          static_cast<std::size_t>(field.length)};
}

Result<void> require(const Field& field, WireType type) {
  if (field.type == type) return {};
  return bad_model("field " + std::to_string(field.number) + " has wire type " +
                       std::to_string(static_cast<int>(field.type)) + " where ONNX has " +
                       std::to_string(static_cast<int>(type)),
                   field.start);
}

}  // namespace nnlock::formats::onnx
