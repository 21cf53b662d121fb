// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Reads the graph of an OpenVINO IR (openvinotoolkit/openvino: src/frontends/ir/src/ir_deserializer.cpp for versions 10 and 11; older versions keep
// weights in <blobs> of each layer). Only what the lock needs is kept: layers, what flows into them, and the runs of bytes in the weights file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "nnlock/model.hpp"
#include "nnlock/result.hpp"

namespace nnlock::formats::openvino {

inline constexpr std::uint32_t kNone = UINT32_MAX;

// What an element type is to the lock.
struct ElementType {
  enum class Kind : std::uint8_t { number, scale, integer, never };  // learned by type; scale, shape or index by type; no number
  Dtype dtype = Dtype::opaque;
  std::uint32_t bits = 0;  // of one element; 0: strings, whose size the shape does not give
  Kind kind = Kind::number;
};

// Null where this version does not know the name. Newer IRs write "f32", older ones "FP32".
const ElementType* element_type(std::string_view name);

struct Input {
  std::uint64_t port = 0;
  std::uint32_t producer = kNone;  // a layer
};

struct Layer {
  std::string type;           // lower case
  std::vector<Input> inputs;  // in their order
  std::uint64_t place = 0;    // bytes; where it starts in the XML
  bool has_body = false;      // If, Loop, TensorIterator
};

// A constant's values, or an older layer's blob: one run of bytes in the weights file.
struct Value {
  std::string name;
  ElementType type;
  std::vector<std::uint64_t> shape;
  std::uint64_t offset = 0, size = 0;  // bytes in the weights file
  std::uint64_t place = 0;             // bytes; where it stands in the XML
  std::uint32_t layer = kNone;
  const char* kept = nullptr;          // why it stays readable, whatever its uses
};

struct Ir {
  std::vector<Layer> layers;  // of all graphs: bodies stand with the layer they belong to
  std::vector<Value> values;
};

// The text must be UTF-8. Errors: bad_model and unsupported, with the place.
Result<Ir> read_ir(std::string_view text);

}  // namespace nnlock::formats::openvino
