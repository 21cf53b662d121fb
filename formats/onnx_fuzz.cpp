// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// libFuzzer: arbitrary bytes through every entry of the ONNX codec, and what must hold for whatever it
// accepts.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "formats/codec.hpp"

namespace {

using namespace nnlock;
using namespace nnlock::formats;
using Bytes = std::vector<std::byte>;

void demand(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

template <class Item>
std::string describe(const std::vector<Item>& items) {
  std::string out;
  for (const Item& item : items) {
    out += item.name + ' ' + std::to_string(item.offset) + '+' + std::to_string(item.length);
    for (const std::uint64_t dim : item.shape) out += ',' + std::to_string(dim);
    if constexpr (requires { item.reason; }) out += item.reason;
    out += static_cast<char>(item.dtype);
  }
  return out;
}

std::string describe(const Structure& structure) {
  return describe(structure.params) + '|' + describe(structure.constants) + '|' +
         describe(structure.unlockable);
}

void check_spans(const Structure& structure, std::uint64_t size) {
  std::uint64_t end = 0;
  for (const ParamSpan& param : structure.params) {
    demand(param.length > 0 && inside(param.offset, param.length, size),
           "a parameter is empty or outside the file");
    demand(param.offset >= end, "parameters overlap or are not sorted");
    end = param.offset + param.length;
  }
  for (const Constant& constant : structure.constants)
    demand(inside(constant.offset, constant.length, size), "a constant is outside the file");
  std::vector<std::string> names;
  for (const ParamSpan& param : structure.params) names.push_back(param.name);
  std::sort(names.begin(), names.end());
  demand(std::adjacent_find(names.begin(), names.end()) == names.end(), "two parameters have one name");
}

void check_zeroed(const Structure& structure, Bytes image) {
  for (const ParamSpan& param : structure.params)
    std::fill_n(image.begin() + static_cast<std::ptrdiff_t>(param.offset), param.length, std::byte{0});
  const auto again = onnx_codec().parse(image);
  demand(bool(again) && describe(*again) == describe(structure), "the structure depends on parameter bytes");
}

void check_record(const Bytes& image) {
  Bytes record(image.size() % 7 * 3);
  for (std::size_t i = 0; i < record.size(); ++i) record[i] = image[i % image.size()];
  const auto edits = onnx_codec().embed(image, record);
  demand(bool(edits) && edits->size() == 1 && (*edits)[0].offset == image.size(),
         "a small record does not fit");
  Bytes stored = image;
  stored.insert(stored.end(), (*edits)[0].stored.begin(), (*edits)[0].stored.end());
  const auto found = onnx_codec().find_record(MemorySource(stored));
  demand(bool(found) && found->has_value(), "an embedded record is not found");
  demand((*found)->record == record && (*found)->edits == *edits, "an embedded record comes back changed");
}

// What find_record() says must be what embed() writes on the restored file.
void check_found(const Bytes& image, const Embedded& embedded) {
  demand(embedded.edits.size() == 1, "the record is not one edit");
  const Edit& edit = embedded.edits[0];
  demand(edit.restored.empty() && edit.offset + edit.stored.size() == image.size(),
         "the record is not at the end");
  const Bytes restored(image.begin(), image.begin() + static_cast<std::ptrdiff_t>(edit.offset));
  const auto edits = onnx_codec().embed(restored, embedded.record);
  demand(bool(edits) && *edits == embedded.edits, "the record is not what embed() writes");
  const auto none = onnx_codec().find_record(MemorySource(restored));
  demand(bool(none) && !none->has_value(), "the restored file still holds a record");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto* first = reinterpret_cast<const std::byte*>(data);
  const Bytes image(first, first + size);
  const MemorySource source(image);
  const Codec& codec = onnx_codec();
  (void)codec.recognises(std::span(image).first(std::min<std::size_t>(size, 4096)), size);
  const auto extent = codec.structure_extent(source);
  demand(bool(extent) && *extent <= size, "the structure reaches past the file");
  const auto found = codec.find_record(source);
  if (found && found->has_value()) check_found(image, **found);
  const auto structure = codec.parse(image);
  if (!structure) return 0;
  check_spans(*structure, size);
  check_zeroed(*structure, image);
  demand(bool(found) || found.error().code == ErrorCode::bad_record,
         "parse() accepts what find_record() cannot walk");
  if (found && !found->has_value()) check_record(image);
  return 0;
}
