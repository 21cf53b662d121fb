// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Where the constant values of a verified TFLite model lie: one span for each distinct data vector or file
// range, whichever buffers and tensors it serves.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "formats/budget.hpp"
#include "formats/codec.hpp"
#include "formats/tflite_extents.hpp"
#include "formats/tflite_operands.hpp"
#include "tflite_schema_generated.h"

namespace nnlock::formats {

// Elements of a vector that may be left out.
template <class T>
std::uint32_t length(const flatbuffers::Vector<T>* vector) {
  return vector == nullptr ? 0 : vector->size();
}

// One stretch of constant values.
struct TfliteSpan {
  std::uint64_t offset = 0, length = 0;  // bytes in the file
  std::uint32_t buffer = 0;              // the first buffer that holds it
  std::string reason = {};               // why it stays readable; empty for parameters
  std::string name = {};
  bool used = false;  // by a tensor
  bool metadata = false;
  Dtype dtype = Dtype::opaque;
  std::vector<std::uint64_t> shape = {};
};

class TfliteSpans {
 public:
  static constexpr std::uint32_t kNone = 0xffffffff;
  static constexpr std::uint32_t kMaxRank = 32;  // kernels take up to 8; bounds what is copied for display

  explicit TfliteSpans(std::span<const std::byte> image) : image_(image) {}

  // Finds all spans, sorted by place, one for buffers with the same values.
  Result<void> find(const tflite_schema::Model& model) {
    const std::uint32_t buffers = length(model.buffers());
    span_of_buffer_.assign(buffers, kNone);
    Budget budget(image_.size());
    for (std::uint32_t b = 0; b < buffers; ++b) {
      auto values = values_of(model, b);
      if (!values) return values.error();
      if (values->length == 0) continue;
      if (!budget.take_tensor(kMaxRank, 0)) return Budget::exceeded("tensors", values->offset);
      spans_.push_back(std::move(*values));
    }
    const auto place = [](const TfliteSpan& s) { return std::tuple(s.offset, s.length, s.buffer); };
    std::sort(spans_.begin(), spans_.end(),
              [&](const TfliteSpan& a, const TfliteSpan& b) { return place(a) < place(b); });
    std::size_t kept = 0;
    for (std::size_t i = 0; i < spans_.size(); ++i) {
      const bool same = kept > 0 && spans_[kept - 1].offset == spans_[i].offset &&
                        spans_[kept - 1].length == spans_[i].length;
      const std::uint32_t buffer = spans_[i].buffer;
      if (!same && kept++ != i) spans_[kept - 1] = std::move(spans_[i]);
      span_of_buffer_[buffer] = static_cast<std::uint32_t>(kept - 1);
    }
    spans_.resize(kept);
    return {};
  }

  std::uint32_t buffers() const { return static_cast<std::uint32_t>(span_of_buffer_.size()); }
  std::uint32_t of_buffer(std::uint32_t buffer) const { return span_of_buffer_[buffer]; }
  std::span<TfliteSpan> all() { return spans_; }

  void keep_readable(std::uint32_t span, std::string reason) {
    if (span != kNone && spans_[span].reason.empty()) spans_[span].reason = std::move(reason);
  }

  // Parameters that stand in no buffer. From here on numbers of buffers and spans no longer belong together.
  void append(std::vector<ParamSpan> params) {
    for (ParamSpan& p : params)
      spans_.push_back({.offset = p.offset,
                        .length = p.length,
                        .name = std::move(p.name),
                        .used = true,
                        .dtype = p.dtype,
                        .shape = std::move(p.shape)});
    std::stable_sort(spans_.begin(), spans_.end(),
                     [](const TfliteSpan& a, const TfliteSpan& b) { return a.offset < b.offset; });
  }

  // Dtype and shape of a span, from its first tensor; opaque where its tensors disagree or the bytes do not
  // fit.
  void describe(std::uint32_t index, const tflite_schema::Tensor& tensor) {
    TfliteSpan& span = spans_[index];
    const auto type = static_cast<TfliteType>(tensor.type());
    std::vector<std::uint64_t> shape;
    const std::uint32_t bits = tflite_element_bits(type);
    std::uint64_t elements = 1;
    for (std::uint32_t d = 0; d < length(tensor.shape()); ++d) {
      shape.push_back(static_cast<std::uint64_t>(tensor.shape()->Get(d)));
      const bool fits = shape.back() == 0 || elements <= span.length * 8 / shape.back();
      elements = fits ? elements * shape.back() : span.length * 8 + 1;
    }
    bool whole = bits > 0 && elements <= span.length * 8 && (elements * bits + 7) / 8 == span.length;
    if (tensor.sparsity() != nullptr && bits >= 8) {  // the file holds the nonzero values only: a list
      shape = {span.length / (bits / 8)};
      whole = span.length % (bits / 8) == 0;
    }
    const Dtype dtype = whole ? tflite_dtype(type) : Dtype::opaque;
    if (!span.used) span.shape = std::move(shape);
    span.dtype = span.used && span.dtype != dtype ? Dtype::opaque : dtype;
    span.used = true;
  }

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
    for (const TfliteSpan& span : spans_) {
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
    for (TfliteSpan& span : spans_) {
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

  std::uint64_t offset_of(const void* at) const {
    return static_cast<std::uint64_t>(static_cast<const std::byte*>(at) - image_.data());
  }

 private:
  // Where a buffer's values lie; a length of 0 if it has none.
  Result<TfliteSpan> values_of(const tflite_schema::Model& model, std::uint32_t index) const {
    const tflite_schema::Buffer& buffer = *model.buffers()->Get(index);
    const bool outside =
        buffer.offset() > 1 && buffer.size() > 0;  // after the flatbuffer, in models over 2 GB
    if (length(buffer.data()) > 0) {
      if (outside)
        return bad("buffer " + std::to_string(index) + " has its values in two places", offset_of(&buffer));
      return TfliteSpan{
          .offset = offset_of(buffer.data()->data()), .length = buffer.data()->size(), .buffer = index};
    }
    if (!outside) return TfliteSpan{};
    if (!inside(buffer.offset(), buffer.size(), image_.size()))
      return bad("the values of buffer " + std::to_string(index) + " lie outside the file",
                 offset_of(&buffer));
    return TfliteSpan{.offset = buffer.offset(), .length = buffer.size(), .buffer = index};
  }

  std::span<const std::byte> image_;
  std::vector<TfliteSpan> spans_;
  std::vector<std::uint32_t> span_of_buffer_;
};

}  // namespace nnlock::formats
