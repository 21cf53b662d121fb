// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The options of the Edge TPU's operator: a FlexBuffers map. The flatbuffers library's own FlexBuffers reader is not used on
// untrusted bytes: its verifier takes quadratic time on shared vectors, accepts keys that do not end, and tells no extents.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "formats/flat_extents.hpp"
#include "nnlock/result.hpp"

namespace nnlock::formats {

struct EdgetpuOptions {
  std::vector<Extent> packages;       // in the order of their chips; disjoint
  std::optional<Extent> superseded;   // key "3": a parameter-caching executable that readers no longer use
  std::vector<Extent> extents;        // where the map itself lies
};

// `options` must lie inside the image.
Result<EdgetpuOptions> read_edgetpu_options(std::span<const std::byte> image, Extent options);

}  // namespace nnlock::formats
