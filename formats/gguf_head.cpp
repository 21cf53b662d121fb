// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "formats/gguf_head.hpp"

#include <algorithm>
#include <bit>
#include <span>
#include <vector>

namespace nnlock::formats::gguf {
namespace {

constexpr std::string_view kAlignmentKey = "general.alignment";

// Bytes of one value of the type; 0 for strings, arrays and unknown types.
constexpr std::uint64_t width_of(ValueType type) {
  constexpr std::array<std::uint8_t, 13> widths = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  const auto index = static_cast<std::size_t>(type);
  return index < widths.size() ? widths[index] : 0;
}

// Reads forward through a source, a buffer at a time.
class Cursor {
 public:
  explicit Cursor(const ByteSource& source) : source_(source), buffer_(static_cast<std::size_t>(std::min<std::uint64_t>(source.size(), kBuffer))) {}

  std::uint64_t at() const { return at_; }
  std::uint64_t left() const { return source_.size() - at_; }

  // The next n bytes; valid until the next call. n is at most kBuffer.
  Result<std::span<const std::byte>> take(std::uint64_t n) {
    if (n > left()) return bad_head("the file ends inside its head", at_);
    if (at_ < start_ || at_ + n > start_ + filled_) {
      start_ = at_;
      filled_ = static_cast<std::size_t>(std::min<std::uint64_t>(buffer_.size(), left()));
      if (auto read = source_.read(start_, std::span(buffer_).first(filled_)); !read) return read.error();
    }
    const auto bytes = std::span<const std::byte>(buffer_).subspan(static_cast<std::size_t>(at_ - start_), static_cast<std::size_t>(n));
    at_ += n;
    return bytes;
  }

  // A little-endian number of that many bytes.
  Result<std::uint64_t> number(std::uint64_t bytes) {
    const auto taken = take(bytes);
    if (!taken) return taken.error();
    std::uint64_t value = 0;
    for (std::size_t i = taken->size(); i-- > 0;) value = value << 8 | std::to_integer<std::uint64_t>((*taken)[i]);
    return value;
  }

  Result<void> skip(std::uint64_t n) {
    if (n > left()) return bad_head("the file ends inside its head", at_);
    at_ += n;
    return {};
  }

 private:
  static constexpr std::uint64_t kBuffer = 1 << 17;  // more than the longest key
  const ByteSource& source_;
  std::vector<std::byte> buffer_;
  std::uint64_t start_ = 0, at_ = 0;  // where the buffer starts; the next byte
  std::size_t filled_ = 0;
};

class HeadReader {
 public:
  HeadReader(const ByteSource& source, Visitor& visitor) : cursor_(source), visitor_(visitor) {}

  Result<void> read_key_values() {
    if (auto step = read_fixed(); !step) return step;
    for (std::uint64_t i = 0; i < key_values_; ++i)
      if (auto step = read_key_value(); !step) return step;
    return {};
  }

  Result<Head> read_all() {
    if (auto step = read_key_values(); !step) return step.error();
    for (std::uint64_t i = 0; i < tensors_; ++i)
      if (auto step = read_tensor(); !step) return step.error();
    Head head{.data = cursor_.at(), .size = end_};
    if (tensors_ == 0) return head;
    const std::uint64_t padding = padding_of(head.data);
    if (padding > cursor_.left()) return bad_head("the tensor data begins behind the end of the file", head.data);
    head.data += padding;
    if (end_ > cursor_.left() - padding) return bad_head("the tensor ends behind the end of the file", last_at_, last_name_);
    return head;
  }

 private:
  Result<void> read_fixed() {
    const auto magic = cursor_.take(4);
    if (!magic) return magic.error();
    if (std::memcmp(magic->data(), "GGUF", 4) != 0) return bad_head("not a GGUF file: no GGUF magic", 0);
    const auto version = cursor_.number(4);
    if (!version) return version.error();
    if (auto known = check_version(*version); !known) return known;
    if (auto step = read_count(tensors_, kMaxTensors, "tensors"); !step) return step;
    return read_count(key_values_, kMaxKeyValues, "key-values");
  }

  static Result<void> check_version(std::uint64_t version) {
    if (version == 2 || version == 3) return {};
    Error error{.code = ErrorCode::unsupported, .message = "GGUF version " + std::to_string(version), .offset = 4};
    if ((version & 0xffff) == 0 && version != 0) {
      error.message = "the GGUF file is big-endian";
      error.hint = "convert it with gguf-convert-endian";
    } else if (version == 1) {
      error.message = "GGUF version 1, which nothing reads any more";
      error.hint = "convert the model anew";
    } else if (version == 0) {
      error.code = ErrorCode::bad_model;
    } else {
      error.hint = "use a newer nnlock";
    }
    return error;
  }

  Result<void> read_count(std::uint64_t& count, std::uint64_t most, const char* what) {
    const std::uint64_t at = cursor_.at();
    const auto number = cursor_.number(8);
    if (!number) return number.error();
    if (*number > most) return bad_head("the file claims " + std::to_string(*number) + " " + what + ", more than any model has", at);
    count = *number;
    return {};
  }

  // Characters of at most `most` bytes; valid until the next read.
  Result<std::string_view> read_text(std::uint64_t most, const char* what) {
    const std::uint64_t at = cursor_.at();
    const auto length = cursor_.number(8);
    if (!length) return length.error();
    if (*length > most) return bad_head(std::string(what) + " of " + std::to_string(*length) + " bytes is too long", at);
    const auto bytes = cursor_.take(*length);
    if (!bytes) return bytes.error();
    const std::string_view text(reinterpret_cast<const char*>(bytes->data()), bytes->size());
    if (text.find('\0') != std::string_view::npos) return bad_head(std::string(what) + " holds a NUL", at + 8);
    return text;
  }

  Result<void> read_key_value() {
    const auto key = read_text(kMaxKey, "a key");
    if (!key) return key.error();
    KeyValue found{.at = cursor_.at() - key->size()};
    if (key->empty()) return bad_head("a key is empty", found.at);
    key_ = *key;  // outlives the reads below
    found.key = key_;
    const auto type = cursor_.number(4);
    if (!type) return type.error();
    found.type = static_cast<ValueType>(*type);
    found.value_at = cursor_.at();
    if (auto step = read_value(found); !step) return step;
    if (auto step = note_alignment(found); !step) return step;
    return visitor_.key_value(found);
  }

  Result<void> read_value(KeyValue& found) {
    if (found.type == ValueType::array) return skip_array();
    if (found.type == ValueType::string) return skip_string();
    const std::uint64_t width = width_of(found.type);
    if (width == 0) return bad_head("the value has no type that GGUF knows", found.value_at - 4);
    const auto number = cursor_.number(width);
    if (!number) return number.error();
    found.scalar = *number;
    return {};
  }

  Result<void> skip_string() {
    const std::uint64_t at = cursor_.at();
    const auto length = cursor_.number(8);
    if (!length) return length.error();
    if (*length > kMaxString) return bad_head("a string of " + std::to_string(*length) + " bytes is too long", at);
    return cursor_.skip(*length);
  }

  Result<void> skip_array() {
    const std::uint64_t at = cursor_.at();
    const auto type = cursor_.number(4);
    if (!type) return type.error();
    const auto count = cursor_.number(8);
    if (!count) return count.error();
    const auto kind = static_cast<ValueType>(*type);
    if (kind == ValueType::array) return bad_head("arrays of arrays are not allowed", at);
    const std::uint64_t width = kind == ValueType::string ? 8 : width_of(kind);  // of a string: at least its length
    if (width == 0) return bad_head("the array has no element type that GGUF knows", at);
    if (*count > cursor_.left() / width) return bad_head("the array is longer than the file", at + 4);
    if (kind != ValueType::string) return cursor_.skip(*count * width);
    for (std::uint64_t i = 0; i < *count; ++i)
      if (auto step = skip_string(); !step) return step;
    return {};
  }

  Result<void> note_alignment(const KeyValue& found) {
    if (found.key != kAlignmentKey) return {};
    if (found.type != ValueType::u32) return bad_head("general.alignment is no UINT32", found.value_at - 4);
    if (!std::has_single_bit(found.scalar)) return bad_head("general.alignment is no power of two", found.value_at);
    if (alignment_ != 0) return bad_head("general.alignment stands twice", found.at);
    alignment_ = found.scalar;
    return {};
  }

  std::uint64_t padding_of(std::uint64_t bytes) const {
    const std::uint64_t alignment = alignment_ == 0 ? kDefaultAlignment : alignment_;
    return (alignment - bytes % alignment) % alignment;
  }

  Result<void> read_tensor() {
    const auto name = read_text(kMaxName, "a tensor's name");
    if (!name) return name.error();
    TensorInfo info{.at = cursor_.at() - name->size()};
    last_name_ = *name;
    last_at_ = info.at;
    info.name = last_name_;
    if (auto step = read_shape(info); !step) return step;
    if (auto step = read_type(info); !step) return step;
    if (auto step = place(info); !step) return step;
    return visitor_.tensor(info);
  }

  Result<void> read_shape(TensorInfo& info) {
    const std::uint64_t at = cursor_.at();
    const auto dimensions = cursor_.number(4);
    if (!dimensions) return dimensions.error();
    if (*dimensions > kMaxDimensions) return bad_head("the tensor has more than 4 dimensions", at, info.name);
    info.dimensions = static_cast<std::uint32_t>(*dimensions);
    for (std::uint32_t d = 0; d < info.dimensions; ++d) {
      const auto extent = cursor_.number(8);
      if (!extent) return extent.error();
      if (*extent > INT64_MAX) return bad_head("the tensor has a negative dimension", cursor_.at() - 8, info.name);
      info.shape[d] = *extent;
    }
    return {};
  }

  Result<void> read_type(TensorInfo& info) {
    const std::uint64_t at = cursor_.at();
    const auto id = cursor_.number(4);
    if (!id) return id.error();
    info.type = tensor_type(static_cast<std::uint32_t>(*id));
    if (info.type == nullptr)
      return Error{.code = ErrorCode::unsupported,
                   .message = "the tensor has type " + std::to_string(*id) + (*id < kTypeCount ? ", which GGUF has no more" : ", which this version does not know"),
                   .hint = *id < kTypeCount ? "quantise the model anew" : "use a newer nnlock",
                   .tensor = std::string(info.name),
                   .offset = at};
    return measure(info);
  }

  // Rows are whole structs. A tensor without elements has no bytes, whatever its other dimensions.
  static Result<void> measure(TensorInfo& info) {
    if (info.shape[0] % info.type->elements != 0)
      return bad_head("the tensor's rows are no multiple of the " + std::to_string(info.type->elements) + " elements of a struct of " +
                          std::string(info.type->name), info.at, info.name);
    if (std::find(info.shape.begin(), info.shape.end(), 0U) != info.shape.end()) return {};
    info.bytes = info.shape[0] / info.type->elements;
    bool overflows = __builtin_mul_overflow(info.bytes, info.type->bytes, &info.bytes);
    for (std::uint32_t d = 1; d < kMaxDimensions; ++d) overflows |= __builtin_mul_overflow(info.bytes, info.shape[d], &info.bytes);
    if (overflows || info.bytes > INT64_MAX) return bad_head("the tensor's shape is too large", info.at, info.name);
    return {};
  }

  // Tensors lie one behind the other, each at the next aligned byte.
  Result<void> place(TensorInfo& info) {
    const std::uint64_t at = cursor_.at();
    const auto offset = cursor_.number(8);
    if (!offset) return offset.error();
    info.offset = *offset;
    const std::uint64_t expected = end_ + padding_of(end_);
    if (info.offset < expected) return bad_head("the tensor overlaps another one", at, info.name);
    if (info.offset > expected) return bad_head("unused bytes stand before the tensor", at, info.name);
    end_ = info.offset + info.bytes;
    if (end_ > INT64_MAX) return bad_head("the tensor's shape is too large", info.at, info.name);
    return {};
  }

  Cursor cursor_;
  Visitor& visitor_;
  std::string key_, last_name_;
  std::uint64_t last_at_ = 0;
  std::uint64_t tensors_ = 0, key_values_ = 0;
  std::uint64_t alignment_ = 0;  // 0: not given
  std::uint64_t end_ = 0;        // of the last tensor, in bytes of the tensor data
};

}  // namespace

Result<Head> read_head(const ByteSource& source, Visitor& visitor) { return HeadReader(source, visitor).read_all(); }

Result<void> read_key_values(const ByteSource& source, Visitor& visitor) { return HeadReader(source, visitor).read_key_values(); }

}  // namespace nnlock::formats::gguf
