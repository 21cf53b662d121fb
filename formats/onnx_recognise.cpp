// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// ModelProto has no magic bytes. A file looks like one when its first bytes are a run of ModelProto fields with the
// right wire types and sensible content, and a graph with sensible content is among them.

#include "formats/onnx_recognise.hpp"

#include <algorithm>

#include "formats/onnx_wire.hpp"

namespace nnlock::formats::onnx {

namespace {

// The wire type of a field that may stand in the message, or nullopt.
std::optional<WireType> model_field(std::uint32_t number) {
  switch (number) {
    case model::ir_version:
    case model::model_version: return WireType::varint;
    case model::producer_name:
    case model::producer_version:
    case model::domain:
    case model::doc_string:
    case model::graph:
    case model::opset_import:
    case model::metadata_props:
    case model::training_info:
    case model::functions:
    case model::configuration: return WireType::bytes;
    default: return std::nullopt;
  }
}

std::optional<WireType> graph_field(std::uint32_t number) {
  const bool known = number == graph::node || number == graph::name || number == graph::initializer ||
                     (number >= graph::doc_string && number <= graph::metadata_props);
  return known ? std::optional(WireType::bytes) : std::nullopt;
}

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

// The head of a file as a stream that ends where the file ends, so that lengths are judged against the whole file.
class Fields {
 public:
  Fields(std::span<const std::byte> head, std::uint64_t begin, std::uint64_t end) : head_(head), at_(begin), end_(end) {}

  enum class State : std::uint8_t { field, done, broken };
  // The next field that starts in the head; `done` at the end of the message or of the head.
  State next(Field& field) {
    if (at_ >= end_ || at_ >= head_.size()) return State::done;
    google::protobuf::io::CodedInputStream in(reinterpret_cast<const std::uint8_t*>(head_.data()) + at_,
                                              static_cast<int>(head_.size() - at_));
    const std::uint32_t tag = in.ReadTag();
    std::uint64_t value = 0;
    field = Field{.number = tag >> 3, .type = static_cast<WireType>(tag & 7), .start = at_};
    const bool readable = tag != 0 && in.ReadVarint64(&value);
    if (!readable) return head_.size() - at_ < 16 && head_.size() < end_ ? State::done : State::broken;
    field.offset = at_ + static_cast<std::uint64_t>(in.CurrentPosition());
    field.value = value;
    field.length = field.type == WireType::bytes ? value : 0;
    if (!inside(field.offset, field.length, end_)) return State::broken;
    at_ = field.end();
    return State::field;
  }

 private:
  std::span<const std::byte> head_;
  std::uint64_t at_, end_;
};

bool looks_like_graph(std::span<const std::byte> head, const Field& message) {
  Fields fields(head, message.offset, message.end());
  for (;;) {
    Field field;
    const auto state = fields.next(field);
    if (state != Fields::State::field) return state == Fields::State::done && message.length > 0;
    if (graph_field(field.number) != field.type) return false;
    if (field.number == graph::name && !is_text(visible(head, field))) return false;
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
    if (model_field(field.number) != field.type) return false;
    const std::uint64_t bit = std::uint64_t{1} << field.number;
    if ((model::once & seen & bit) != 0) return false;
    seen |= bit;
    if (is_text_field(field.number) && !is_text(visible(head, field))) return false;
    if (field.number == model::ir_version && (field.value == 0 || field.value > 255)) return false;
    if (field.number == model::ir_version) has_version = true;
    if (field.number == model::graph && !looks_like_graph(head, field)) return false;
    if (field.number == model::graph) has_graph = true;
  }
}

}  // namespace nnlock::formats::onnx
