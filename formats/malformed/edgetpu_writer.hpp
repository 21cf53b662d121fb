// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Writes small TFLite models as the Edge TPU's compiler leaves them, and says where each field lies so that a test can make
// exactly one wrong: a custom operator with a package of executables in its options, and an operator that stays on the CPU.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "formats/malformed/tflite_writer.hpp"

namespace nnlock::formats::malformed {

struct EdgetpuExecutable {
  std::uint8_t type = 0;  // 0 stand-alone, 1 parameter caching, 2 execution only
  std::string parameters = {};
  std::string serialized_model = {};
};

struct EdgetpuPackage {
  std::vector<EdgetpuExecutable> executables = {};
  std::vector<EdgetpuPackage> chips = {};  // further packages inside this one
  std::vector<std::string> raw = {};       // executables that are written already; their places are not kept
};

struct EdgetpuOptionsSpec {
  std::vector<EdgetpuPackage> packages = {};  // the first, then those for further chips
  std::string superseded = {};                // key "3"
  std::vector<std::string> extra_keys = {};   // with the value 0; after "7" in order
  std::size_t shift = 0;                      // bytes in front, to put the packages at other addresses
};

// Where the parts of one operator's options lie: bytes from the start of the options until they are in a file.
struct EdgetpuPlaces {
  struct Executable {
    std::size_t at, table, parameters, bitstreams, bitstream;  // start; tables; vectors
  };
  struct Package {
    std::size_t at, table, list_at, list_table, strings;  // start; start of the list of executables; vector of strings
  };
  std::vector<Executable> executables;  // over all packages, outer ones first
  std::vector<Package> packages;
  std::size_t map = 0, map_types = 0, keys = 0, further = 0, root = 0;  // first elements; root value
  std::vector<std::size_t> key_texts;

  void move(std::size_t by) {
    for (Executable& e : executables)
      for (std::size_t* place : {&e.at, &e.table, &e.parameters, &e.bitstreams, &e.bitstream}) *place += by;
    for (Package& p : packages)
      for (std::size_t* place : {&p.at, &p.table, &p.list_at, &p.list_table, &p.strings}) *place += by;
    for (std::size_t* place : {&map, &map_types, &keys, &further, &root}) *place += by;
    for (std::size_t& place : key_texts) place += by;
  }
  void append(EdgetpuPlaces other, std::size_t by) {
    other.move(by);
    executables.insert(executables.end(), other.executables.begin(), other.executables.end());
    packages.insert(packages.end(), other.packages.begin(), other.packages.end());
  }
};

struct EdgetpuPart {
  std::string bytes;
  EdgetpuPlaces places;
};

inline FlatWriter edgetpu_flatbuffer(std::string_view identifier) {
  FlatWriter out;
  out.bytes = std::string(4, '\0') + std::string(identifier);
  return out;
}

inline std::size_t write_edgetpu_layer(FlatWriter& out, bool output) {
  const std::size_t layer = out.table({{0, 4}, {5, 4}, {7, 1, output ? 1u : 2u}, {8, 4}, {11, 4}}, 12);
  out.link_field(layer, 0, out.text(output ? "out" : "in"));
  out.link_field(layer, 5, out.table({{0, 4, 128}}, 2));
  const std::size_t any = output ? out.table({{0, 4}, {2, 4}}, 3) : out.table({}, 0);
  out.link_field(layer, 8, any);
  if (output) {
    const std::size_t layout = out.table({{0, 4}, {1, 4}, {2, 4}, {3, 4}, {4, 4}, {5, 4}}, 6);
    out.link_field(any, 0, layout);
    for (std::uint32_t id = 0; id < 6; ++id) out.link_field(layout, id, out.ints({0, 1}));
    const std::size_t info = out.table({{0, 4}, {1, 4}}, 2);
    out.link_field(any, 2, info);
    const std::size_t slices = out.offsets(1);
    out.link_field(info, 0, slices);
    out.link_field(info, 1, out.ints({0}));
    const std::size_t slice = out.table({{1, 4}}, 2);
    out.link_element(slices, 0, slice);
    out.link_field(slice, 1, out.ints({1}));
  }
  const std::size_t shape = out.table({{0, 4}}, 1);
  out.link_field(layer, 11, shape);
  out.link_field(shape, 0, out.vector(std::string(16, '\0'), 8));
  return layer;
}

inline void write_edgetpu_hints(FlatWriter& out, std::size_t executable) {
  const std::size_t hints = out.table({{0, 4}, {1, 1, 1}}, 2);
  out.link_field(executable, 7, hints);
  const std::size_t list = out.offsets(4);
  out.link_field(hints, 0, list);
  for (std::uint8_t kind = 1; kind <= 4; ++kind) {
    const std::size_t hint = out.table({{0, 1, kind}, {1, 4}}, 3);
    out.link_element(list, kind - 1u, hint);
    const std::size_t any = kind == 1 ? out.table({{0, 4}}, 3) : out.table({}, 0);
    out.link_field(hint, 1, any);
    if (kind != 1) continue;
    const std::size_t meta = out.table({{2, 4}}, 4);
    out.link_field(any, 0, meta);
    out.link_field(meta, 2, out.text("in"));
  }
}

inline EdgetpuPart write_edgetpu_executable(const EdgetpuExecutable& executable) {
  FlatWriter out = edgetpu_flatbuffer(std::string_view("\0\0\0\0", 4));
  const std::size_t table = out.table({{14, 8, 0x0123456789abcdef},
                                       {1, 4},
                                       {2, 4},
                                       {3, 4, 1},
                                       {5, 4},
                                       {6, 4},
                                       {7, 4},
                                       {8, 4},
                                       {9, 4},
                                       {10, 4},
                                       {13, 2, executable.type}},
                                      17);
  out.link(0, table);
  out.link_field(table, 1, out.text("model"));
  out.link_field(table, 2, out.vector(executable.serialized_model, 1));
  const std::size_t bitstreams = out.offsets(1);
  out.link_field(table, 5, bitstreams);
  const std::size_t instructions = out.table({{0, 4}, {1, 4}}, 2);
  out.link_element(bitstreams, 0, instructions);
  const std::size_t bitstream = out.vector("instructions of the chip", 1);
  out.link_field(instructions, 0, bitstream);
  const std::size_t fields = out.offsets(1);
  out.link_field(instructions, 1, fields);
  const std::size_t field = out.table({{0, 4}, {1, 4, 64}}, 2);
  out.link_element(fields, 0, field);
  out.link_field(field, 0, out.table({{0, 2, 2}}, 4));
  write_edgetpu_hints(out, table);
  for (const std::uint32_t id : {8u, 9u}) {
    const std::size_t layers = out.offsets(1);
    out.link_field(table, id, layers);
    out.link_element(layers, 0, write_edgetpu_layer(out, id == 9));
  }
  const std::size_t parameters = out.vector(executable.parameters, 1, 16);
  out.link_field(table, 6, parameters);
  out.link_field(table, 10, out.text("chip"));
  out.align(16);
  return {out.bytes, {.executables = {{0, table, parameters, bitstreams, bitstream}}}};
}

inline EdgetpuPart write_edgetpu_package(const EdgetpuPackage& package) {
  EdgetpuPart part;
  part.places.packages.push_back({});
  FlatWriter list = edgetpu_flatbuffer(std::string_view("\0\0\0\0", 4));
  const std::size_t list_table = list.table({{0, 4}}, 1);
  list.link(0, list_table);
  std::vector<EdgetpuPart> executables;
  for (const EdgetpuExecutable& executable : package.executables) executables.push_back(write_edgetpu_executable(executable));
  for (const std::string& bytes : package.raw) executables.push_back({bytes, {}});
  const std::size_t strings = list.offsets(executables.size());
  list.link_field(list_table, 0, strings);
  FlatWriter out = edgetpu_flatbuffer("DWN1");
  const std::size_t table = out.table({{0, 4, 13}, {1, 4}, {2, 4}, {3, 4, 1}, {4, 4}, {6, 4}, {7, 4}}, 8);
  out.link(0, table);
  out.link_field(table, 2, out.vector("signature", 1));
  out.link_field(table, 4, out.text("1.0"));
  out.link_field(table, 7, out.text("a model"));
  for (std::size_t i = 0; i < executables.size(); ++i) {
    const std::size_t at = list.vector(executables[i].bytes, 1, 16);
    list.bytes.push_back('\0');
    list.link_element(strings, i, at);
    part.places.append(std::move(executables[i].places), at + 4);
  }
  list.align(16);
  const std::size_t list_at = out.vector(executables.empty() ? "" : list.bytes, 1, 16);
  out.link_field(table, 1, list_at);
  part.places.move(list_at + 4);
  part.places.packages[0] = {0, table, list_at + 4, list_at + 4 + list_table, list_at + 4 + strings};
  const std::size_t chips = out.offsets(package.chips.size());
  out.link_field(table, 6, chips);
  for (std::size_t i = 0; i < package.chips.size(); ++i) {
    const std::size_t chip = out.table({{0, 4}}, 1);
    out.link_element(chips, i, chip);
    const EdgetpuPart inner = write_edgetpu_package(package.chips[i]);
    const std::size_t at = out.vector(inner.bytes, 1, 16);
    out.link_field(chip, 0, at);
    part.places.append(inner.places, at + 4);
  }
  out.align(16);
  part.bytes = std::move(out.bytes);
  return part;
}

// The FlexBuffers map: everything 4 bytes wide, packages at multiples of 16 unless they are shifted.
class EdgetpuOptionsWriter {
 public:
  static constexpr std::uint8_t kInt = 1 << 2 | 2, kString = 5 << 2 | 2, kMap = 9 << 2 | 2, kVector = 10 << 2 | 2;

  EdgetpuPart write(const EdgetpuOptionsSpec& spec) {
    out_.bytes = std::string(spec.shift, '\0');
    std::vector<std::size_t> texts;
    for (const EdgetpuPackage& package : spec.packages) {
      const EdgetpuPart part = write_edgetpu_package(package);
      texts.push_back(text(part.bytes, spec.shift));
      places_.append(part.places, texts.back());
    }
    add_key("1", kInt, 1);
    if (!spec.superseded.empty()) add_key("3", kString, text(spec.superseded, 0));
    add_key("4", kString, texts.front());
    add_key("5", kInt, 0);
    places_.further = vector({texts.begin() + 1, texts.end()});
    add_key("7", kVector, places_.further);
    for (const std::string& key : spec.extra_keys) add_key(key, kInt, 0);
    write_map();
    return {std::move(out_.bytes), std::move(places_)};
  }

 private:
  struct Entry {
    std::size_t key;
    std::uint8_t packed;
    std::size_t value;  // a number, or a place
  };

  void number(std::uint64_t value, std::size_t width = 4) {
    out_.bytes.resize(out_.bytes.size() + width);
    out_.poke(out_.bytes.size() - width, value, width);
  }
  void back_to(std::size_t place) { number(out_.bytes.size() - place); }

  std::size_t text(const std::string& value, std::size_t shift) {
    while ((out_.bytes.size() + 4) % 16 != shift % 16) out_.bytes.push_back('\0');
    number(value.size());
    out_.bytes += value + '\0';
    return out_.bytes.size() - value.size() - 1;
  }

  void add_key(const std::string& key, std::uint8_t packed, std::size_t value) {
    entries_.push_back({out_.bytes.size(), packed, value});
    places_.key_texts.push_back(out_.bytes.size());
    out_.bytes += key + '\0';
  }

  std::size_t vector(const std::vector<std::size_t>& texts) {
    out_.align(4);
    number(texts.size());
    const std::size_t begin = out_.bytes.size();
    for (const std::size_t place : texts) back_to(place);
    for (std::size_t i = 0; i < texts.size(); ++i) number(kString, 1);
    return begin;
  }

  void write_map() {
    out_.align(4);
    number(entries_.size());
    places_.keys = out_.bytes.size();
    for (const Entry& entry : entries_) back_to(entry.key);
    back_to(places_.keys);
    number(4);
    number(entries_.size());
    places_.map = out_.bytes.size();
    for (const Entry& entry : entries_) entry.packed == kInt ? number(entry.value) : back_to(entry.value);
    places_.map_types = out_.bytes.size();
    for (const Entry& entry : entries_) number(entry.packed, 1);
    out_.align(4);
    places_.root = out_.bytes.size();
    back_to(places_.map);
    number(kMap, 1);
    number(4, 1);
  }

  FlatWriter out_;
  EdgetpuPlaces places_;
  std::vector<Entry> entries_;
};

struct EdgetpuText : TfliteText {
  std::vector<EdgetpuPlaces> compiled;  // one for each compiled operator; bytes from the start of the file
};

// Compiled operators, each with its options, and behind them a FULLY_CONNECTED operator with its weights on buffer 1.
inline EdgetpuText write_edgetpu_operators(const std::vector<EdgetpuPart>& operators) {
  TfliteModel model;
  model.buffers.push_back(std::string(16, 'f'));
  TfliteGraph graph{.tensors = {{.name = "in"}, {.name = "fallback", .type = 9, .shape = {1, 16}, .buffer = 1}},
                    .outputs = {0}};
  for (const EdgetpuPart& part : operators)
    graph.operators.push_back(
        {.builtin = 32, .inputs = {0}, .custom = "edgetpu-custom-op", .custom_options = part.bytes});
  graph.operators.push_back({.builtin = 9, .inputs = {0, 1}});
  model.graphs.push_back(std::move(graph));
  EdgetpuText out{write_tflite(model), {}};
  for (std::size_t i = 0; i < operators.size(); ++i) {
    out.compiled.push_back(operators[i].places);
    out.compiled.back().move(out.custom_options[i] + 4);
  }
  return out;
}

inline EdgetpuText write_edgetpu(const EdgetpuOptionsSpec& spec) {
  return write_edgetpu_operators({EdgetpuOptionsWriter().write(spec)});
}

// A parameter-caching executable with its weights and one that runs on them, as the compiler writes them.
inline EdgetpuOptionsSpec small_edgetpu() {
  return {.packages = {{.executables = {{.type = 2}, {.type = 1, .parameters = std::string(64, 'p')}}}}};
}

}  // namespace nnlock::formats::malformed
