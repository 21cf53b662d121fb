// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Stretches of constant values in a file that is a flatbuffer: which are parameters, and that no parameter lies on structure.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "formats/codec.hpp"
#include "formats/flat_extents.hpp"

namespace nnlock::formats {

// True when elements of so many bits, as many as the shape says, take `length` bytes.
inline bool fills(std::span<const std::uint64_t> shape, std::uint64_t bits, std::uint64_t length) {
  std::uint64_t elements = 1;
  for (const std::uint64_t size : shape) {
    const bool fits = size == 0 || elements <= length * 8 / size;
    elements = fits ? elements * size : length * 8 + 1;
  }
  return bits > 0 && elements <= length * 8 && (elements * bits + 7) / 8 == length;
}

// One stretch of constant values.
struct ConstantSpan {
  std::uint64_t offset = 0, length = 0;  // bytes in the file
  std::uint32_t buffer = 0;              // the first buffer that holds it
  std::string reason = {};               // why it stays readable; empty for parameters
  std::string name = {};
  bool used = false;  // by a tensor
  bool metadata = false;
  Dtype dtype = Dtype::opaque;
  std::vector<std::uint64_t> shape = {};
};

class ConstantSpans {
 public:
  std::span<ConstantSpan> all() { return spans_; }

  // Parameters that were found elsewhere. From here on the order of spans is another one.
  void append(std::vector<ParamSpan> params) {
    for (ParamSpan& p : params)
      spans_.push_back({.offset = p.offset,
                        .length = p.length,
                        .name = std::move(p.name),
                        .used = true,
                        .dtype = p.dtype,
                        .shape = std::move(p.shape)});
    std::stable_sort(spans_.begin(), spans_.end(),
                     [](const ConstantSpan& a, const ConstantSpan& b) { return a.offset < b.offset; });
  }

  // Spans must be sorted by offset.
  Result<void> check_disjoint() const {
    for (std::size_t i = 1; i < spans_.size(); ++i)
      if (spans_[i].offset < spans_[i - 1].offset + spans_[i - 1].length)
        return bad("the values overlap those of " + spans_[i - 1].name.substr(0, 256), spans_[i].offset,
                   spans_[i].name);
    return {};
  }

  // No parameter may lie on structure: spans are disjoint and sorted, extents sorted by begin.
  Result<void> check_structure(std::span<const Extent> extents) const {
    std::size_t next = 0;
    std::uint64_t reached = 0;  // the furthest end of the extents that begin before the span's end
    for (const ConstantSpan& span : spans_) {
      const std::uint64_t end = span.offset + span.length;
      // An earlier extent either ended before this span or is still the furthest.
      for (; next < extents.size() && extents[next].begin < end; ++next)
        reached = std::max(reached, extents[next].end);
      if (span.reason.empty() && reached > span.offset)
        return bad("the parameter lies on bytes that hold the model's structure", span.offset, span.name);
    }
    return {};
  }

  Structure structure() {
    Structure found;
    for (ConstantSpan& span : spans_) {
      if (span.reason.empty())
        found.params.push_back({.name = std::move(span.name),
                                .dtype = span.dtype,
                                .shape = std::move(span.shape),
                                .offset = span.offset,
                                .length = span.length});
      else if (span.used || !span.metadata)
        found.constants.push_back({.name = std::move(span.name),
                                   .dtype = span.dtype,
                                   .shape = std::move(span.shape),
                                   .offset = span.offset,
                                   .length = span.length,
                                   .reason = std::move(span.reason)});
    }
    return found;
  }

  static Error bad(std::string message, std::uint64_t offset, std::string tensor = {}) {
    return Error{.code = ErrorCode::bad_model,
                 .message = std::move(message),
                 .tensor = std::move(tensor),
                 .offset = offset};
  }

 protected:
  std::vector<ConstantSpan> spans_;
};

}  // namespace nnlock::formats
