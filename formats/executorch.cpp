// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The ExecuTorch codec. A program is a flatbuffer, identified by "ET12", with an extended header inside its first bytes that says
// how long it is and where segments of data start behind it (pytorch/executorch: schema/program.fbs, schema/extended_header.cpp).
// Bytes behind the last segment are legal, and that is where the record goes (spec/record-v1.md section 6.9).
#include <algorithm>
#include <cstring>
#include <string>

#include "formats/codec.hpp"
#include "formats/executorch_program.hpp"
#include "formats/flat_extents.hpp"
#include "formats/tail_record.hpp"

namespace nnlock::formats {
namespace {

constexpr TailRecord kTail("NNLOCKE1");
constexpr std::uint64_t kFlatbufferLimit = FLATBUFFERS_MAX_BUFFER_SIZE;  // 2 GiB - 1: offsets are 31 bits

Error bad(std::string message, std::uint64_t offset) {
  return Error{.code = ErrorCode::bad_model, .message = std::move(message), .hint = "get the file again", .offset = offset};
}

std::uint64_t number(std::span<const std::byte> image, std::size_t at, std::size_t width) {
  std::uint64_t value = 0;
  for (std::size_t i = width; i-- > 0;) value = value << 8 | std::to_integer<std::uint64_t>(image[at + i]);
  return value;
}

// The extended header stands behind the identifier: "eh00", its length, the program's size, the base of segments.
Result<ExecutorchHeader> read_header(std::span<const std::byte> image) {
  constexpr std::uint64_t begin = 8, least = 24;
  ExecutorchHeader header{.head = begin, .program_size = image.size()};
  if (image.size() < begin + least || std::memcmp(image.data() + begin, "eh00", 4) != 0) return header;
  const std::uint64_t size = number(image, begin + 4, 4);
  header.program_size = number(image, begin + 8, 8);
  header.segment_base = number(image, begin + 16, 8);
  if (size < least || size > 4096) return bad("the extended header has a size that cannot be", begin + 4);
  header.head = begin + size;
  if (header.program_size < header.head || header.program_size > image.size())
    return bad("the program's size in the extended header cannot be", begin + 8);
  if (header.segment_base != 0 && (header.segment_base < header.program_size || header.segment_base > image.size()))
    return bad("the segment base in the extended header cannot be", begin + 16);
  return header;
}

// Runs on data aligned to 8 bytes.
Result<Structure> parse_aligned(std::span<const std::byte> image) {
  const auto header = read_header(image);
  if (!header) return header.error();
  const std::span<const std::byte> buffer = image.first(std::min(header->program_size, kFlatbufferLimit - 1));
  flatbuffers::Verifier verifier = flat_verifier(buffer, std::min<std::uint64_t>(1'000'000, buffer.size() / 4));
  if (!verifier.VerifyBuffer<executorch_schema::Program>("ET12"))
    return bad("the flatbuffer of the ExecuTorch program is broken", 0);
  return read_executorch(image, *header, *executorch_schema::GetProgram(image.data()));
}

class ExecutorchCodec final : public Codec {
 public:
  Format format() const override { return Format::executorch; }

  bool recognises(std::span<const std::byte> head, std::uint64_t size) const override {
    return size >= 8 && head.size() >= 8 && std::memcmp(head.data() + 4, "ET12", 4) == 0;
  }

  // Graphs of backends stand among the segments, so all of the file may be looked at.
  Result<std::uint64_t> structure_extent(const ByteSource& source) const override { return source.size(); }

  Result<std::optional<Embedded>> find_record(const ByteSource& source) const override { return kTail.find(source); }

  Result<Structure> parse(std::span<const std::byte> image) const override {
    if (!recognises(image.first(std::min<std::size_t>(image.size(), 8)), image.size()))
      return Error{.code = ErrorCode::bad_model, .message = "not an ExecuTorch program: no ET12 identifier", .offset = 4};
    return parse_aligned(AlignedBytes(image).bytes());
  }

  Result<std::vector<Edit>> embed(std::span<const std::byte> image, std::span<const std::byte> record) const override {
    return kTail.embed(image, record);
  }

  std::uint64_t record_limit() const override { return TailRecord::limit(); }

  FormatFacts facts() const override {
    return {.format = Format::executorch,
            .title = "ExecuTorch",
            .files = "*.pte",
            .locked = "constant and trainable tensors; constants of XNNPACK graphs, biases of every width among them",
            .readable = "the program; integers of 32 and 64 bits, booleans; scales and zero points; blobs of other backends",
            .record = "after the last segment",
            .limits = "weights in a .ptd file are refused: export them inside the program"};
  }
};

}  // namespace

const Codec& executorch_codec() {
  static const ExecutorchCodec codec;
  return codec;
}

}  // namespace nnlock::formats
