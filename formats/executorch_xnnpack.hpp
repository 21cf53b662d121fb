// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What ExecuTorch's XNNPACK backend reads: a header, a flatbuffer with the graph, and constants behind it or in the program's named
// data (pytorch/executorch: backends/xnnpack/runtime/XNNHeader.h, XNNCompiler.cpp).
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "formats/codec.hpp"
#include "formats/flat_extents.hpp"

namespace nnlock::formats {

// One use of constant values.
struct XnnpackConstant {
  std::uint32_t value = 0;      // its number in the graph
  std::string_view key;         // of the named data that holds it, inside the image; empty: it is at `place`
  Extent place;
  Dtype dtype = Dtype::opaque;
  std::uint32_t bits = 0;       // of an element; 0: unknown
  std::vector<std::uint64_t> shape;
  const char* reason = "";      // why it stays readable; empty for parameters
};

struct XnnpackBlob {
  std::vector<XnnpackConstant> constants;
  std::vector<Extent> extents;  // of header and graph
  const char* unlockable = "";  // why the constants of this blob cannot be found; else empty
};

// `blob` must lie inside the image.
Result<XnnpackBlob> read_xnnpack_blob(std::span<const std::byte> image, Extent blob);

}  // namespace nnlock::formats
