// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Reads ncnn's graph: .param as text, with and without the magic number, and .param.bin
// (Tencent/ncnn: src/net.cpp, load_param and load_param_bin; src/paramdict.cpp).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/ncnn_layers.hpp"
#include "nnlock/result.hpp"

namespace nnlock::formats::ncnn {

inline constexpr std::int32_t kMagic = 7767517;
inline constexpr std::size_t kMaxLayers = 1 << 15;

struct Layer {
  const LayerType* type = nullptr;
  std::string name;          // binary graphs have no names: TYPE_INDEX then
  std::uint64_t offset = 0;  // bytes; where the layer starts in the graph's file
  Settings settings;
};

bool starts_binary(std::span<const std::byte> head);

// Whether the head of a file looks like a graph as text. `head` may be cut anywhere.
bool starts_text(std::string_view head);

Result<std::vector<Layer>> read_text(std::string_view text);
Result<std::vector<Layer>> read_binary(std::span<const std::byte> image);

}  // namespace nnlock::formats::ncnn
