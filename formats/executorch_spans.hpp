// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Constant values of an ExecuTorch program, one span for each distinct stretch, whichever tensors it serves.
#pragma once

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "formats/budget.hpp"
#include "formats/constant_spans.hpp"

namespace nnlock::formats {

class ExecutorchSpans : public ConstantSpans {
 public:
  explicit ExecutorchSpans(std::uint64_t file_size) : budget_(file_size) {}

  // One use.
  Result<void> add(ConstantSpan use) {
    if (!budget_.take_tensor(use.shape.size(), use.name.size())) return Budget::exceeded("tensors", use.offset);
    spans_.push_back(std::move(use));
    return {};
  }

  // Uses of the same values become one span, sorted by place. One use that must stay readable keeps all of it readable.
  void merge() {
    const auto place = [](const ConstantSpan& s) { return std::pair(s.offset, s.length); };
    std::stable_sort(spans_.begin(), spans_.end(),
                     [&](const ConstantSpan& a, const ConstantSpan& b) { return place(a) < place(b); });
    std::size_t kept = 0;
    for (ConstantSpan& use : spans_) {
      if (kept == 0 || place(spans_[kept - 1]) != place(use)) {
        if (&spans_[kept] != &use) spans_[kept] = std::move(use);
        ++kept;
        continue;
      }
      ConstantSpan& span = spans_[kept - 1];
      span.name += ", " + use.name;
      if (span.reason.empty()) span.reason = std::move(use.reason);
      if (span.dtype != use.dtype) span.dtype = Dtype::opaque;
    }
    spans_.resize(kept);
  }

 private:
  Budget budget_;
};

}  // namespace nnlock::formats
