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
#include "formats/constant_spans.hpp"
#include "formats/tflite_extents.hpp"
#include "formats/tflite_operands.hpp"
#include "tflite_schema_generated.h"

namespace nnlock::formats {

// Elements of a vector that may be left out.
template <class T>
std::uint32_t length(const flatbuffers::Vector<T>* vector) {
  return vector == nullptr ? 0 : vector->size();
}

class TfliteSpans : public ConstantSpans {
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
    const auto place = [](const ConstantSpan& s) { return std::tuple(s.offset, s.length, s.buffer); };
    std::sort(spans_.begin(), spans_.end(),
              [&](const ConstantSpan& a, const ConstantSpan& b) { return place(a) < place(b); });
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

  void keep_readable(std::uint32_t span, std::string reason) {
    if (span != kNone && spans_[span].reason.empty()) spans_[span].reason = std::move(reason);
  }

  // Dtype and shape of a span, from its first tensor; opaque where its tensors disagree or the bytes do not
  // fit.
  void describe(std::uint32_t index, const tflite_schema::Tensor& tensor) {
    ConstantSpan& span = spans_[index];
    const auto type = static_cast<TfliteType>(tensor.type());
    std::vector<std::uint64_t> shape;
    const std::uint32_t bits = tflite_element_bits(type);
    for (std::uint32_t d = 0; d < length(tensor.shape()); ++d)
      shape.push_back(static_cast<std::uint64_t>(tensor.shape()->Get(d)));
    bool whole = fills(shape, bits, span.length);
    if (tensor.sparsity() != nullptr && bits >= 8) {  // the file holds the nonzero values only: a list
      shape = {span.length / (bits / 8)};
      whole = span.length % (bits / 8) == 0;
    }
    const Dtype dtype = whole ? tflite_dtype(type) : Dtype::opaque;
    if (!span.used) span.shape = std::move(shape);
    span.dtype = span.used && span.dtype != dtype ? Dtype::opaque : dtype;
    span.used = true;
  }

  std::uint64_t offset_of(const void* at) const {
    return static_cast<std::uint64_t>(static_cast<const std::byte*>(at) - image_.data());
  }

 private:
  // Where a buffer's values lie; a length of 0 if it has none.
  Result<ConstantSpan> values_of(const tflite_schema::Model& model, std::uint32_t index) const {
    const tflite_schema::Buffer& buffer = *model.buffers()->Get(index);
    const bool outside =
        buffer.offset() > 1 && buffer.size() > 0;  // after the flatbuffer, in models over 2 GB
    if (length(buffer.data()) > 0) {
      if (outside)
        return bad("buffer " + std::to_string(index) + " has its values in two places", offset_of(&buffer));
      return ConstantSpan{
          .offset = offset_of(buffer.data()->data()), .length = buffer.data()->size(), .buffer = index};
    }
    if (!outside) return ConstantSpan{};
    if (!inside(buffer.offset(), buffer.size(), image_.size()))
      return bad("the values of buffer " + std::to_string(index) + " lie outside the file",
                 offset_of(&buffer));
    return ConstantSpan{.offset = buffer.offset(), .length = buffer.size(), .buffer = index};
  }

  std::span<const std::byte> image_;
  std::vector<std::uint32_t> span_of_buffer_;
};

}  // namespace nnlock::formats
