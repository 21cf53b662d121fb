// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Graphs, nodes, functions and training graphs.

#include "formats/onnx_walk.hpp"

#include <utility>

namespace nnlock::formats::onnx {

Result<Model> Walk::read() {
  model_.scopes
      .emplace_back();  // the main graph, so that training graphs can stand below it wherever they come
  bool has_graph = false;
  const Field whole{.length = image_.size()};
  auto ok = each(whole, model::once, [&](const Field& field) -> Result<void> {
    switch (field.number) {
      case model::graph:
        has_graph = true;
        return read_graph(field, 0, 0);
      case model::training_info:
        return read_training(field);
      case model::functions:
        return read_function(field);
      case model::metadata_props:
        return check_entry(field);
      default:
        return {};
    }
  });
  if (!ok) return ok.error();
  if (!has_graph) return bad_model("the file holds no graph", 0);
  return std::move(model_);
}

Result<Index> Walk::mention(const Field& field) {
  if (auto ok = require(field, WireType::bytes); !ok) return ok.error();
  if (!budget_.take(Budget::kName)) return Budget::exceeded("value names", field.start);
  model_.names.push_back(text(image_, field));
  return static_cast<Index>(model_.names.size() - 1);
}

Result<void> Walk::add_mention(std::vector<Index>& list, const Field& field) {
  auto index = mention(field);
  if (!index) return index.error();
  list.push_back(*index);
  return {};
}

Result<void> Walk::read_text(std::string_view& out, const Field& field) {
  out = text(image_, field);
  return require(field, WireType::bytes);
}

Result<Index> Walk::add_scope(Scope scope, const Field& field) {
  if (!budget_.take(Budget::kOperator)) return Budget::exceeded("graphs", field.start);
  const auto index = static_cast<Index>(model_.scopes.size());
  if (scope.parent != kNone) model_.scopes[scope.parent].children.push_back(index);
  model_.scopes.push_back(std::move(scope));
  return index;
}

Result<void> Walk::read_graph(const Field& message, Index scope, int depth) {
  if (auto ok = require(message, WireType::bytes); !ok) return ok;
  if (depth > kMaxDepth)
    return Error{
        .code = ErrorCode::unsupported, .message = "graphs are nested too deep", .offset = message.start};
  const Place place{.scope = scope, .depth = depth};
  Index sparse = 0;
  return each(message, graph::once, [&](const Field& field) -> Result<void> {
    switch (field.number) {
      case graph::node:
        return read_node(field, scope, depth);
      case graph::initializer:
        return add_tensor(field, place, Role::initializer,
                          static_cast<Index>(model_.scopes[scope].tensors.size()));
      case graph::sparse_initializer:
        return read_sparse(field, place, Role::initializer, sparse++);
      case graph::input:
        return read_value_info(field, scope, &Scope::inputs);
      case graph::output:
        return read_value_info(field, scope, &Scope::outputs);
      case graph::quantization_annotation:
        return read_annotation(field, scope);
      default:
        return {};
    }
  });
}

Result<void> Walk::read_value_info(const Field& message, Index scope, std::vector<Index> Scope::*list) {
  if (auto ok = require(message, WireType::bytes); !ok) return ok;
  return each(message, value_info::once, [&](const Field& field) -> Result<void> {
    return field.number == value_info::name ? add_mention(model_.scopes[scope].*list, field)
                                            : Result<void>();
  });
}

// TensorAnnotation names the tensors that hold scale and zero point of another tensor.
Result<void> Walk::read_annotation(const Field& message, Index scope) {
  if (auto ok = require(message, WireType::bytes); !ok) return ok;
  return each(message, annotation::once, [&](const Field& parameter) -> Result<void> {
    if (parameter.number != annotation::quant_parameter_tensor_names) return {};
    if (auto ok = require(parameter, WireType::bytes); !ok) return ok;
    return each(parameter, entry::once, [&](const Field& field) -> Result<void> {
      return field.number == entry::value ? add_mention(model_.scopes[scope].quantisers, field)
                                          : Result<void>();
    });
  });
}

Result<void> Walk::read_node(const Field& message, Index scope, int depth) {
  if (auto ok = require(message, WireType::bytes); !ok) return ok;
  if (!budget_.take(Budget::kOperator)) return Budget::exceeded("nodes", message.start);
  const auto index = static_cast<Index>(model_.nodes.size());
  Node node{.offset = message.start,
            .scope = scope,
            .position = static_cast<Index>(model_.scopes[scope].nodes.size())};
  if (auto ok = read_mentions(message, node::input, node.first_input, node.inputs); !ok) return ok;
  if (auto ok = read_mentions(message, node::output, node.first_output, node.outputs); !ok) return ok;
  auto ok = each(message, node::once, [&](const Field& field) -> Result<void> {
    switch (field.number) {
      case node::op_type:
        return read_text(node.op_type, field);
      case node::domain:
        return read_text(node.domain, field);
      case node::overload:
        return read_text(node.overload, field);
      default:
        return {};
    }
  });
  if (!ok) return ok;
  model_.nodes.push_back(node);
  model_.scopes[scope].nodes.push_back(index);
  return read_attributes(message, node::once, node::attribute,
                         {.scope = scope, .node = index, .depth = depth});
}

Result<void> Walk::read_mentions(const Field& message, std::uint32_t number, Index& first, Index& count) {
  first = static_cast<Index>(model_.names.size());
  auto ok = each(message, node::once, [&](const Field& field) -> Result<void> {
    if (field.number != number) return {};
    if (auto index = mention(field); !index) return index.error();
    return {};
  });
  count = static_cast<Index>(model_.names.size()) - first;
  return ok;
}

// find_record() looks into these; here they only have to be well-formed.
Result<void> Walk::check_entry(const Field& message) {
  if (auto ok = require(message, WireType::bytes); !ok) return ok;
  return each(message, entry::once, [](const Field&) -> Result<void> { return {}; });
}

Result<void> Walk::read_training(const Field& message) {
  if (auto ok = require(message, WireType::bytes); !ok) return ok;
  const std::string path = "training_info_" + std::to_string(trainings_++) + "/";
  return each(message, training::once, [&](const Field& field) -> Result<void> {
    if (field.number != training::initialization && field.number != training::algorithm) return {};
    const char* part = field.number == training::algorithm ? "algorithm/" : "initialization/";
    auto scope = add_scope({.parent = 0, .path = path + part}, field);
    return scope ? read_graph(field, *scope, 1) : Result<void>(scope.error());
  });
}

Result<void> Walk::read_function(const Field& message) {
  if (auto ok = require(message, WireType::bytes); !ok) return ok;
  auto scope = add_scope({}, message);
  if (!scope) return scope.error();
  Function function{.scope = *scope};
  auto ok = each(message, function::once, [&](const Field& field) -> Result<void> {
    switch (field.number) {
      case function::name:
        return read_text(function.name, field);
      case function::domain:
        return read_text(function.domain, field);
      case function::overload:
        return read_text(function.overload, field);
      case function::input:
        return add_mention(model_.scopes[*scope].inputs, field);
      case function::output:
        return add_mention(model_.scopes[*scope].outputs, field);
      case function::node:
        return read_node(field, *scope, 1);
      default:
        return {};
    }
  });
  if (!ok) return ok;
  model_.scopes[*scope].path = "functions/" + std::string(function.name.substr(0, 64)) + "/";
  model_.functions.push_back(function);
  return read_attributes(message, function::once, function::attribute_proto, {.scope = *scope, .depth = 1});
}

Result<Model> read_model(std::span<const std::byte> image) {
  if (image.size() > kMaxFile)
    return Error{.code = ErrorCode::bad_model, .message = "an ONNX file cannot be larger than 2 GiB"};
  return Walk(image).read();
}

}  // namespace nnlock::formats::onnx
