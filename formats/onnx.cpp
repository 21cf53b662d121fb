// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The ONNX codec: the record as the last metadata_props entry (spec/record-v1.md section 6.4).

#include <algorithm>
#include <string>
#include <utility>

#include "formats/base64.hpp"
#include "formats/codec.hpp"
#include "formats/onnx_recognise.hpp"
#include "formats/onnx_structure.hpp"
#include "formats/onnx_wire.hpp"

namespace nnlock::formats {

namespace onnx {

namespace {

constexpr std::string_view kRecordKey = "nnlock";
constexpr std::uint64_t kMaxRecord = std::uint64_t{1} << 30;  // bytes; 4/3 of it in the file

void append(std::vector<std::byte>& out, std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void append_length(std::vector<std::byte>& out, std::size_t length) {
  std::uint8_t buffer[10];
  const std::uint8_t* end = google::protobuf::io::CodedOutputStream::WriteVarint32ToArray(
      static_cast<std::uint32_t>(length), buffer);
  for (const std::uint8_t* byte = buffer; byte != end; ++byte) out.push_back(std::byte{*byte});
}

constexpr std::byte bytes_tag(std::uint32_t number) { return static_cast<std::byte>(number << 3 | 2); }

// The one spelling of a record: key before value, all lengths minimal.
std::vector<std::byte> record_field(std::span<const std::byte> record) {
  const std::string value = base64_encode(record);
  std::vector<std::byte> body;
  body.reserve(value.size() + 16);
  body.push_back(bytes_tag(entry::key));
  append_length(body, kRecordKey.size());
  append(body, kRecordKey);
  body.push_back(bytes_tag(entry::value));
  append_length(body, value.size());
  append(body, value);
  std::vector<std::byte> field;
  field.reserve(body.size() + 8);
  field.push_back(bytes_tag(model::metadata_props));
  append_length(field, body.size());
  field.insert(field.end(), body.begin(), body.end());
  return field;
}

Error bad_record(std::string message, std::uint64_t offset) {
  return Error{.code = ErrorCode::bad_record, .message = std::move(message), .offset = offset};
}

// Looks for records among the top-level fields; steps over everything else without reading it.
class RecordSearch {
 public:
  explicit RecordSearch(const ByteSource& source)
      : source_(source), stream_(source), reader_(stream_, source.size(), 0) {}

  Result<std::optional<Embedded>> find() {
    std::optional<Field> found;
    for (;;) {
      auto next = reader_.next();
      if (!next) return reason(next.error());
      if (!*next) break;
      if ((*next)->number != model::metadata_props || (*next)->type != WireType::bytes) continue;
      auto is_record = has_record_key(**next);
      if (!is_record) return reason(is_record.error());
      if (*is_record && found) return bad_record("the file holds two records", (*next)->start);
      if (*is_record) found = **next;
    }
    if (!found) return std::optional<Embedded>();
    if (found->end() != source_.size())
      return bad_record("the record is not the last field of the file", found->start);
    return extract(*found);
  }

 private:
  Result<bool> has_record_key(const Field& field) {
    const auto outer = reader_.enter(field, 0);
    bool found = false;
    for (;;) {
      auto next = reader_.next();
      if (!next) return next.error();
      if (!*next) break;
      if ((*next)->number != entry::key || (*next)->length != kRecordKey.size()) continue;
      char key[kRecordKey.size()];
      if (auto read = source_.read((*next)->offset, std::as_writable_bytes(std::span(key))); !read)
        return read.error();
      found = found || std::string_view(key, sizeof key) == kRecordKey;
    }
    reader_.leave(outer);
    return found;
  }

  Result<std::optional<Embedded>> extract(const Field& field) {
    std::vector<std::byte> stored(static_cast<std::size_t>(field.end() - field.start));
    if (auto read = source_.read(field.start, stored); !read) return read.error();
    // A record of n bytes leaves 4/3 n bytes at the end; what stands before them is checked by writing it
    // again.
    const Field value = last_value(stored);
    auto record = base64_decode(text(stored, value));
    if (!record || record->size() > kMaxRecord || record_field(*record) != stored)
      return bad_record("the record is not written as nnlock writes it", field.start);
    Edit edit{.offset = field.start, .restored = {}, .stored = std::move(stored)};
    return std::optional(Embedded{.record = std::move(*record), .edits = {std::move(edit)}});
  }

  // The value of the entry, or an empty field.
  static Field last_value(std::span<const std::byte> stored) {
    FieldReader reader(stored, 0, stored.size(), 0);
    const auto whole = reader.next();
    Field value;
    if (!whole || !*whole) return value;
    reader.enter(**whole, entry::once);
    for (auto next = reader.next(); next && *next; next = reader.next())
      if ((*next)->number == entry::value) value = **next;
    return value;
  }

  // A read that failed shows as a file that ends too early; say what the source said instead.
  Error reason(const Error& error) const { return stream_.error() ? *stream_.error() : error; }

  const ByteSource& source_;
  SourceStream stream_;
  FieldReader reader_;
};

}  // namespace

}  // namespace onnx

namespace {

class OnnxCodec final : public Codec {
 public:
  Format format() const override { return Format::onnx; }

  bool recognises(std::span<const std::byte> head, std::uint64_t size) const override {
    return onnx::looks_like_model(head, size);
  }

  Result<std::uint64_t> structure_extent(const ByteSource& source) const override {
    if (auto ok = check_size(source.size()); !ok) return ok.error();
    return source.size();  // structure and weights are interleaved
  }

  Result<std::optional<Embedded>> find_record(const ByteSource& source) const override {
    if (auto ok = check_size(source.size()); !ok) return ok.error();
    return onnx::RecordSearch(source).find();
  }

  Result<Structure> parse(std::span<const std::byte> image) const override {
    return onnx::structure_of(std::vector{image});
  }

  bool has_companions() const override { return true; }

  Result<std::vector<std::string>> companions(std::span<const std::byte> image, std::string_view main_name) const override {
    return onnx::data_files(image, main_name);
  }

  Result<Structure> parse_files(Files files) const override { return onnx::structure_of(files); }

  Result<std::vector<Edit>> embed(std::span<const std::byte> image,
                                  std::span<const std::byte> record) const override {
    if (record.size() % 3 != 0 || record.size() > record_limit())
      return Error{.code = ErrorCode::usage,
                   .message = "a record of this size cannot be written into an ONNX file"};
    std::vector<std::byte> stored = onnx::record_field(record);
    if (image.size() > onnx::kMaxFile || stored.size() > onnx::kMaxFile - image.size())
      return Error{.code = ErrorCode::unsupported,
                   .message = "the record would make this ONNX file larger than 2 GiB",
                   .hint = "write the record beside the file (--sidecar)"};
    return std::vector<Edit>{{.offset = image.size(), .restored = {}, .stored = std::move(stored)}};
  }

  std::uint64_t record_limit() const override { return onnx::kMaxRecord; }

  FormatFacts facts() const override {
    return {.format = Format::onnx,
            .title = "ONNX",
            .files = "*.onnx, and the data files it names",
            .locked = "initializers, constants and tensors in attributes, in all graphs, that hold learned numbers",
            .readable = "the graph; shapes, axes, indices and limits; scales and zero points of quantisation",
            .record = "last metadata_props entry, key nnlock",
            .limits = "numbers in typed fields of varying length cannot be locked: save the model with raw_data; "
                      "data files must lie in the model's folder"};
  }

 private:
  static Result<void> check_size(std::uint64_t size) {
    if (size <= onnx::kMaxFile) return {};
    return Error{.code = ErrorCode::bad_model, .message = "an ONNX file cannot be larger than 2 GiB"};
  }
};

}  // namespace

const Codec& onnx_codec() {
  static const OnnxCodec codec;
  return codec;
}

}  // namespace nnlock::formats
