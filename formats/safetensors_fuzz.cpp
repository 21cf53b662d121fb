// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Arbitrary bytes as a safetensors file. To get past the length prefix often, a second run takes the same bytes as a
// header text and supplies the prefix itself. What is accepted must keep the promises of formats/codec.hpp.

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "formats/codec.hpp"
#include "formats/malformed/safetensors_writer.hpp"

namespace nnlock::formats {
namespace {

void require(bool held, const char* promise) {
  if (held) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

void check_spans(const Structure& structure, std::uint64_t data_begin, std::uint64_t size) {
  std::uint64_t end = data_begin;
  for (const ParamSpan& span : structure.params) {
    require(span.length > 0 && span.offset >= end && inside(span.offset, span.length, size), "params sorted and inside");
    end = span.offset + span.length;
  }
}

void check_embedding(const Codec& codec, const Bytes& plain, const Bytes& record) {
  const auto edits = codec.embed(plain, record);
  if (!edits) return require(edits.error().code == ErrorCode::nothing_to_lock, "a parsed model takes a record");
  const auto locked = put_in(plain, *edits);
  const auto found = codec.find_record(MemorySource(locked));
  require(found && found->has_value(), "an embedded record is found");
  require((*found)->record == record && (*found)->edits == *edits, "the record and its edits come back");
  require(take_out(locked, *edits) == plain, "edits undone give the restored file");
  require(!codec.parse(locked), "a locked file is no restored file");
}

void check_record(const Codec& codec, const Bytes& file, const Embedded& embedded) {
  const auto restored = take_out(file, embedded.edits);
  require(!restored.empty(), "found edits fit the file");
  require(put_in(restored, embedded.edits) == file, "edits done again give the file");
  if (!codec.parse(restored)) return;
  const auto edits = codec.embed(restored, embedded.record);
  require(edits && *edits == embedded.edits, "the record stands as embed() writes it");
}

void check_file(const Bytes& file, const Bytes& record) {
  const Codec& codec = safetensors_codec();
  const auto head = std::span(file).first(std::min<std::size_t>(file.size(), 4096));
  const bool recognised = codec.recognises(head, file.size());
  const MemorySource source(file);
  const auto extent = codec.structure_extent(source);
  require(!extent || *extent <= file.size(), "the extent is inside the file");
  const auto found = codec.find_record(source);
  if (found && found->has_value()) check_record(codec, file, **found);
  const auto structure = codec.parse(file);
  if (!structure) return require(!structure.error().message.empty(), "an error says what happened");
  require(recognised && extent, "a parsed model is recognised");
  require(found && !found->has_value(), "a parsed model holds no record");
  check_spans(*structure, *extent, file.size());
  const auto zeroed = codec.parse(without_parameters(file, *structure));
  require(zeroed && same(*structure, *zeroed), "parameters do not change the structure");
  check_embedding(codec, file, record);
}

}  // namespace
}  // namespace nnlock::formats

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace formats = nnlock::formats;
  const auto input = std::as_bytes(std::span(data, size));
  const formats::Bytes file(input.begin(), input.end());
  const formats::Bytes record(3 * (1 + size % 40), std::byte{0xc5});
  formats::check_file(file, record);
  if (size < 2) return 0;
  const std::size_t data_bytes = static_cast<std::size_t>(data[0]) + 256u * (data[1] % 2);
  const std::string_view header(reinterpret_cast<const char*>(data) + 2, size - 2);
  formats::check_file(formats::malformed::safetensors_file(header, data_bytes), record);
  return 0;
}
