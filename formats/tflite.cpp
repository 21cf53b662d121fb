// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The TFLite codec. A model is one flatbuffer, identified by "TFL3", whose buffers hold the constants; bytes
// after the flatbuffer are legal (metadata archives, buffers of models over 2 GB), and that is where the
// record goes: restored file || record || be64(length of the record) || "NNLOCKT1" (spec/record-v1.md
// section 6.3).
#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "formats/codec.hpp"
#include "formats/tflite_constants.hpp"
#include "formats/tflite_extents.hpp"

namespace nnlock::formats {
namespace {

constexpr std::string_view kMagic = "NNLOCKT1";
constexpr std::uint64_t kTrailer = 16;  // length and magic
constexpr std::uint64_t kRecordLimit = std::uint64_t{1} << 30;
constexpr std::uint64_t kFlatbufferLimit = FLATBUFFERS_MAX_BUFFER_SIZE;  // 2 GiB - 1: offsets are 31 bits

bool is_magic(std::span<const std::byte> bytes) {
  return bytes.size() == kMagic.size() && std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) == 0;
}

Error bad_record(std::string message, std::uint64_t offset) {
  return Error{.code = ErrorCode::bad_record, .message = std::move(message), .offset = offset};
}

std::uint64_t read_be64(std::span<const std::byte, 8> bytes) {
  std::uint64_t value = 0;
  for (const std::byte b : bytes) value = value << 8 | std::to_integer<std::uint64_t>(b);
  return value;
}

Result<bool> ends_with_magic(const ByteSource& source, std::uint64_t end) {
  if (end < kMagic.size()) return false;
  std::array<std::byte, 8> tail{};
  if (auto read = source.read(end - tail.size(), tail); !read) return read.error();
  return is_magic(tail);
}

// Runs on data aligned to 8 bytes: the flatbuffers library reads numbers in place.
Result<Structure> parse_aligned(std::span<const std::byte> image) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(image.data());
  // As stock readers do: at most 64 levels and a million tables. The verifier asks for less than its limit.
  flatbuffers::Verifier::Options limits;
  limits.max_depth = 64;
  limits.max_tables = 1'000'000;
  flatbuffers::Verifier verifier(data, std::min<std::uint64_t>(image.size(), kFlatbufferLimit - 1), limits);
  if (!verifier.VerifyBuffer<tflite_schema::Model>("TFL3"))
    return Error{.code = ErrorCode::bad_model,
                 .message = "the flatbuffer of the TFLite model is broken",
                 .hint = "get the file again",
                 .offset = 0};
  const tflite_schema::Model& model = *tflite_schema::GetModel(data);
  const auto extents = TfliteExtents(image, verifier).collect(model);
  if (!extents) return extents.error();
  return TfliteConstants(image, model).classify(*extents);
}

class TfliteCodec final : public Codec {
 public:
  Format format() const override { return Format::tflite; }

  bool recognises(std::span<const std::byte> head, std::uint64_t size) const override {
    return size >= 8 && head.size() >= 8 && std::memcmp(head.data() + 4, "TFL3", 4) == 0;
  }

  // Offsets lead anywhere inside the flatbuffer, so all of it may be looked at.
  Result<std::uint64_t> structure_extent(const ByteSource& source) const override {
    return std::min<std::uint64_t>(source.size(), std::uint64_t{1} << 31);
  }

  Result<std::optional<Embedded>> find_record(const ByteSource& source) const override {
    const std::uint64_t size = source.size();
    const auto marked = ends_with_magic(source, size);
    if (!marked) return marked.error();
    if (!*marked) return std::optional<Embedded>();
    if (size < kTrailer) return bad_record("the record has no length", 0);
    std::array<std::byte, kTrailer> trailer{};
    if (auto read = source.read(size - kTrailer, trailer); !read) return read.error();
    const std::uint64_t length = read_be64(std::span(trailer).first<8>());
    if (length > kRecordLimit || length > size - kTrailer)
      return bad_record("the record's length lies outside the file", size - kTrailer);
    const std::uint64_t restored = size - kTrailer - length;
    const auto doubled = ends_with_magic(source, restored);
    if (!doubled) return doubled.error();
    if (*doubled) return bad_record("the file holds two records", restored);
    return take_out(source, restored, static_cast<std::size_t>(length));
  }

  Result<Structure> parse(std::span<const std::byte> image) const override {
    if (!recognises(image.first(std::min<std::size_t>(image.size(), 8)), image.size()))
      return Error{
          .code = ErrorCode::bad_model, .message = "not a TFLite model: no TFL3 identifier", .offset = 4};
    if (reinterpret_cast<std::uintptr_t>(image.data()) % 8 == 0) return parse_aligned(image);
    const std::vector<std::uint64_t> aligned = [&] {
      std::vector<std::uint64_t> words(image.size() / 8 + 1);
      std::memcpy(words.data(), image.data(), image.size());
      return words;
    }();
    return parse_aligned(std::as_bytes(std::span(aligned)).first(image.size()));
  }

  Result<std::vector<Edit>> embed(std::span<const std::byte> image,
                                  std::span<const std::byte> record) const override {
    if (image.size() >= kMagic.size() && is_magic(image.last(kMagic.size())))
      return Error{.code = ErrorCode::already_locked, .message = "the model holds a record already"};
    if (record.size() > kRecordLimit || image.size() + record.size() + kTrailer >= kFlatbufferLimit)
      return Error{.code = ErrorCode::unsupported,
                   .message = "the record does not fit into the TFLite file, which must stay below 2 GiB",
                   .hint = "use a sidecar"};
    Edit edit{.offset = image.size(), .restored = {}, .stored = {record.begin(), record.end()}};
    for (int shift = 56; shift >= 0; shift -= 8)
      edit.stored.push_back(static_cast<std::byte>(std::uint64_t{record.size()} >> shift));
    const auto magic = std::as_bytes(std::span(kMagic));
    edit.stored.insert(edit.stored.end(), magic.begin(), magic.end());
    return std::vector<Edit>{std::move(edit)};
  }

  std::uint64_t record_limit() const override { return kRecordLimit; }

  FormatFacts facts() const override {
    return {.format = Format::tflite,
            .title = "TensorFlow Lite (LiteRT)",
            .files = "*.tflite",
            .locked = "weights, and biases of every width",
            .readable = "the graph; shapes, axes, indices and other operands that loading reads; scales and zero points",
            .record = "after the flatbuffer",
            .limits = "the file with its record stays below 2 GiB; larger models need a sidecar"};
  }

 private:
  // The record that starts at the end of the restored file and runs, with its trailer, to the end of the
  // source.
  static Result<std::optional<Embedded>> take_out(const ByteSource& source, std::uint64_t restored,
                                                  std::size_t length) {
    Edit edit{.offset = restored, .restored = {}, .stored = std::vector<std::byte>(length + kTrailer)};
    if (auto read = source.read(restored, edit.stored); !read) return read.error();
    Embedded found;
    found.record.assign(edit.stored.begin(), edit.stored.begin() + static_cast<std::ptrdiff_t>(length));
    found.edits.push_back(std::move(edit));
    return std::optional<Embedded>(std::move(found));
  }
};

}  // namespace

const Codec& tflite_codec() {
  static const TfliteCodec codec;
  return codec;
}

}  // namespace nnlock::formats
