// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Arbitrary bytes through every call of the TFLite codec, and what must hold for those it accepts.
// Seeds: small .tflite models.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <tuple>

#include "formats/codec.hpp"

namespace {

using namespace nnlock;
using namespace nnlock::formats;

void require(bool held) {
  if (!held) std::abort();
}

bool same(const Structure& a, const Structure& b) {
  const auto param = [](const ParamSpan& p) {
    return std::tie(p.name, p.dtype, p.shape, p.offset, p.length);
  };
  const auto constant = [](const Constant& c) {
    return std::tie(c.name, c.dtype, c.shape, c.offset, c.length, c.reason);
  };
  return std::ranges::equal(a.params, b.params, {}, param, param) &&
         std::ranges::equal(a.constants, b.constants, {}, constant, constant) && a.unlockable.empty() &&
         b.unlockable.empty();
}

void check_parse(const Codec& codec, std::span<const std::byte> image) {
  const auto found = codec.parse(image);
  if (!found) return;
  require(codec.recognises(image.first(std::min<std::size_t>(image.size(), 4096)), image.size()));
  std::uint64_t end = 0;
  for (const ParamSpan& p : found->params) {
    require(p.length > 0 && p.offset >= end && inside(p.offset, p.length, image.size()));
    end = p.offset + p.length;
  }
  for (const Constant& c : found->constants)
    require(inside(c.offset, c.length, image.size()) && !c.reason.empty());
  for (const std::byte fill : {std::byte{0}, std::byte{0xff}}) {
    std::vector<std::byte> changed(image.begin(), image.end());
    for (const ParamSpan& p : found->params)
      std::fill_n(changed.begin() + static_cast<std::ptrdiff_t>(p.offset), p.length, fill);
    const auto again = codec.parse(changed);
    require(static_cast<bool>(again) && same(*found, *again));
  }
}

std::vector<std::byte> with_edits(std::span<const std::byte> image, const std::vector<Edit>& edits) {
  std::vector<std::byte> out;
  std::size_t at = 0;
  for (const Edit& edit : edits) {
    require(edit.offset >= at && inside(edit.offset, edit.restored.size(), image.size()));
    out.insert(out.end(), image.begin() + static_cast<std::ptrdiff_t>(at),
               image.begin() + static_cast<std::ptrdiff_t>(edit.offset));
    out.insert(out.end(), edit.stored.begin(), edit.stored.end());
    at = static_cast<std::size_t>(edit.offset) + edit.restored.size();
  }
  out.insert(out.end(), image.begin() + static_cast<std::ptrdiff_t>(at), image.end());
  return out;
}

// The restored bytes of a file that carries a record at the edits.
std::vector<std::byte> undo(std::span<const std::byte> stored, const std::vector<Edit>& edits) {
  std::vector<Edit> inverse;
  std::uint64_t shift = 0;
  for (const Edit& edit : edits) {
    inverse.push_back({.offset = edit.offset + shift, .restored = edit.stored, .stored = edit.restored});
    shift += edit.stored.size() - edit.restored.size();
  }
  return with_edits(stored, inverse);
}

void check_record(const Codec& codec, std::span<const std::byte> image) {
  const auto record = image.first(std::min<std::size_t>(image.size(), 100));
  const auto edits = codec.embed(image, record);
  if (!edits) return require(edits.error().code == ErrorCode::already_locked);
  const std::vector<std::byte> stored = with_edits(image, *edits);
  const auto found = codec.find_record(MemorySource(stored));
  require(static_cast<bool>(found) && found->has_value());
  require(std::ranges::equal((*found)->record, record) && (*found)->edits == *edits);
  require(std::ranges::equal(undo(stored, *edits), image));
}

void check_found(const Codec& codec, std::span<const std::byte> file) {
  const auto found = codec.find_record(MemorySource(file));
  if (!found || !found->has_value()) return;
  const std::vector<std::byte> restored = undo(file, (*found)->edits);
  const auto edits = codec.embed(restored, (*found)->record);
  require(static_cast<bool>(edits) && *edits == (*found)->edits);  // the text around a record is canonical
  require(std::ranges::equal(with_edits(restored, *edits), file));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto image = std::as_bytes(std::span(data, size));
  const Codec& codec = tflite_codec();
  (void)codec.recognises(image.first(std::min<std::size_t>(size, 4096)), size);
  const auto extent = codec.structure_extent(MemorySource(image));
  require(static_cast<bool>(extent) && *extent <= size);
  check_parse(codec, image);
  check_record(codec, image);
  check_found(codec, image);
  return 0;
}
