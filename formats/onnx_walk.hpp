// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The walk over ModelProto: graphs, nodes, attributes and everything in them that can hold a tensor. Nodes
// and attributes are read twice, first for their names, then for what they contain, because fields come in
// any order.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/budget.hpp"
#include "formats/onnx_graph.hpp"

namespace nnlock::formats::onnx {

// Where a graph or tensor stands: the scope it belongs to and, inside an attribute, the node and attribute
// name.
struct Place {
  Index scope = 0;
  Index node = kNone;
  std::string_view attribute = {};
  int depth = 0;
};

class Walk {
 public:
  explicit Walk(std::span<const std::byte> image) : image_(image), budget_(image.size()) {}

  Result<Model> read();

 private:
  template <class Visit>
  Result<void> each(const Field& message, std::uint64_t once, Visit visit) {
    FieldReader reader(image_, message.offset, message.length, once);
    for (;;) {
      auto next = reader.next();
      if (!next) return next.error();
      if (!*next) return {};
      if (auto ok = visit(**next); !ok) return ok;
    }
  }

  // Graphs, nodes and functions: onnx_walk.cpp.
  Result<Index> mention(const Field& field);
  Result<void> add_mention(std::vector<Index>& list, const Field& field);
  Result<void> read_text(std::string_view& out, const Field& field);
  Result<Index> add_scope(Scope scope, const Field& field);
  Result<void> read_graph(const Field& message, Index scope, int depth);
  Result<void> read_value_info(const Field& message, Index scope, std::vector<Index> Scope::*list);
  Result<void> read_annotation(const Field& message, Index scope);
  Result<void> read_node(const Field& message, Index scope, int depth);
  Result<void> read_mentions(const Field& message, std::uint32_t number, Index& first, Index& count);
  Result<void> check_entry(const Field& message);
  Result<void> read_training(const Field& message);
  Result<void> read_function(const Field& message);

  // Attributes and tensors: onnx_attributes.cpp.
  Result<void> read_attributes(const Field& message, std::uint64_t once, std::uint32_t number, Place place);
  Result<void> read_attribute(const Field& message, Place place, std::string_view& name);
  Result<void> read_attribute_values(const Field& message, const Place& place);
  Result<void> keep_floats(Tensor floats, const Place& place);
  bool is_constant(Index node) const;
  Result<void> read_subgraph(const Field& field, const Place& place, Index position);
  Result<void> read_sparse(const Field& message, const Place& place, Role role, Index position);
  Result<void> add_tensor(const Field& field, const Place& place, Role role, Index position);
  Result<void> keep(Tensor tensor, const Place& place, Role role, Index position);

  std::span<const std::byte> image_;
  Budget budget_;
  Model model_;
  Index trainings_ = 0;
};

}  // namespace nnlock::formats::onnx
