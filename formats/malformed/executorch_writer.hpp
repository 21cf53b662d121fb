// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Writes small ExecuTorch programs for tests, and says where each field lies so that a test can make exactly one wrong.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "formats/malformed/tflite_writer.hpp"

namespace nnlock::formats::malformed {

// --- what the XNNPACK backend reads ---

struct XnnpackValue {
  std::int16_t type = 1;            // 1 fp32, 6 int8 by channel
  std::vector<std::int32_t> dims = {};
  std::uint32_t constant = 0;       // 0: none
  std::uint32_t scales = 0;         // of a quantised value: another constant
  bool by_group = false;            // scales by group, not by channel
};

struct XnnpackGraph {
  std::vector<XnnpackValue> values = {};
  std::vector<std::pair<std::string, std::string>> constants = {};  // key of named data, or values behind the graph
  bool constants_inside = false;                                    // as old exporters do
};

// A blob and where its parts lie, from its start.
struct XnnpackText {
  std::string bytes;
  std::vector<std::size_t> values, tensors, constants;  // tables; constants[0] is constant 1
  std::size_t graph = 0, table = 0;                     // start of the flatbuffer; its root
  std::size_t data = 0;                                 // constants behind the graph
};

inline std::size_t write_xnnpack_tensor(FlatWriter& out, const XnnpackValue& value) {
  const std::size_t tensor = out.table({{0, 2, static_cast<std::uint16_t>(value.type)}, {2, 4}, {3, 4, value.constant}}, 8);
  out.link_field(tensor, 2, out.ints(value.dims));
  return tensor;
}

inline XnnpackText write_xnnpack(const XnnpackGraph& graph) {
  XnnpackText text;
  FlatWriter out;
  out.bytes = std::string("\0\0\0\0XN01", 8);
  std::vector<FlatWriter::Field> fields = {{1, 4}, {2, 4}, {8, 4}};
  if (graph.constants_inside) fields.push_back({6, 4});
  text.table = out.table(fields, 9);
  out.link(0, text.table);
  out.link_field(text.table, 1, out.offsets(0));
  const std::size_t values = out.offsets(graph.values.size());
  out.link_field(text.table, 2, values);
  for (std::size_t i = 0; i < graph.values.size(); ++i) {
    const XnnpackValue& value = graph.values[i];
    const std::uint8_t type = value.scales == 0 ? 1 : 2;
    text.values.push_back(out.table({{0, 1, type}, {1, 4}}, 2));
    out.link_element(values, i, text.values.back());
    if (type == 1) {
      text.tensors.push_back(write_xnnpack_tensor(out, value));
      out.link_field(text.values.back(), 1, text.tensors.back());
      continue;
    }
    const std::size_t quantized = out.table({{0, 4}, {1, 1, value.by_group ? 4u : 1u}, {2, 4}}, 3);
    out.link_field(text.values.back(), 1, quantized);
    text.tensors.push_back(write_xnnpack_tensor(out, value));
    out.link_field(quantized, 0, text.tensors.back());
    out.link_field(quantized, 2, value.by_group ? out.table({{4, 4, value.scales}}, 6) : out.table({{2, 4, value.scales}}, 4));
  }
  std::string data;
  const std::size_t constants = out.offsets(graph.constants.size() + 1);
  out.link_field(text.table, 8, constants);
  out.link_element(constants, 0, out.table({}, 0));
  for (std::size_t i = 0; i < graph.constants.size(); ++i) {
    const auto& [key, content] = graph.constants[i];
    const std::uint64_t offset = key.empty() ? data.size() : ~std::uint64_t{0};
    text.constants.push_back(out.table({{0, 8, offset}, {1, 8, content.size()}, {2, 4}}, 3));
    out.link_element(constants, i + 1, text.constants.back());
    out.link_field(text.constants.back(), 2, out.text(key));
    data += content;
    data.resize((data.size() + 15) / 16 * 16);
  }
  if (graph.constants_inside) {
    const std::size_t buffers = out.offsets(1);
    out.link_field(text.table, 6, buffers);
    const std::size_t buffer = out.table({{0, 4}}, 1);
    out.link_element(buffers, 0, buffer);
    out.link_field(buffer, 0, out.vector("weights", 1, 16));
  }
  out.align(16);
  FlatWriter header;
  header.bytes = std::string("\0\0\0\0XH00", 8) + std::string(24, '\0');
  text.graph = header.bytes.size();
  text.data = text.graph + out.bytes.size();
  header.poke(8, 30, 2);
  header.poke(10, text.graph, 4);
  header.poke(14, out.bytes.size(), 4);
  header.poke(18, text.data, 4);
  header.poke(22, data.size(), 8);
  text.bytes = header.bytes + out.bytes + data;
  text.table += text.graph;
  for (auto* places : {&text.values, &text.tensors, &text.constants})
    for (std::size_t& place : *places) place += text.graph;
  return text;
}

// --- the program ---

struct ExecutorchTensor {
  std::int8_t type = 6;  // ScalarType: 6 float, 1 char, 4 long
  std::vector<std::int32_t> sizes = {};
  std::uint32_t buffer = 0;
  bool is_mutable = false;
  std::string name = {};
  bool external = false;
};

struct ExecutorchDelegate {
  std::string id = {};
  std::string blob = {};
  bool inside = false;  // in the flatbuffer, not in a segment
};

struct ExecutorchSpec {
  std::vector<ExecutorchTensor> tensors = {};
  std::vector<std::string> constants = {};  // of data buffers 1, 2, ...
  bool constants_inside = false;
  std::vector<std::string> states = {};     // first states of mutable tensors, of data buffers 1, 2, ...
  std::vector<std::pair<std::string, std::string>> named = {};
  std::vector<ExecutorchDelegate> delegates = {};
  std::vector<std::pair<std::string, std::vector<std::int32_t>>> calls = {};  // operator, values
  std::vector<std::string> stray = {};      // segments that nothing names
  std::string method = "forward";
};

struct ExecutorchText : FlatWriter {
  std::size_t program = 0, plan = 0;  // tables
  std::vector<std::size_t> tensors, segments, named, delegates, references;
  std::vector<std::size_t> data;  // where segments begin in the file
  std::size_t constant_segment = 0, offsets_of_constants = 0, states = 0;  // tables and a vector
  std::vector<std::size_t> constants;  // storage vectors of constants inside
  std::vector<std::size_t> blobs;      // vectors of blobs inside

  // Places in the file.
  enum : std::size_t { kHeader = 8, kHeaderSize = 12, kProgramSize = 16, kSegmentBase = 24 };
};

class ExecutorchWriter {
 public:
  explicit ExecutorchWriter(const ExecutorchSpec& spec) : spec_(spec) {}

  ExecutorchText write() {
    out_.bytes = std::string("\0\0\0\0ET12eh00", 12) + std::string("\30\0\0\0", 4) + std::string(16, '\0');
    std::vector<FlatWriter::Field> fields = {{0, 4}, {1, 4}, {4, 4}, {7, 4}, {3, 4}};
    fields.push_back({spec_.constants_inside ? 2u : 5u, 4});
    if (!spec_.states.empty()) fields.push_back({6, 4});
    out_.program = out_.table(fields, 8);
    out_.link(0, out_.program);
    write_plan();
    write_constants();
    write_states();
    write_named();
    write_inline();
    for (const std::string& stray : spec_.stray) segment(stray);
    write_segments();
    return std::move(out_);
  }

 private:
  std::uint32_t segment(std::string content) {
    contents_.push_back(std::move(content));
    return static_cast<std::uint32_t>(contents_.size() - 1);
  }

  // Offsets of pieces in one segment, the first reserved.
  std::size_t subsegments(const std::vector<std::string>& pieces, std::size_t& offsets) {
    std::string content, list(8, '\0');
    for (const std::string& piece : pieces) {
      FlatWriter number;
      number.bytes.assign(8, '\0');
      number.poke(0, content.size(), 8);
      list += number.bytes;
      content += piece;
      content.resize((content.size() + 15) / 16 * 16);
    }
    const std::size_t table = out_.table({{0, 4, segment(content)}, {1, 4}}, 2);
    offsets = out_.vector(list, 8, 8);
    out_.link_field(table, 1, offsets);
    return table;
  }

  void write_plan() {
    const std::size_t plans = out_.offsets(1);
    out_.link_field(out_.program, 1, plans);
    out_.plan = out_.table({{0, 4}, {1, 4}, {2, 4}, {3, 4}, {4, 4}, {5, 4}, {6, 4}, {7, 4}, {8, 4}}, 10);
    out_.link_element(plans, 0, out_.plan);
    out_.link_field(out_.plan, 0, out_.text(spec_.method));
    const std::size_t meta = out_.table({{0, 4}, {1, 4}}, 2);
    out_.link_field(out_.plan, 1, meta);
    out_.link_field(meta, 0, out_.text("in"));
    out_.link_field(meta, 1, out_.text("out"));
    write_values();
    out_.link_field(out_.plan, 3, out_.ints({0}));
    out_.link_field(out_.plan, 4, out_.ints({0}));
    write_calls();
    write_delegates();
    out_.link_field(out_.plan, 8, out_.vector(std::string(16, '\0'), 8, 8));
  }

  // Tensors, and behind them one value of each other kind.
  void write_values() {
    const std::size_t values = out_.offsets(spec_.tensors.size() + 10);
    out_.link_field(out_.plan, 2, values);
    std::size_t at = 0;
    const auto slot = [&](std::uint8_t kind) {  // offsets lead forward only: the entry comes before its table
      const std::size_t entry = out_.table({{0, 1, kind}, {1, 4}}, 2);
      out_.link_element(values, at++, entry);
      return out_.field(entry, 1);
    };
    for (const ExecutorchTensor& tensor : spec_.tensors) {
      const std::size_t from = slot(5);
      out_.link(from, write_tensor(tensor));
    }
    for (const auto& [kind, width] : {std::pair<std::uint8_t, std::uint32_t>{1, 0}, {2, 8}, {3, 1}, {4, 8}}) {
      const std::size_t from = slot(kind);
      out_.link(from, width == 0 ? out_.table({}, 0) : out_.table({{0, width, 1}}, 1));
    }
    for (const auto& [kind, width] : {std::pair<std::uint8_t, std::uint32_t>{6, 1}, {7, 8}, {8, 8}, {9, 1}, {10, 4}, {11, 4}}) {
      const std::size_t from = slot(kind), table = out_.table({{0, 4}}, 1);
      out_.link(from, table);
      out_.link_field(table, 0, kind == 6 ? out_.text("text") : out_.vector(std::string(8, '\0'), width, 8));
    }
  }

  std::size_t write_tensor(const ExecutorchTensor& tensor) {
    std::vector<FlatWriter::Field> fields = {{0, 1, static_cast<std::uint8_t>(tensor.type)}, {1, 4}, {2, 4}, {3, 4}, {5, 4, tensor.buffer}};
    if (tensor.is_mutable) fields.push_back({6, 4});
    const bool extra = !tensor.name.empty() || tensor.external;
    if (extra) fields.push_back({9, 4});
    const std::size_t at = out_.table(fields, 10);
    out_.tensors.push_back(at);
    out_.link_field(at, 2, out_.ints(tensor.sizes));
    out_.link_field(at, 3, out_.vector(std::string(tensor.sizes.size(), '\0'), 1));
    if (tensor.is_mutable) out_.link_field(at, 6, out_.table({{0, 4, 1}}, 3));
    if (extra) {
      const std::size_t info = out_.table({{1, 4}, {2, 1, tensor.external}}, 5);
      out_.link_field(at, 9, info);
      out_.link_field(info, 1, out_.text(tensor.name));
    }
    return at;
  }

  // One chain: calls of kernels, of delegates, and one instruction of each other kind.
  void write_calls() {
    const std::size_t chains = out_.offsets(1);
    out_.link_field(out_.plan, 5, chains);
    const std::size_t chain = out_.table({{0, 4}, {1, 4}, {2, 4}, {3, 4}}, 4);
    out_.link_element(chains, 0, chain);
    out_.link_field(chain, 0, out_.ints({0}));
    out_.link_field(chain, 1, out_.ints({0}));
    const std::size_t instructions = out_.offsets(spec_.calls.size() + 4);
    out_.link_field(chain, 2, instructions);
    std::size_t at = 0;
    const auto instruction = [&](std::uint8_t kind, std::uint64_t first, const std::vector<std::int32_t>& args) {
      const std::size_t entry = out_.table({{0, 1, kind}, {1, 4}}, 2);
      out_.link_element(instructions, at++, entry);
      const std::size_t table = kind == 5 ? out_.table({{0, 4, first}}, 1) : out_.table({{0, 4, first}, {1, 4}}, 2);
      out_.link_field(entry, 1, table);
      if (kind <= 2) out_.link_field(table, 1, out_.ints(args));
    };
    for (std::size_t i = 0; i < spec_.calls.size(); ++i) instruction(1, i, spec_.calls[i].second);
    for (std::uint8_t kind = 2; kind <= 5; ++kind) instruction(kind, 0, {0});
    const std::size_t traces = out_.offsets(1);
    out_.link_field(chain, 3, traces);
    const std::size_t trace = out_.table({{0, 4}}, 1);
    out_.link_element(traces, 0, trace);
    const std::size_t frames = out_.offsets(1);
    out_.link_field(trace, 0, frames);
    const std::size_t frame = out_.table({{0, 4}, {1, 4, 7}, {2, 4}, {3, 4}}, 4);
    out_.link_element(frames, 0, frame);
    for (const std::uint32_t id : {0u, 2u, 3u}) out_.link_field(frame, id, out_.text("model.py"));
    const std::size_t operators = out_.offsets(spec_.calls.size());
    out_.link_field(out_.plan, 6, operators);
    for (std::size_t i = 0; i < spec_.calls.size(); ++i) {
      const std::size_t op = out_.table({{0, 4}, {1, 4}}, 2);
      out_.link_element(operators, i, op);
      out_.link_field(op, 0, out_.text(spec_.calls[i].first));
      out_.link_field(op, 1, out_.text("out"));
    }
  }

  void write_delegates() {
    const std::size_t delegates = out_.offsets(spec_.delegates.size());
    out_.link_field(out_.plan, 7, delegates);
    std::uint32_t inside = 0;
    for (std::size_t i = 0; i < spec_.delegates.size(); ++i) {
      const ExecutorchDelegate& delegate = spec_.delegates[i];
      out_.delegates.push_back(out_.table({{0, 4}, {1, 4}, {2, 4}}, 3));
      out_.link_element(delegates, i, out_.delegates.back());
      out_.link_field(out_.delegates.back(), 0, out_.text(delegate.id));
      const std::uint32_t index = delegate.inside ? inside++ : segment(delegate.blob);
      out_.references.push_back(out_.table({{0, 1, delegate.inside ? 0u : 1u}, {1, 4, index}}, 2));
      out_.link_field(out_.delegates.back(), 1, out_.references.back());
      const std::size_t specs = out_.offsets(1);
      out_.link_field(out_.delegates.back(), 2, specs);
      const std::size_t one = out_.table({{0, 4}, {1, 4}}, 2);
      out_.link_element(specs, 0, one);
      out_.link_field(one, 0, out_.text("key"));
      out_.link_field(one, 1, out_.vector("value", 1));
    }
  }

  void write_constants() {
    if (!spec_.constants_inside) {
      out_.constant_segment = subsegments(spec_.constants, out_.offsets_of_constants);
      out_.link_field(out_.program, 5, out_.constant_segment);
      return;
    }
    const std::size_t buffers = out_.offsets(spec_.constants.size() + 1);
    out_.link_field(out_.program, 2, buffers);
    for (std::size_t i = 0; i <= spec_.constants.size(); ++i) {
      const std::size_t buffer = out_.table({{0, 4}}, 1);
      out_.link_element(buffers, i, buffer);
      out_.constants.push_back(out_.vector(i == 0 ? "" : spec_.constants[i - 1], 1, 16));
      out_.link_field(buffer, 0, out_.constants.back());
    }
  }

  void write_states() {
    if (spec_.states.empty()) return;
    const std::size_t lists = out_.offsets(1);
    out_.link_field(out_.program, 6, lists);
    std::size_t offsets = 0;
    out_.states = subsegments(spec_.states, offsets);
    out_.link_element(lists, 0, out_.states);
  }

  void write_named() {
    const std::size_t named = out_.offsets(spec_.named.size());
    out_.link_field(out_.program, 7, named);
    for (std::size_t i = 0; i < spec_.named.size(); ++i) {
      out_.named.push_back(out_.table({{0, 4}, {1, 4, segment(spec_.named[i].second)}}, 2));
      out_.link_element(named, i, out_.named.back());
      out_.link_field(out_.named.back(), 0, out_.text(spec_.named[i].first));
    }
  }

  void write_inline() {
    std::vector<std::string> blobs;
    for (const ExecutorchDelegate& delegate : spec_.delegates)
      if (delegate.inside) blobs.push_back(delegate.blob);
    const std::size_t list = out_.offsets(blobs.size());
    out_.link_field(out_.program, 3, list);
    for (std::size_t i = 0; i < blobs.size(); ++i) {
      const std::size_t data = out_.table({{0, 4}}, 1);
      out_.link_element(list, i, data);
      out_.blobs.push_back(out_.vector(blobs[i], 1, 16));
      out_.link_field(data, 0, out_.blobs.back());
    }
  }

  void write_segments() {
    const std::size_t list = out_.offsets(contents_.size());
    out_.link_field(out_.program, 4, list);
    std::uint64_t offset = 0;
    for (std::size_t i = 0; i < contents_.size(); ++i) {
      out_.segments.push_back(out_.table({{0, 8, offset}, {1, 8, contents_[i].size()}}, 2));
      out_.link_element(list, i, out_.segments.back());
      offset += (contents_[i].size() + 15) / 16 * 16;
    }
    out_.align(16);
    out_.poke(ExecutorchText::kProgramSize, out_.bytes.size(), 8);
    out_.poke(ExecutorchText::kSegmentBase, out_.bytes.size(), 8);
    for (const std::string& content : contents_) {
      out_.data.push_back(out_.bytes.size());
      out_.bytes += content;
      out_.align(16);
    }
  }

  const ExecutorchSpec& spec_;
  ExecutorchText out_;
  std::vector<std::string> contents_;  // of segments
};

inline ExecutorchText write_executorch(const ExecutorchSpec& spec) { return ExecutorchWriter(spec).write(); }

// A weight in named data; one of int8 behind the graph, and its scales.
inline XnnpackText small_xnnpack() {
  return write_xnnpack({.values = {{.dims = {1, 4}},
                                   {.dims = {4, 4}, .constant = 1},
                                   {.type = 6, .dims = {4, 4}, .constant = 2, .scales = 3}},
                        .constants = {{"sha256", ""}, {"", std::string(16, 'q')}, {"", std::string(16, 's')}}});
}

// A linear layer on constants with an int64 index beside them, and an XNNPACK delegate with weights in named data and a bias behind
// its graph.
inline ExecutorchSpec small_executorch() {
  return {.tensors = {{.sizes = {1, 4}},
                      {.sizes = {4, 4}, .buffer = 1, .name = "linear.weight"},
                      {.sizes = {4}, .buffer = 2},
                      {.type = 4, .sizes = {2}, .buffer = 3}},
          .constants = {std::string(64, 'w'), std::string(16, 'b'), std::string(16, '\1')},
          .named = {{"sha256", std::string(64, 'n')}},
          .delegates = {{.id = "XnnpackBackend", .blob = small_xnnpack().bytes}},
          .calls = {{"aten::linear", {0, 1, 2, 0}}}};
}

}  // namespace nnlock::formats::malformed
