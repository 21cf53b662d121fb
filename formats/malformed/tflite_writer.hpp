// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Writes small TFLite models for tests, and says where each field lies so that a test can make exactly one
// wrong. It writes the flatbuffer by hand, front to back: the library's builder cannot write a broken one.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace nnlock::formats::malformed {

// Raw flatbuffer text. Positions are bytes from the start.
class FlatWriter {
 public:
  struct Field {
    std::uint32_t id;
    std::uint32_t width;      // bytes: 1, 2, 4 or 8
    std::uint64_t value = 0;  // offsets are linked later
  };

  std::string bytes = std::string("\0\0\0\0TFL3", 8);

  // A table after its own vtable. Fields in the given order; those of 8 bytes are aligned.
  std::size_t table(const std::vector<Field>& fields, std::uint32_t field_count) {
    const std::size_t vtable_size = 4 + 2 * std::size_t{field_count};
    std::vector<std::uint16_t> vtable(2 + field_count, 0);
    std::size_t object = 4;
    for (const Field& field : fields) {
      object = (object + field.width - 1) / field.width * field.width;
      vtable[2 + field.id] = static_cast<std::uint16_t>(object);
      object += field.width;
    }
    vtable[0] = static_cast<std::uint16_t>(vtable_size);
    vtable[1] = static_cast<std::uint16_t>(object);
    align(8);
    const std::size_t vtable_at = bytes.size();
    for (const std::uint16_t entry : vtable) append(entry, 2);
    align(8);
    const std::size_t at = bytes.size();
    bytes.resize(at + object);
    poke(at, static_cast<std::uint64_t>(at - vtable_at), 4);
    for (const Field& field : fields) poke(at + vtable[2 + field.id], field.value, field.width);
    return at;
  }

  // Where a field of a table lies; the table must have it.
  std::size_t field(std::size_t table, std::uint32_t id) const {
    return table + peek(vtable(table) + 4 + 2 * id, 2);
  }
  std::size_t vtable(std::size_t table) const { return table - peek(table, 4); }

  // A vector, whose elements start 4 bytes later, aligned as asked.
  std::size_t vector(std::string_view values, std::uint32_t width, std::size_t alignment = 4) {
    while ((bytes.size() + 4) % alignment != 0 || bytes.size() % 4 != 0) bytes.push_back('\0');
    const std::size_t at = bytes.size();
    append(values.size() / width, 4);
    bytes += values;
    return at;
  }
  std::size_t text(std::string_view value) {
    const std::size_t at = vector(value, 1);
    bytes.push_back('\0');
    return at;
  }
  std::size_t ints(const std::vector<std::int32_t>& values) {
    std::string raw(values.size() * 4, '\0');
    if (!values.empty()) std::memcpy(raw.data(), values.data(), raw.size());
    return vector(raw, 4);
  }
  std::size_t offsets(std::size_t count) { return vector(std::string(count * 4, '\0'), 4); }

  void link(std::size_t from, std::size_t to) { poke(from, to - from, 4); }
  void link_field(std::size_t table, std::uint32_t id, std::size_t to) { link(field(table, id), to); }
  void link_element(std::size_t offsets, std::size_t index, std::size_t to) {
    link(offsets + 4 + 4 * index, to);
  }

  void poke(std::size_t at, std::uint64_t value, std::size_t width) {
    for (std::size_t i = 0; i < width; ++i) bytes[at + i] = static_cast<char>(value >> (8 * i));
  }
  std::uint64_t peek(std::size_t at, std::size_t width) const {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < width; ++i)
      value |= std::uint64_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
    return value;
  }
  void align(std::size_t alignment) {
    while (bytes.size() % alignment != 0) bytes.push_back('\0');
  }

 private:
  void append(std::uint64_t value, std::size_t width) {
    bytes.resize(bytes.size() + width);
    poke(bytes.size() - width, value, width);
  }
};

struct TfliteTensor {
  std::string name;
  std::int8_t type = 0;  // TensorType: 0 float32, 2 int32, 9 int8
  std::vector<std::int32_t> shape = {};
  std::uint32_t buffer = 0;
  bool is_variable = false;
  bool sparse = false;
  std::uint32_t external_buffer = 0;
  std::int32_t scales = -1;  // tensor index of blockwise scales
};

struct TfliteOperator {
  std::int32_t builtin = 0;
  std::vector<std::int32_t> inputs = {};
  std::string custom = {};  // with builtin 32
  std::string custom_options = {};
};

struct TfliteGraph {
  std::vector<TfliteTensor> tensors = {};
  std::vector<TfliteOperator> operators = {};
  std::vector<std::int32_t> outputs = {};
};

struct TfliteModel {
  std::vector<std::string> buffers = {""};  // the first is the empty buffer
  std::vector<TfliteGraph> graphs = {};
  std::vector<std::uint32_t> metadata = {};  // buffers
};

// A written model and where its parts lie.
struct TfliteText : FlatWriter {
  std::size_t model = 0;
  std::vector<std::size_t> buffers, data;  // tables; data vectors, 0 for none
  std::vector<std::size_t> graphs, tensors, operators, codes, names, inputs, options;  // over all graphs
  std::vector<std::size_t> custom_options;  // vectors, in the order of the operators that have some

  // Ids of the schema, for pokes.
  enum : std::uint32_t {
    kTensorShape = 0,
    kTensorBuffer = 2,
    kTensorName = 3,
    kOperatorCode = 0,
    kOperatorInputs = 1,
    kOperatorCustomOptions = 5,
    kOperatorLargeOffset = 9,
    kOperatorLargeSize = 10,
    kGraphOutputs = 2,
    kBufferData = 0,
    kBufferOffset = 1,
    kBufferSize = 2
  };
};

inline void write_tensor(TfliteText& out, const TfliteTensor& tensor, std::size_t slot) {
  std::vector<FlatWriter::Field> fields = {{0, 4},
                                           {1, 1, static_cast<std::uint8_t>(tensor.type)},
                                           {2, 4, tensor.buffer},
                                           {3, 4},
                                           {5, 1, tensor.is_variable},
                                           {10, 4, tensor.external_buffer}};
  if (tensor.scales >= 0) fields.push_back({4, 4});
  if (tensor.sparse) fields.push_back({6, 4});
  const std::size_t at = out.table(fields, 11);
  out.link(slot, at);
  out.link_field(at, 0, out.ints(tensor.shape));
  out.names.push_back(out.text(tensor.name));
  out.link_field(at, 3, out.names.back());
  if (tensor.scales >= 0) {
    const std::size_t quantization = out.table({{4, 1, 2}, {5, 4}}, 7);
    out.link_field(at, 4, quantization);
    out.link_field(
        quantization, 5,
        out.table({{0, 4, static_cast<std::uint32_t>(tensor.scales)}, {1, 4, 0xffffffff}, {2, 4, 32}}, 3));
  }
  if (tensor.sparse) out.link_field(at, 6, out.table({}, 0));
  out.tensors.push_back(at);
}

inline void write_operator(TfliteText& out, const TfliteOperator& op, std::size_t slot) {
  // Every operator has options: table member 17, ReshapeOptions, whose new_shape is a vector.
  std::vector<FlatWriter::Field> fields = {{0, 4, out.operators.size()}, {1, 4}, {3, 1, 17}, {4, 4}};
  const bool custom = !op.custom_options.empty();
  if (custom) fields.insert(fields.end(), {{5, 4}, {9, 8}, {10, 8}});
  const std::size_t at = out.table(fields, 14);
  out.link(slot, at);
  out.inputs.push_back(out.ints(op.inputs));
  out.link_field(at, 1, out.inputs.back());
  out.options.push_back(out.table({{0, 4}}, 1));
  out.link_field(at, 4, out.options.back());
  out.link_field(out.options.back(), 0, out.ints({1, -1}));
  if (custom) {
    out.custom_options.push_back(out.vector(op.custom_options, 1, 16));
    out.link_field(at, TfliteText::kOperatorCustomOptions, out.custom_options.back());
  }
  out.operators.push_back(at);
}

inline void write_graph(TfliteText& out, const TfliteGraph& graph, std::size_t slot) {
  const std::size_t at = out.table({{0, 4}, {2, 4}, {3, 4}}, 5);
  out.graphs.push_back(at);
  out.link(slot, at);
  const std::size_t tensors = out.offsets(graph.tensors.size());
  out.link_field(at, 0, tensors);
  for (std::size_t i = 0; i < graph.tensors.size(); ++i)
    write_tensor(out, graph.tensors[i], tensors + 4 + 4 * i);
  out.link_field(at, 2, out.ints(graph.outputs));
  const std::size_t operators = out.offsets(graph.operators.size());
  out.link_field(at, 3, operators);
  for (std::size_t i = 0; i < graph.operators.size(); ++i)
    write_operator(out, graph.operators[i], operators + 4 + 4 * i);
}

inline void write_codes(TfliteText& out, const TfliteModel& model) {
  std::vector<TfliteOperator> all;
  for (const TfliteGraph& graph : model.graphs)
    all.insert(all.end(), graph.operators.begin(), graph.operators.end());
  const std::size_t codes = out.offsets(all.size());
  out.link_field(out.model, 1, codes);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto builtin = static_cast<std::uint32_t>(all[i].builtin);
    out.codes.push_back(out.table({{0, 1, builtin < 127 ? builtin : 127}, {1, 4}, {3, 4, builtin}}, 4));
    out.link_element(codes, i, out.codes.back());
    out.link_field(out.codes.back(), 1, out.text(all[i].custom));
  }
}

inline TfliteText write_tflite(const TfliteModel& model) {
  TfliteText out;
  out.model = out.table({{0, 4, 3}, {1, 4}, {2, 4}, {4, 4}, {6, 4}}, 8);
  out.link(0, out.model);
  write_codes(out, model);
  const std::size_t graphs = out.offsets(model.graphs.size());
  out.link_field(out.model, 2, graphs);
  for (std::size_t i = 0; i < model.graphs.size(); ++i) write_graph(out, model.graphs[i], graphs + 4 + 4 * i);
  const std::size_t metadata = out.offsets(model.metadata.size());
  out.link_field(out.model, 6, metadata);
  for (std::size_t i = 0; i < model.metadata.size(); ++i)
    out.link_element(metadata, i, out.table({{1, 4, model.metadata[i]}}, 2));
  const std::size_t buffers = out.offsets(model.buffers.size());
  out.link_field(out.model, 4, buffers);
  for (std::size_t i = 0; i < model.buffers.size(); ++i) {
    out.buffers.push_back(out.table({{0, 4}, {1, 8}, {2, 8}}, 3));
    out.link_element(buffers, i, out.buffers.back());
  }
  for (std::size_t i = 0; i < model.buffers.size(); ++i) {
    out.data.push_back(out.vector(model.buffers[i], 1, 16));
    out.link_field(out.buffers[i], 0, out.data.back());
  }
  out.align(8);
  return out;
}

}  // namespace nnlock::formats::malformed
