// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The TFLite codec. A model is one flatbuffer, identified by "TFL3", whose buffers hold the constants; bytes
// after the flatbuffer are legal (metadata archives, buffers of models over 2 GB), and that is where the
// record goes: restored file || record || be64(length of the record) || "NNLOCKT1" (spec/record-v1.md
// section 6.3).
#include <algorithm>
#include <cstring>
#include <string>

#include "formats/codec.hpp"
#include "formats/tail_record.hpp"
#include "formats/tflite_constants.hpp"
#include "formats/tflite_extents.hpp"

namespace nnlock::formats {
namespace {

constexpr std::uint64_t kFlatbufferLimit = FLATBUFFERS_MAX_BUFFER_SIZE;  // 2 GiB - 1: offsets are 31 bits
constexpr TailRecord kTail("NNLOCKT1", kFlatbufferLimit);

// Runs on data aligned to 8 bytes.
Result<Structure> parse_aligned(std::span<const std::byte> image) {
  flatbuffers::Verifier verifier = flat_verifier(image);
  if (!verifier.VerifyBuffer<tflite_schema::Model>("TFL3"))
    return Error{.code = ErrorCode::bad_model,
                 .message = "the flatbuffer of the TFLite model is broken",
                 .hint = "get the file again",
                 .offset = 0};
  const tflite_schema::Model& model = *tflite_schema::GetModel(image.data());
  auto extents = TfliteExtents(image, verifier).collect(model);
  if (!extents) return extents.error();
  auto compiled = find_edgetpu(image, model);
  if (!compiled) return compiled.error();
  extents->insert(extents->end(), compiled->extents.begin(), compiled->extents.end());
  std::sort(extents->begin(), extents->end(), [](const Extent& a, const Extent& b) { return a.begin < b.begin; });
  return TfliteConstants(image, model).classify(*extents, std::move(*compiled));
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
    return kTail.find(source);
  }

  Result<Structure> parse(std::span<const std::byte> image) const override {
    if (!recognises(image.first(std::min<std::size_t>(image.size(), 8)), image.size()))
      return Error{
          .code = ErrorCode::bad_model, .message = "not a TFLite model: no TFL3 identifier", .offset = 4};
    return parse_aligned(AlignedBytes(image).bytes());
  }

  Result<std::vector<Edit>> embed(std::span<const std::byte> image,
                                  std::span<const std::byte> record) const override {
    return kTail.embed(image, record);
  }

  std::uint64_t record_limit() const override { return TailRecord::limit(); }

  FormatFacts facts() const override {
    return {.format = Format::tflite,
            .title = "TensorFlow Lite (LiteRT), models compiled for the Edge TPU too",
            .files = "*.tflite",
            .locked = "weights, biases of every width, and the parameters of Edge TPU executables",
            .readable = "the graph; shapes, axes, indices and other operands that loading reads; scales and zero points; instructions of the Edge TPU",
            .record = "after the flatbuffer",
            .limits = "the file with its record stays below 2 GiB; larger models need a sidecar"};
  }
};

}  // namespace

const Codec& tflite_codec() {
  static const TfliteCodec codec;
  return codec;
}

}  // namespace nnlock::formats
