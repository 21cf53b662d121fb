// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "formats/executorch_xnnpack.hpp"

#include <cstring>
#include <string>

#include "xnnpack_schema_generated.h"

namespace nnlock::formats {
namespace {

using xnnpack_schema::Datatype;

struct ElementType {
  Dtype dtype;
  std::uint32_t bits;
  const char* reason = "";
};

// Widths of packed types depend on the kernels, so they have none.
ElementType element_type(Datatype type) {
  switch (type) {
    case Datatype::fp32: return {Dtype::f32, 32};
    case Datatype::fp16: return {Dtype::f16, 16};
    case Datatype::bf16: return {Dtype::bf16, 16};
    case Datatype::qint8:
    case Datatype::qcint8: return {Dtype::i8, 8};
    case Datatype::quint8: return {Dtype::u8, 8};
    case Datatype::qint32:
    case Datatype::qcint32: return {Dtype::i32, 32};  // biases
    case Datatype::qcint4:
    case Datatype::qbint4: return {Dtype::i4, 4};
    case Datatype::int32: return {Dtype::i32, 32, "integers of 32 or 64 bits"};
    default: return {Dtype::opaque, 0};
  }
}

class BlobReader {
 public:
  BlobReader(std::span<const std::byte> image, Extent blob) : image_(image), blob_(blob) {}

  Result<XnnpackBlob> read() {
    if (size() < kHeaderSize || std::memcmp(image_.data() + blob_.begin + 4, "XH00", 4) != 0) {
      found_.unlockable = "a graph for XNNPACK in the form of old exporters";
      return std::move(found_);
    }
    const Extent graph = part(number(10, 4), number(14, 4));
    const std::uint64_t constants_at = number(18, 4), constants_size = number(22, 8);
    constants_ = part(constants_at, constants_size);
    if (graph.end == 0 || (constants_size > 0 && constants_.end == 0))
      return bad("the header of the XNNPACK graph points outside the blob", blob_.begin + 8);
    found_.extents = {{blob_.begin, blob_.begin + kHeaderSize}, graph};
    const AlignedBytes buffer(image_.subspan(graph.begin, graph.end - graph.begin));
    return read_graph(buffer, graph);
  }

 private:
  static constexpr std::uint64_t kHeaderSize = 30;
  static constexpr std::uint32_t kMaxRank = 32;  // XNNPACK takes 6; bounds what is copied for display

  static Error bad(std::string message, std::uint64_t offset) {
    return Error{.code = ErrorCode::bad_model, .message = std::move(message), .offset = offset};
  }

  std::uint64_t size() const { return blob_.end - blob_.begin; }

  std::uint64_t number(std::uint64_t at, std::uint64_t width) const {
    std::uint64_t value = 0;
    for (std::uint64_t i = width; i-- > 0;)
      value = value << 8 | std::to_integer<std::uint64_t>(image_[blob_.begin + at + i]);
    return value;
  }

  // A part of the blob, or an extent that ends at 0.
  Extent part(std::uint64_t offset, std::uint64_t length) const {
    if (!inside(offset, length, size())) return {};
    return {blob_.begin + offset, blob_.begin + offset + length};
  }

  Result<XnnpackBlob> read_graph(const AlignedBytes& buffer, Extent place) {
    graph_begin_ = place.begin, buffer_ = buffer.bytes();
    flatbuffers::Verifier verifier =
        flat_verifier(buffer.bytes(), std::min<std::uint64_t>(1'000'000, buffer.bytes().size() / 4));
    const bool known = buffer.bytes().size() >= 8 && (std::memcmp(buffer.data() + 4, "XN00", 4) == 0 ||
                                                      std::memcmp(buffer.data() + 4, "XN01", 4) == 0);
    if (!known || !verifier.VerifyBuffer<xnnpack_schema::Graph>(nullptr))
      return bad("the flatbuffer of the XNNPACK graph is broken", place.begin);
    graph_ = flatbuffers::GetRoot<xnnpack_schema::Graph>(buffer.data());
    if (graph_->constant_buffer() != nullptr && graph_->constant_buffer()->size() > 0) {
      found_.unlockable = "a graph for XNNPACK with its constants inside, as old exporters write it";
      return std::move(found_);
    }
    const auto* values = graph_->xvalues();
    for (std::uint32_t i = 0; values != nullptr && i < values->size(); ++i)
      if (auto step = read_value(i, *values->Get(i)); !step) return step.error();
    return std::move(found_);
  }

  Result<void> read_value(std::uint32_t number, const xnnpack_schema::Value& value) {
    const auto* tensor = value.xvalue_union_as_TensorValue();
    if (const auto* quantized = value.xvalue_union_as_QuantizedTensorValue()) {
      tensor = quantized->tensor_value();
      std::uint32_t scales = 0;
      if (const auto* channels = quantized->quant_params_as_PerChannelQuant()) scales = channels->scale_buffer_idx();
      if (const auto* groups = quantized->quant_params_as_PerChannelGroupQuant()) scales = groups->scale_buffer_idx();
      // XNNPACK refuses scales that are not positive.
      if (auto step = add(scales, {.value = number, .shape = {}, .reason = "scales of quantisation"}); !step) return step;
    }
    if (tensor == nullptr) return bad("a value of the XNNPACK graph is no tensor", offset_of(&value));
    const auto* dims = tensor->dims();
    if (dims != nullptr && dims->size() > kMaxRank)
      return bad("a value of the XNNPACK graph has more than 32 dimensions", offset_of(tensor));
    const ElementType type = element_type(tensor->datatype());
    XnnpackConstant constant{.value = number, .dtype = type.dtype, .bits = type.bits, .shape = {}, .reason = type.reason};
    if (dims != nullptr) constant.shape.assign(dims->begin(), dims->end());
    return add(tensor->constant_buffer_idx(), std::move(constant));
  }

  // `index`: among the graph's constants; 0 stands for none.
  Result<void> add(std::uint32_t index, XnnpackConstant constant) {
    if (index == 0) return {};
    const auto* all = graph_->constant_data();
    if (all == nullptr || index >= all->size())
      return bad("a value of the XNNPACK graph names constants that do not exist", graph_begin_);
    const xnnpack_schema::ConstantDataOffset& at = *all->Get(index);
    const bool named = at.named_key() != nullptr && at.named_key()->size() > 0;
    if (named != (at.offset() == UINT64_MAX))
      return bad("constants of the XNNPACK graph stand in two places or in none", offset_of(&at));
    if (named) {
      constant.key = {reinterpret_cast<const char*>(image_.data()) + offset_of(at.named_key()->data()),
                      at.named_key()->size()};
    } else {
      if (!inside(at.offset(), at.size(), constants_.end - constants_.begin))
        return bad("constants of the XNNPACK graph lie outside the blob", offset_of(&at));
      constant.place = {constants_.begin + at.offset(), constants_.begin + at.offset() + at.size()};
    }
    found_.constants.push_back(std::move(constant));
    return {};
  }

  std::uint64_t offset_of(const void* at) const {
    return graph_begin_ + static_cast<std::uint64_t>(static_cast<const std::byte*>(at) - buffer_.data());
  }

  std::span<const std::byte> image_;
  Extent blob_, constants_;
  std::uint64_t graph_begin_ = 0;
  std::span<const std::byte> buffer_;  // the graph, wherever it can be read
  const xnnpack_schema::Graph* graph_ = nullptr;
  XnnpackBlob found_;
};

}  // namespace

Result<XnnpackBlob> read_xnnpack_blob(std::span<const std::byte> image, Extent blob) { return BlobReader(image, blob).read(); }

}  // namespace nnlock::formats
