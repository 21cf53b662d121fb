// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What the walk over an ONNX file keeps of it: tensors with their place in the file, and who uses which
// value. All views point into the image.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/onnx_schema.hpp"
#include "formats/onnx_wire.hpp"
#include "nnlock/model.hpp"
#include "nnlock/result.hpp"

namespace nnlock::formats::onnx {

using Index = std::uint32_t;
constexpr Index kNone = ~Index{0};

// Ceilings that no known model comes near. What a file asks for by many small messages (tensors, nodes, names, graphs) is in its budget.
constexpr std::size_t kMaxAttributes = std::size_t{1} << 16;  // of one node
constexpr std::size_t kMaxRank = 255;                         // dimensions of a tensor
constexpr std::size_t kMaxDisplay = std::size_t{1} << 24;     // bytes of all display names together
constexpr int kMaxDepth = 32;  // graphs inside graphs; stock readers stop at 100 messages

inline Error too_many(const char* what, std::uint64_t offset) {
  return Error{.code = ErrorCode::unsupported,
               .message = std::string("the model has too many ") + what,
               .offset = offset};
}

// Where a tensor stands.
enum class Role : std::uint8_t {
  initializer,       // GraphProto.initializer, or values of a sparse_initializer
  constant,          // the value of a Constant node
  attribute,         // a tensor in an attribute of any other node
  attribute_floats,  // AttributeProto.floats of an operator that keeps weights there
  attribute_scalar,  // AttributeProto.f of a Constant node
  indices,           // the indices of a sparse tensor
};

// One tensor and the bytes that hold its values.
struct Tensor {
  std::string_view name;  // as the file gives it, may be empty
  Dtype dtype = Dtype::opaque;
  std::vector<std::uint64_t> shape;  // elements
  std::uint64_t elements = 0;
  std::uint64_t at = 0;      // byte of the main file where its TensorProto starts
  std::string_view location = {};  // the other file that holds the values; empty: they are in the main file
  std::uint32_t file = 0;    // number of that file: 1 + its place in Model::files
  std::uint64_t offset = 0;  // bytes in the file; where the values start
  std::uint64_t length = 0;  // bytes the values take
  std::string unlockable;    // why the values are no single run of fixed-width numbers; empty if they are
  Role role = Role::initializer;
  Index scope = 0;
  Index node = kNone;          // whose attribute it is
  std::string_view attribute;  // name of that attribute
  Index position = 0;          // among its siblings
  Index value = kNone;         // mention that defines its value name, or kNone

  std::uint64_t place() const { return location.empty() ? offset : at; }  // in the main file, for errors and names
};

struct Node {
  std::string_view op_type = {}, domain = {}, overload = {};
  std::uint64_t offset = 0;  // bytes in the file
  Index scope = 0;
  Index position = 0;                   // among the nodes of its scope
  Index first_input = 0, inputs = 0;    // mentions
  Index first_output = 0, outputs = 0;  // mentions
  bool has_graphs = false;
};

// A graph or function body: value names are visible in it and in all scopes below it.
struct Scope {
  Index parent = kNone;
  Index node = kNone;                            // whose attribute it is
  std::string path = {};                         // for display names; empty or ends with '/'
  std::string_view attribute = {};               // name of that attribute
  Index position = 0;                            // in AttributeProto.graphs
  std::vector<Index> inputs = {}, outputs = {};  // mentions: formal inputs define names, outputs use them
  std::vector<Index> quantisers = {};  // mentions of scales and zero points in quantization_annotation
  std::vector<Index> nodes = {}, tensors = {}, children = {};
};

struct Function {
  std::string_view name = {}, domain = {}, overload = {};
  Index scope = kNone;
};

struct Model {
  std::vector<std::string_view> names;  // every mention of a value name, in file order; never empty strings
                                        // but for absent optional inputs and outputs
  std::vector<Tensor> tensors;
  std::vector<std::string_view> files;  // data files, in the order in which they are first named
  std::vector<Node> nodes;
  std::vector<Scope> scopes;  // [0] is the main graph; parents come before children
  std::vector<Function> functions;
};

// Reads the structure of a whole file. Never looks at the values of tensors.
Result<Model> read_model(std::span<const std::byte> image);

// Reads the TensorProto in `field`: name, type, shape and the place of its values, all checked against one
// another.
Result<Tensor> read_tensor(std::span<const std::byte> image, const Field& field);

// Reads repeated floats (AttributeProto.floats) one field at a time.
void add_floats(Tensor& tensor, const Field& field);

// Names every tensor for display, uniquely: its own name behind the path of its graph.
Result<std::vector<std::string>> display_names(Model& model);

}  // namespace nnlock::formats::onnx
