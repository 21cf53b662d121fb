// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The promises of formats/codec.hpp, put to the test with any files: fuzz targets abort where one is broken, tests print it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "formats/codec_testing.hpp"
#include "formats/file_names.hpp"

namespace nnlock::formats {

namespace promises {

using Views = std::vector<std::span<const std::byte>>;

// The first promise that was broken, or null.
using Broken = const char*;
constexpr Broken kKept = nullptr;

inline std::span<const std::byte> head_of(const Bytes& file) { return std::span(file).first(std::min<std::size_t>(file.size(), 4096)); }

inline Result<Structure> parse(const Codec& codec, const std::vector<Bytes>& files) {
  return codec.parse_files(Views(files.begin(), files.end()));
}

// Makes `files` what the model asks for: companions that are not there are empty, and what nobody asks for is dropped.
inline Broken settle_companions(const Codec& codec, std::vector<Bytes>& files) {
  auto paths = codec.companions(files.front(), "model");
  if (!paths) return paths.error().message.empty() ? "an error of companions() says nothing" : kKept;
  if (!paths->empty() && !codec.has_companions()) return "a codec that has no companions names one";
  for (const std::string& path : *paths)
    if (!check_relative_name(path)) return "a companion's path leads elsewhere";
  files.resize(1 + paths->size());
  std::sort(paths->begin(), paths->end());
  return std::adjacent_find(paths->begin(), paths->end()) == paths->end() ? kKept : "a companion is named twice";
}

inline Broken check_structs(const ParamSpan& span) {
  const StructLayout& structs = span.structs;
  if (structs.bytes == 0) return structs.fields.empty() ? kKept : "fields without structs";
  if (span.length % structs.bytes != 0) return "a parameter ends inside a struct";
  if (structs.fields.size() > 16) return "more than 16 fields in a struct";
  std::size_t end = 0;
  for (const StructField& field : structs.fields) {
    const bool wide = field.dtype == Dtype::f32;
    if (!wide && field.dtype != Dtype::f16 && field.dtype != Dtype::bf16) return "a field of a struct is no float";
    if (field.offset < end) return "fields of a struct overlap or are not sorted";
    end = field.offset + (wide ? 4U : 2U);
  }
  return end <= structs.bytes ? kKept : "a field reaches past its struct";
}

inline Broken check_spans(const Structure& structure, const std::vector<Bytes>& files) {
  std::uint64_t file = 0, end = 0;
  for (const ParamSpan& span : structure.params) {
    if (span.file >= files.size() || span.length == 0 || !inside(span.offset, span.length, files[span.file].size()))
      return "a parameter is empty or outside its file";
    if (span.file < file || (span.file == file && span.offset < end)) return "parameters overlap or are not sorted";
    file = span.file, end = span.offset + span.length;
    if (const Broken broken = check_structs(span)) return broken;
  }
  for (const auto* list : {&structure.constants, &structure.unlockable})
    for (const Constant& constant : *list) {
      if (constant.file >= files.size() || !inside(constant.offset, constant.length, files[constant.file].size()))
        return "a constant is outside its file";
      if (constant.reason.empty()) return "a constant stays readable for no reason";
    }
  return kKept;
}

// True when a parameter holds a byte of [begin, end), or an empty range lies between two bytes of one.
inline bool touches_parameters(const Structure& structure, std::uint32_t file, std::uint64_t begin, std::uint64_t end) {
  return std::any_of(structure.params.begin(), structure.params.end(), [&](const ParamSpan& span) {
    return span.file == file && span.offset < end && begin < span.offset + span.length;
  });
}

inline Broken check_derived(const Structure& structure, const std::vector<Bytes>& files) {
  std::uint64_t file = 0, end = 0;
  for (const DerivedField& field : structure.derived) {
    if (field.file >= files.size() || !inside(field.offset, 4, files[field.file].size()) ||
        !inside(field.span_offset, field.span_length, files[field.file].size()))
      return "a derived field is outside its file";
    if (field.file < file || (field.file == file && field.offset < end)) return "derived fields overlap or are not sorted";
    file = field.file, end = field.offset + 4;
    if (touches_parameters(structure, field.file, field.offset, end)) return "a derived field lies in a parameter";
  }
  return kKept;
}

// Whatever the parameters and derived fields hold, and whatever stands beyond the extents, the structure is the same.
inline Broken check_independence(const Codec& codec, const Structure& structure, std::vector<Bytes> files, std::uint64_t extent) {
  const auto fill = [&](std::uint32_t file, std::uint64_t offset, std::uint64_t length, std::byte value) {
    std::fill_n(files[file].begin() + static_cast<std::ptrdiff_t>(offset), length, value);
  };
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (i > 0) extent = codec.companion_extent(MemorySource(files[i]));
    if (extent > files[i].size()) return "an extent reaches past its file";
    fill(static_cast<std::uint32_t>(i), extent, files[i].size() - extent, std::byte{0});
  }
  const auto cut = parse(codec, files);
  if (!cut || !same(structure, *cut)) return "the structure depends on bytes beyond the extent";
  for (const std::byte value : {std::byte{0xff}, std::byte{0}}) {
    for (const ParamSpan& span : structure.params) fill(span.file, span.offset, span.length, value);
    for (const DerivedField& field : structure.derived) fill(field.file, field.offset, 4, value);
    const auto again = parse(codec, files);
    if (!again || !same(structure, *again)) return "the structure depends on parameters or derived fields";
  }
  return kKept;
}

inline Broken check_edits(const Structure& structure, const Bytes& plain, const std::vector<Edit>& edits) {
  std::uint64_t end = 0;
  for (const Edit& edit : edits) {
    if (!inside(edit.offset, edit.restored.size(), plain.size())) return "an edit is outside the file";
    if (&edit != &edits.front() && edit.offset <= end) return "edits touch or are not sorted";
    if (!std::equal(edit.restored.begin(), edit.restored.end(), plain.begin() + static_cast<std::ptrdiff_t>(edit.offset)))
      return "an edit replaces what is not there";
    end = edit.offset + edit.restored.size();
    if (touches_parameters(structure, 0, edit.offset, end)) return "an edit covers a parameter";
  }
  return kKept;
}

// What embed() writes for another record of the same size must have the same shape.
inline Broken check_same_shape(const Codec& codec, const Bytes& plain, Bytes record, const std::vector<Edit>& edits) {
  for (std::byte& byte : record) byte = ~byte;
  const auto other = codec.embed(plain, record);
  const auto alike = [](const Edit& a, const Edit& b) {
    return a.offset == b.offset && a.restored == b.restored && a.stored.size() == b.stored.size();
  };
  const bool same_shape = other && std::equal(edits.begin(), edits.end(), other->begin(), other->end(), alike);
  return same_shape ? kKept : "where a record stands depends on its content";
}

inline Broken check_embedding(const Codec& codec, const Structure& structure, const Bytes& plain, const Bytes& record) {
  const auto edits = codec.embed(plain, record);
  if (!edits) {
    const ErrorCode code = edits.error().code;
    return code == ErrorCode::nothing_to_lock || code == ErrorCode::unsupported || record.size() > codec.record_limit()
               ? kKept
               : "a parsed model takes no record";
  }
  if (const Broken broken = check_edits(structure, plain, *edits)) return broken;
  if (const Broken broken = check_same_shape(codec, plain, record, *edits)) return broken;
  const Bytes stored = put_in(plain, *edits);
  const bool recognised = codec.recognises(head_of(plain), plain.size());
  if (recognised && !codec.recognises(head_of(stored), stored.size())) return "a file with a record is not recognised";
  const auto found = codec.find_record(MemorySource(stored));
  if (!found || !found->has_value()) return "an embedded record is not found";
  if ((*found)->record != record || (*found)->edits != *edits) return "an embedded record comes back changed";
  return take_out(stored, *edits) == plain ? kKept : "edits undone do not give the restored file";
}

// What find_record() says must be what embed() writes on the restored file.
inline Broken check_found(const Codec& codec, std::vector<Bytes> files, const Embedded& embedded) {
  const Bytes stored = files.front();
  files.front() = take_out(stored, embedded.edits);
  const Bytes& restored = files.front();
  if (put_in(restored, embedded.edits) != stored) return "found edits do not fit the file";
  const auto edits = codec.embed(restored, embedded.record);
  if (edits) return *edits == embedded.edits ? kKept : "a record is found where embed() does not write it";
  return parse(codec, files) ? "a record is found where embed() writes none" : kKept;
}

inline Broken check(const Codec& codec, std::vector<Bytes> files, const Bytes& record) {
  const MemorySource source(files.front());
  const bool recognised = codec.recognises(head_of(files.front()), files.front().size());
  const auto extent = codec.structure_extent(source);
  if (extent && *extent > files.front().size()) return "the structure reaches past the file";
  const auto found = codec.find_record(source);
  if (Broken broken = settle_companions(codec, files)) return broken;
  if (found && found->has_value())
    if (Broken broken = check_found(codec, files, **found)) return broken;
  const auto structure = parse(codec, files);
  if (!structure) return structure.error().message.empty() ? "an error says nothing" : kKept;
  if (!extent) return "a parsed model has no extent";
  // ONNX has no magic bytes: what it is recognised by is more than what the format asks for.
  if (!recognised && codec.format() != Format::onnx) return "a parsed model is not recognised";
  if (!found) return found.error().code == ErrorCode::bad_record ? kKept : "find_record() cannot walk a parsed model";
  if (Broken broken = check_spans(*structure, files)) return broken;
  if (Broken broken = check_derived(*structure, files)) return broken;
  if (Broken broken = check_independence(codec, *structure, files, *extent)) return broken;
  return found->has_value() ? kKept : check_embedding(codec, *structure, files.front(), record);
}

}  // namespace promises

// The first promise that the codec breaks with these files (the main file first, then its companions), or an empty text.
inline std::string broken_promise(const Codec& codec, const std::vector<Bytes>& files, const Bytes& record) {
  const promises::Broken broken = promises::check(codec, files, record);
  return broken == promises::kKept ? std::string() : std::string(broken);
}

// For fuzz targets. `record` has a length that is a multiple of 3, as all records have.
inline void check_file(const Codec& codec, const std::vector<Bytes>& files, const Bytes& record) {
  const std::string broken = broken_promise(codec, files, record);
  if (broken.empty()) return;
  std::fprintf(stderr, "broken promise: %s\n", broken.c_str());
  std::abort();
}

// Input of a fuzz target as a file.
inline Bytes input_file(const std::uint8_t* data, std::size_t size) {
  const auto input = std::as_bytes(std::span(data, size));
  return {input.begin(), input.end()};
}

// A record whose size and content come from the file it goes into.
inline Bytes record_for(const Bytes& file) {
  Bytes record(3 * (1 + file.size() % 40));
  for (std::size_t i = 0; i < record.size() && !file.empty(); ++i) record[i] = file[i % file.size()];
  return record;
}

}  // namespace nnlock::formats
