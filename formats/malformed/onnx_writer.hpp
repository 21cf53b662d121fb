// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Writes small ONNX models for tests, field by field, right or wrong: every message is a string of encoded
// fields, so a test can double, drop or replace any of them.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "formats/onnx_schema.hpp"

namespace nnlock::formats::malformed {

// Encoded fields; messages are joined with +.
using Fields = std::string;

inline std::string varint(std::uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
  return out;
}

inline std::string tag(std::uint32_t number, std::uint32_t wire_type) {
  return varint(number << 3 | wire_type);
}

inline Fields number(std::uint32_t field, std::uint64_t value) { return tag(field, 0) + varint(value); }
inline Fields bytes(std::uint32_t field, std::string_view payload) {
  return tag(field, 2) + varint(payload.size()) + std::string(payload);
}
inline Fields fixed32(std::uint32_t field, float value) {
  std::string raw(4, '\0');
  std::memcpy(raw.data(), &value, 4);
  return tag(field, 5) + raw;
}

inline std::string floats(std::size_t count, float value = 1.5F) {
  std::string raw;
  for (std::size_t i = 0; i < count; ++i) raw += fixed32(0, value).substr(1);
  return raw;
}

using onnx::DataType;

inline Fields dims(const std::vector<std::uint64_t>& shape) {
  Fields out;
  for (const std::uint64_t dim : shape) out += number(onnx::tensor::dims, dim);
  return out;
}

// A TensorProto without its tag, with the values in raw_data.
inline Fields tensor(std::string_view name, DataType type, const std::vector<std::uint64_t>& shape,
                     std::string_view raw) {
  return dims(shape) + number(onnx::tensor::data_type, static_cast<std::uint64_t>(type)) +
         bytes(onnx::tensor::name, name) + bytes(onnx::tensor::raw_data, raw);
}

// A float32 vector of `count` elements.
inline Fields float_tensor(std::string_view name, std::size_t count) {
  return tensor(name, DataType::float32, {count}, floats(count));
}

inline Fields initializer(const Fields& message) { return bytes(onnx::graph::initializer, message); }

inline Fields attribute(std::string_view name, std::uint64_t type, const Fields& values) {
  return bytes(onnx::node::attribute,
               bytes(onnx::attribute::name, name) + values + number(onnx::attribute::type, type));
}
inline Fields tensor_attribute(std::string_view name, const Fields& message) {
  return attribute(name, 4, bytes(onnx::attribute::t, message));
}
inline Fields graph_attribute(std::string_view name, const Fields& graph) {
  return attribute(name, 5, bytes(onnx::attribute::g, graph));
}

// A NodeProto without its tag.
inline Fields node_body(std::string_view op_type, const std::vector<std::string>& inputs,
                        const std::vector<std::string>& outputs, const Fields& attributes = {},
                        std::string_view domain = {}) {
  Fields out;
  for (const std::string& input : inputs) out += bytes(onnx::node::input, input);
  for (const std::string& output : outputs) out += bytes(onnx::node::output, output);
  out += bytes(onnx::node::op_type, op_type) + attributes;
  return domain.empty() ? out : out + bytes(onnx::node::domain, domain);
}

inline Fields node(std::string_view op_type, const std::vector<std::string>& inputs,
                   const std::vector<std::string>& outputs, const Fields& attributes = {},
                   std::string_view domain = {}) {
  return bytes(onnx::graph::node, node_body(op_type, inputs, outputs, attributes, domain));
}

inline Fields constant(std::string_view output, const Fields& message) {
  return node("Constant", {}, {std::string(output)}, tensor_attribute("value", message));
}

inline Fields graph_input(std::string_view name) {
  return bytes(onnx::graph::input, bytes(onnx::value_info::name, name));
}
inline Fields graph_output(std::string_view name) {
  return bytes(onnx::graph::output, bytes(onnx::value_info::name, name));
}

// A whole file with one graph.
inline std::string model(const Fields& graph, const Fields& more = {}) {
  return number(onnx::model::ir_version, 8) + bytes(onnx::model::graph, graph) +
         bytes(onnx::model::opset_import, number(2, 18)) + more;
}

inline Fields metadata(std::string_view key, std::string_view value) {
  return bytes(onnx::model::metadata_props, bytes(onnx::entry::key, key) + bytes(onnx::entry::value, value));
}

}  // namespace nnlock::formats::malformed
