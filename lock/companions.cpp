// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lock/companions.hpp"

#include <algorithm>

#include "lock/restored.hpp"

namespace nnlock::lock {

std::vector<std::span<const std::byte>> Images::views() const {
  std::vector<std::span<const std::byte>> all;
  for (const Image& image : files) all.push_back(image.bytes());
  return all;
}

Result<std::vector<std::string>> companions_of(const formats::Codec& codec, const formats::ByteSource& restored, std::string_view main_name) {
  if (!codec.has_companions()) return std::vector<std::string>();
  const auto extent = codec.structure_extent(restored);
  if (!extent) return extent.error();
  auto image = Image::reserve(restored.size());
  if (!image) return image.error();
  if (auto filled = image->fill(restored, 0, *extent); !filled) return filled.error();
  return codec.companions(image->bytes(), main_name);
}

Result<std::vector<std::string>> companions_in_file(const formats::Codec& codec, const formats::ByteSource& stored, std::string_view main_name) {
  if (!codec.has_companions()) return std::vector<std::string>();
  const auto embedded = codec.find_record(stored);
  if (!embedded) return embedded.error();
  if (!embedded->has_value()) return companions_of(codec, stored, main_name);
  const auto restored = RestoredSource::over(stored, (*embedded)->edits);
  if (!restored) return restored.error();
  return companions_of(codec, *restored, main_name);
}

Result<std::vector<std::uint64_t>> extents_of(const formats::Codec& codec, std::span<const formats::ByteSource* const> restored) {
  const auto main = codec.structure_extent(*restored.front());
  if (!main) return main.error();
  std::vector<std::uint64_t> extents{*main};
  for (const formats::ByteSource* companion : restored.subspan(1))
    extents.push_back(std::min(companion->size(), codec.companion_extent(*companion)));
  return extents;
}

}  // namespace nnlock::lock
