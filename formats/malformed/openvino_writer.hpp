// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Writes small OpenVINO IRs for tests, right ones and wrong ones.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "formats/codec_testing.hpp"
#include "formats/malformed/replace.hpp"

namespace nnlock::formats::malformed {

// Collects layers and edges; output ports are 9. Ids are the numbers the functions return.
class IrWriter {
 public:
  int constant(std::string_view name, std::string_view type, std::string_view shape, std::uint64_t offset, std::uint64_t size) {
    return layer(name, "Const",
                 "<data element_type=\"" + std::string(type) + "\" shape=\"" + std::string(shape) + "\" offset=\"" + std::to_string(offset) +
                     "\" size=\"" + std::to_string(size) + "\"/><output><port id=\"9\"/></output>");
  }
  // An operator that takes what the layers `from` give.
  int apply(std::string_view name, std::string_view type, std::initializer_list<int> from, std::string_view inner = "") {
    std::string ports;
    for (std::size_t i = 0; i < from.size(); ++i) ports += "<port id=\"" + std::to_string(i) + "\"/>";
    const int id = layer(name, type, "<input>" + ports + "</input>" + std::string(inner) + "<output><port id=\"9\"/></output>");
    std::size_t port = 0;
    for (const int source : from)
      edges_ += "<edge from-layer=\"" + std::to_string(source) + "\" from-port=\"9\" to-layer=\"" + std::to_string(id) + "\" to-port=\"" +
                std::to_string(port++) + "\"/>\n";
    return id;
  }
  int layer(std::string_view name, std::string_view type, std::string_view inner) {
    layers_ += "<layer id=\"" + std::to_string(count_) + "\" name=\"" + std::string(name) + "\" type=\"" + std::string(type) +
               "\" version=\"opset1\">" + std::string(inner) + "</layer>\n";
    return count_++;
  }
  std::string graph() const { return "<layers>\n" + layers_ + "</layers>\n<edges>\n" + edges_ + "</edges>\n"; }
  std::string written(std::string_view version = "11") const {
    return "<?xml version=\"1.0\"?>\n<net name=\"model\" version=\"" + std::string(version) + "\">\n" + graph() + "</net>\n";
  }

 private:
  int count_ = 0;
  std::string layers_, edges_;
};

inline constexpr std::size_t kGoodIrWeights = 64;  // bytes; the last 4 belong to nobody

// A convolution, a reshape whose shape is an integer constant, and compressed weights with zero point and scale.
inline std::string good_ir() {
  IrWriter ir;
  const int input = ir.apply("input", "Parameter", {}, "<data shape=\"1,1\" element_type=\"f32\"/>");
  const int weights = ir.constant("weights", "f32", "2, 2", 0, 16);
  const int convolution = ir.apply("convolution", "Convolution", {input, weights});
  const int shape = ir.constant("shape", "i64", "2", 16, 16);
  const int reshape = ir.apply("reshape", "Reshape", {convolution, shape});
  const int packed = ir.constant("packed", "u8", "4, 2", 32, 8);
  const int zero = ir.constant("zero", "u8", "4", 40, 4);
  const int scale = ir.constant("scale", "f32", "4", 44, 16);
  const int centred = ir.apply("centred", "Subtract", {ir.apply("a", "Convert", {packed}), ir.apply("b", "Convert", {zero})});
  const int dense = ir.apply("dense", "MatMul", {reshape, ir.apply("scaled", "Multiply", {centred, scale})});
  ir.apply("result", "Result", {dense});
  return ir.written();
}

}  // namespace nnlock::formats::malformed
