// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// safetensors: 8 bytes header length N (little endian), N bytes of JSON, then the tensors' bytes without a gap.
// The rules are those of the reference reader (huggingface/safetensors, safetensors/src/tensor.rs, version 0.8.0), made
// stricter where it lets two readers disagree: duplicate keys and unknown keys of a tensor are refused.

#include <algorithm>
#include <array>
#include <string>

#include "formats/codec.hpp"
#include "formats/element_rules.hpp"
#include "formats/safetensors_header.hpp"
#include "formats/safetensors_record.hpp"

namespace nnlock::formats {
namespace safetensors {
namespace {

constexpr std::uint64_t kHeaderOwn = 1'000'000;  // bytes of header that record_limit() leaves to the model

struct RestoredFile {
  Header header;         // tensors sorted by offset, covering the data
  std::uint64_t length;  // of the header in bytes
};

Result<RestoredFile> read_restored(std::span<const std::byte> image) {
  const auto length = checked_header_length(image.first(std::min<std::size_t>(image.size(), kPrefix)), image.size());
  if (!length) return length.error();
  const std::string_view text(reinterpret_cast<const char*>(image.data()) + kPrefix, static_cast<std::size_t>(*length));
  auto header = read_header(text, image.size());
  if (!header) return header.error();
  if (auto checked = refuse_doubles(*header); !checked) return checked.error();
  if (header->record_count != 0)
    return Error{.code = ErrorCode::already_locked,
                 .message = "__metadata__ holds an nnlock record",
                 .offset = kPrefix + header->record_key_end};
  if (auto checked = check_tiling(header->tensors, kPrefix + *length, image.size()); !checked) return checked.error();
  return RestoredFile{*std::move(header), *length};
}

class Safetensors final : public Codec {
 public:
  Format format() const override { return Format::safetensors; }

  // A file cut short is still taken: parse() then says what is missing.
  bool recognises(std::span<const std::byte> head, std::uint64_t size) const override {
    if (size < kPrefix + kHeaderMin || head.size() < kPrefix + kHeaderMin) return false;
    const auto length = read_length(head);
    if (length < kHeaderMin || length > kHeaderMax) return false;
    const auto at = [&](std::size_t i) { return std::to_integer<char>(head[i]); };
    if (at(kPrefix) != '{') return false;
    std::size_t i = kPrefix + 1;
    while (i < head.size() && (at(i) == ' ' || at(i) == '\t' || at(i) == '\n' || at(i) == '\r')) ++i;
    return i == head.size() || at(i) == '"' || at(i) == '}';
  }

  Result<std::uint64_t> structure_extent(const ByteSource& source) const override {
    std::array<std::byte, kPrefix> prefix{};
    const auto readable = static_cast<std::size_t>(std::min<std::uint64_t>(source.size(), kPrefix));
    if (auto read = source.read(0, std::span(prefix).first(readable)); !read) return read.error();
    const auto length = checked_header_length(prefix, source.size());
    if (!length) return length.error();
    return kPrefix + *length;
  }

  Result<std::optional<Embedded>> find_record(const ByteSource& source) const override {
    const auto extent = structure_extent(source);
    if (!extent) return extent.error();
    std::string text(static_cast<std::size_t>(*extent - kPrefix), '\0');
    if (auto read = source.read(kPrefix, std::as_writable_bytes(std::span(text))); !read) return read.error();
    auto header = read_header(text, source.size());
    if (!header) return header.error();
    if (header->record_count == 0) return std::optional<Embedded>();
    if (header->record_count > 1)
      return Error{.code = ErrorCode::bad_record,
                   .message = "the header holds two records",
                   .offset = kPrefix + header->record_key_end};
    if (auto checked = refuse_doubles(*header); !checked) return checked.error();
    auto embedded = strip_record(text, *header);
    if (!embedded) return embedded.error();
    return std::optional(*std::move(embedded));
  }

  Result<Structure> parse(std::span<const std::byte> image) const override {
    auto file = read_restored(image);
    if (!file) return file.error();
    Structure structure;
    for (Tensor& tensor : file->header.tensors) {
      const std::uint64_t offset = kPrefix + file->length + tensor.begin();
      const std::uint64_t length = tensor.end() - tensor.begin();
      const char* kept = length == 0 ? kNoElements : kept_by_type(tensor.type->dtype);
      if (kept == nullptr)
        structure.params.push_back({std::move(tensor.name), tensor.type->dtype, std::move(tensor.shape), offset, length});
      else
        structure.constants.push_back(
            {std::move(tensor.name), tensor.type->dtype, std::move(tensor.shape), offset, length, kept});
    }
    return structure;
  }

  Result<std::vector<Edit>> embed(std::span<const std::byte> image, std::span<const std::byte> record) const override {
    if (record.empty() || record.size() % 3 != 0 || record.size() > record_limit())
      return Error{.code = ErrorCode::usage,
                   .message = "a record of " + std::to_string(record.size()) + " bytes does not fit a safetensors header"};
    const auto file = read_restored(image);
    if (!file) return file.error();
    return insert_record(file->header, file->length, record);
  }

  std::uint64_t record_limit() const override { return (kHeaderMax - kHeaderOwn) / 4 * 3; }

  FormatFacts facts() const override {
    return {.format = Format::safetensors,
            .title = "safetensors: files, and sets with an index",
            .files = "*.safetensors, *.safetensors.index.json",
            .locked = "every tensor of floats, complex numbers and integers of 8, 16 and 32 bits",
            .readable = "names, shapes and dtypes; BOOL, I64 and U64 tensors",
            .record = "string entry nnlock of __metadata__",
            .limits = "the header with the record may have 100,000,000 bytes"};
  }
};

}  // namespace
}  // namespace safetensors

const Codec& safetensors_codec() {
  static const safetensors::Safetensors codec;
  return codec;
}

}  // namespace nnlock::formats
