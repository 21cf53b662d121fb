// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// ModelProto has no magic bytes. A file looks like one when its first bytes are a run of ModelProto fields
// with the right wire types and sensible content, and a graph with sensible content is among them.

#include "formats/onnx_recognise.hpp"

#include <algorithm>

#include "formats/onnx_wire.hpp"

namespace nnlock::formats::onnx {

namespace {

// Which field numbers a message may have with which wire type, one bit each.
struct Shape {
  std::uint64_t varint = 0, bytes = 0, fixed32 = 0, fixed64 = 0;

  bool allows(const Field& field) const {
    if (field.number >= 64) return false;
    const std::uint64_t bit = std::uint64_t{1} << field.number;
    switch (field.type) {
      case WireType::varint:
        return (varint & bit) != 0;
      case WireType::bytes:
        return (bytes & bit) != 0;
      case WireType::fixed32:
        return (fixed32 & bit) != 0;
      case WireType::fixed64:
        return (fixed64 & bit) != 0;
    }
    return false;
  }
};

constexpr Shape kModel = {
    .varint = singular(model::ir_version, model::model_version),
    .bytes = singular(model::producer_name, model::producer_version, model::domain, model::doc_string,
                      model::graph, model::opset_import, model::metadata_props, model::training_info,
                      model::functions, model::configuration)};
constexpr Shape kGraph = {.bytes = singular(graph::node, graph::name, graph::initializer, graph::doc_string,
                                            graph::input, graph::output, graph::value_info,
                                            graph::quantization_annotation, graph::sparse_initializer,
                                            graph::metadata_props)};
constexpr Shape kNode = {.bytes = singular(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)};
constexpr Shape kAttribute = {.varint = singular(3, 8, 20),
                              .bytes = singular(1, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 21, 22, 23),
                              .fixed32 = singular(2, 7)};
constexpr Shape kTensor = {.varint = singular(1, 2, 5, 7, 11, 14),
                           .bytes = singular(1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 16),
                           .fixed32 = singular(4),
                           .fixed64 = singular(10)};
constexpr Shape kValueInfo = {.bytes = singular(1, 2, 3, 4)};
constexpr Shape kEntry = {.bytes = singular(entry::key, entry::value)};
constexpr Shape kOpset = {.varint = singular(2), .bytes = singular(1)};
constexpr Shape kFunction = {.varint = singular(3),
                             .bytes = singular(1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14)};

bool is_text_field(std::uint32_t number) {
  return number == model::producer_name || number == model::producer_version || number == model::domain ||
         number == model::doc_string;
}

bool is_text(std::span<const std::byte> bytes) {
  return std::none_of(bytes.begin(), bytes.end(), [](std::byte b) {
    const auto c = std::to_integer<unsigned char>(b);
    return c < 0x20 && c != '\n' && c != '\r' && c != '\t';
  });
}

// What of the payload lies in the head.
std::span<const std::byte> visible(std::span<const std::byte> head, const Field& field) {
  const auto begin = std::min<std::uint64_t>(field.offset, head.size());
  const auto end = std::min<std::uint64_t>(field.end(), head.size());
  return head.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
}

// The head of a file as a stream that ends where the file ends, so that lengths are judged against the whole
// file.
class Fields {
 public:
  Fields(std::span<const std::byte> head, std::uint64_t begin, std::uint64_t end)
      : head_(head), at_(begin), end_(end) {}

  enum class State : std::uint8_t { field, done, broken };
  // The next field that starts in the head; `done` at the end of the message or of the head.
  State next(Field& field) {
    if (at_ >= end_ || at_ >= head_.size()) return State::done;
    google::protobuf::io::CodedInputStream in(reinterpret_cast<const std::uint8_t*>(head_.data()) + at_,
                                              static_cast<int>(head_.size() - at_));
    const std::uint32_t tag = in.ReadTag();
    field = Field{.number = tag >> 3, .type = static_cast<WireType>(tag & 7), .start = at_};
    const bool counted = field.type == WireType::varint || field.type == WireType::bytes;
    const bool readable = tag != 0 && (!counted || in.ReadVarint64(&field.value));
    if (!readable) return head_.size() - at_ < 16 && head_.size() < end_ ? State::done : State::broken;
    field.offset = at_ + static_cast<std::uint64_t>(in.CurrentPosition());
    if (field.type == WireType::bytes) field.length = field.value;
    if (field.type == WireType::fixed32) field.length = 4;
    if (field.type == WireType::fixed64) field.length = 8;
    if (!inside(field.offset, field.length, end_)) return State::broken;
    at_ = field.end();
    return State::field;
  }

 private:
  std::span<const std::byte> head_;
  std::uint64_t at_, end_;
};

const Shape* model_inner_shape(std::uint32_t number) {
  switch (number) {
    case model::graph:
      return &kGraph;
    case model::opset_import:
      return &kOpset;
    case model::metadata_props:
      return &kEntry;
    case model::functions:
      return &kFunction;
    default:
      return nullptr;
  }
}

// The shape of the message in a field of a message of shape `outer`, or null when it is text or not looked
// into.
const Shape* inner_shape(const Shape& outer, std::uint32_t number) {
  if (&outer == &kNode) return number == node::attribute ? &kAttribute : nullptr;
  if (&outer == &kAttribute) return number == attribute::t ? &kTensor : nullptr;
  if (&outer == &kModel) return model_inner_shape(number);
  if (&outer != &kGraph) return nullptr;
  switch (number) {
    case graph::node:
      return &kNode;
    case graph::initializer:
      return &kTensor;
    case graph::metadata_props:
      return &kEntry;
    case graph::input:
    case graph::output:
    case graph::value_info:
      return &kValueInfo;
    default:
      return nullptr;
  }
}

// Recursion follows inner_shape(), at most graph, node, attribute, tensor.
bool has_shape(std::span<const std::byte> head, const Field& message, const Shape& shape) {
  Fields fields(head, message.offset, message.end());
  for (;;) {
    Field field;
    const auto state = fields.next(field);
    if (state != Fields::State::field) return state == Fields::State::done;
    if (!shape.allows(field)) return false;
    const Shape* inner = inner_shape(shape, field.number);
    if (inner != nullptr && !has_shape(head, field, *inner)) return false;
    if (&shape == &kGraph && field.number == graph::name && !is_text(visible(head, field))) return false;
  }
}

}  // namespace

bool looks_like_model(std::span<const std::byte> head, std::uint64_t size) {
  if (size > kMaxFile || head.empty()) return false;
  Fields fields(head, 0, size);
  bool has_graph = false, has_version = false;
  std::uint64_t seen = 0;
  for (;;) {
    Field field;
    const auto state = fields.next(field);
    if (state == Fields::State::broken) return false;
    // Long texts, functions or metadata may stand before the graph; then at least the version must be there.
    if (state == Fields::State::done) return has_graph || (has_version && size > head.size());
    if (!kModel.allows(field)) return false;
    const std::uint64_t bit = std::uint64_t{1} << field.number;
    if ((model::once & seen & bit) != 0) return false;
    seen |= bit;
    if (is_text_field(field.number) && !is_text(visible(head, field))) return false;
    if (field.number == model::ir_version && (field.value == 0 || field.value > 255)) return false;
    if (field.number == model::ir_version) has_version = true;
    if (field.number == model::graph && field.length == 0) return false;
    const Shape* inner = inner_shape(kModel, field.number);
    if (inner != nullptr && !has_shape(head, field, *inner)) return false;
    if (field.number == model::graph) has_graph = true;
  }
}

}  // namespace nnlock::formats::onnx
