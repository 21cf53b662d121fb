// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Display names: unique, readable, and bounded in size whatever the file says.

#include <algorithm>
#include <numeric>

#include "formats/onnx_graph.hpp"

namespace nnlock::formats::onnx {

namespace {

std::string shortened(std::string_view name) { return std::string(name.substr(0, 64)); }

// "Conv_3": operator and position, since node names need not be unique nor present.
std::string node_name(const Node& node) {
  return shortened(node.op_type) + "_" + std::to_string(node.position);
}

// "If_0/then_branch/", below the path of the graph the node stands in.
void set_path(Model& model, Scope& scope) {
  if (scope.parent == kNone || !scope.path.empty()) return;
  scope.path = model.scopes[scope.parent].path;
  if (scope.node != kNone) scope.path += node_name(model.nodes[scope.node]) + "/";
  scope.path += shortened(scope.attribute);
  if (scope.position > 0) scope.path += "_" + std::to_string(scope.position);
  scope.path += "/";
}

std::string own_name(const Model& model, const Tensor& tensor) {
  const std::string number = tensor.position > 0 ? "_" + std::to_string(tensor.position) : "";
  if (tensor.node == kNone && tensor.attribute.empty()) {
    if (!tensor.name.empty()) return std::string(tensor.name);
    return (tensor.role == Role::indices ? "sparse_indices_" : "initializer_") +
           std::to_string(tensor.position);
  }
  const bool is_value = tensor.value != kNone && !model.names[tensor.value].empty();
  if (is_value && tensor.role == Role::indices) return std::string(model.names[tensor.value]) + "/indices";
  if (is_value) return std::string(model.names[tensor.value]);
  const std::string owner = tensor.node == kNone ? "" : node_name(model.nodes[tensor.node]) + "/";
  return owner + shortened(tensor.attribute) + number;
}

// Appends the file offset to every name that another tensor has too.
void make_unique(const Model& model, std::vector<std::string>& names) {
  std::vector<Index> order(names.size());
  std::iota(order.begin(), order.end(), Index{0});
  bool changed = true;
  for (int round = 0; changed && round < 4; ++round) {
    changed = false;
    std::sort(order.begin(), order.end(),
              [&](Index a, Index b) { return names[a] != names[b] ? names[a] < names[b] : a < b; });
    std::string previous;
    for (std::size_t i = 0; i < order.size(); ++i) {
      std::string& name = names[order[i]];
      if (i == 0 || name != previous) {
        previous = name;
        continue;
      }
      name += "@" + std::to_string(model.tensors[order[i]].place());
      changed = true;
    }
  }
}

}  // namespace

Result<std::vector<std::string>> display_names(Model& model) {
  std::size_t total = 0;
  for (Scope& scope : model.scopes) {
    set_path(model, scope);
    total += scope.path.size();
  }
  std::vector<std::string> names;
  names.reserve(model.tensors.size());
  for (const Tensor& tensor : model.tensors) {
    names.push_back(model.scopes[tensor.scope].path + own_name(model, tensor));
    total += names.back().size();
    if (total > kMaxDisplay)
      return Error{.code = ErrorCode::unsupported,
                   .message = "the names of the tensors are too long",
                   .offset = tensor.place()};
  }
  make_unique(model, names);
  return names;
}

}  // namespace nnlock::formats::onnx
