// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Attributes and the tensors, float lists and graphs in them.

#include <algorithm>
#include <string>
#include <utility>

#include "formats/onnx_operands.hpp"
#include "formats/onnx_walk.hpp"

namespace nnlock::formats::onnx {

namespace {

// AttributeProto.AttributeType for each field that holds a value; 0 for other fields.
std::uint64_t attribute_type(std::uint32_t number) {
  switch (number) {
    case attribute::sparse_tensor:
      return 11;
    case attribute::sparse_tensors:
      return 12;
    case attribute::tp:
      return 13;
    case attribute::type_protos:
      return 14;
    default:
      return number >= attribute::f && number <= attribute::graphs ? number - 1 : 0;
  }
}

// AttributeProto.f, or one run of AttributeProto.floats, which may be packed.
Result<void> read_float(Tensor& floats, const Field& field) {
  const bool one = field.type == WireType::fixed32;
  if (auto ok = require(field, one || field.number == attribute::f ? WireType::fixed32 : WireType::bytes); !ok)
    return ok;
  add_floats(floats, field);
  return {};
}

}  // namespace

Result<void> Walk::read_attributes(const Field& message, std::uint64_t once, std::uint32_t number, Place place) {
  std::vector<std::string_view> seen;
  auto ok = each(message, once, [&](const Field& field) -> Result<void> {
    if (field.number != number) return {};
    if (seen.size() >= kMaxAttributes) return Error{.code = ErrorCode::unsupported, .message = "a node has too many attributes", .offset = field.start};
    if (auto read = read_attribute(field, place, seen.emplace_back()); !read) return read;
    return {};
  });
  if (!ok) return ok;
  std::sort(seen.begin(), seen.end());
  if (const auto twice = std::adjacent_find(seen.begin(), seen.end()); twice != seen.end())
    return bad_model("attribute " + std::string(twice->substr(0, 64)) + " stands twice on one node",
                     message.start);
  return {};
}

Result<void> Walk::read_attribute(const Field& message, Place place, std::string_view& name) {
  if (auto ok = require(message, WireType::bytes); !ok) return ok;
  std::uint64_t type = 0, holds = 0;
  auto ok = each(message, attribute::once, [&](const Field& field) -> Result<void> {
    if (field.number == attribute::name) return read_text(name, field);
    if (field.number == attribute::type) {
      type = field.value;
      return require(field, WireType::varint);
    }
    const std::uint64_t kind = attribute_type(field.number);
    if (kind != 0 && holds != 0 && kind != holds)
      return bad_model("an attribute holds values of two kinds", field.start);
    if (kind != 0) holds = kind;
    return {};
  });
  if (!ok) return ok;
  if (type != 0 && holds != 0 && type != holds)
    return bad_model("attribute " + std::string(name.substr(0, 64)) + " is not of the type it states",
                     message.start);
  place.attribute = name;
  return read_attribute_values(message, place);
}

Result<void> Walk::read_attribute_values(const Field& message, const Place& place) {
  const Role role = is_constant(place.node) ? Role::constant : Role::attribute;
  Index position = 0;
  Tensor floats;
  auto ok = each(message, attribute::once, [&](const Field& field) -> Result<void> {
    switch (field.number) {
      case attribute::t:
        return add_tensor(field, place, role, 0);
      case attribute::tensors:
        return add_tensor(field, place, Role::attribute, position++);
      case attribute::g:
      case attribute::graphs:
        return read_subgraph(field, place, position++);
      case attribute::sparse_tensor:
        return read_sparse(field, place, role, 0);
      case attribute::sparse_tensors:
        return read_sparse(field, place, Role::attribute, position++);
      case attribute::f:
      case attribute::floats:
        return read_float(floats, field);
      default:
        return {};
    }
  });
  return ok ? keep_floats(std::move(floats), place) : ok;
}

// Float lists are tensors only where an operator keeps weights in them; elsewhere they are settings.
Result<void> Walk::keep_floats(Tensor floats, const Place& place) {
  if (floats.length == 0 || place.node == kNone) return {};
  const Node& node = model_.nodes[place.node];
  const bool scalar = is_constant(place.node) && place.attribute == "value_float";
  const bool list = is_constant(place.node) && place.attribute == "value_floats";
  if (!scalar && !list && !is_learned_list(node.domain, node.op_type, place.attribute)) return {};
  if (floats.length % 4 != 0) return bad_model("a list of floats ends inside a float", floats.offset);
  floats.dtype = Dtype::f32;
  floats.elements = floats.length / 4;
  if (!scalar) floats.shape = {floats.elements};
  return keep(std::move(floats), place, scalar ? Role::attribute_scalar : Role::attribute_floats, 0);
}

bool Walk::is_constant(Index node) const {
  return node != kNone && model_.nodes[node].op_type == "Constant" &&
         domain_of(model_.nodes[node].domain) == Domain::onnx;
}

Result<void> Walk::read_subgraph(const Field& field, const Place& place, Index position) {
  auto scope = add_scope(
      {.parent = place.scope, .node = place.node, .attribute = place.attribute, .position = position},
      field);
  if (!scope) return scope.error();
  if (place.node != kNone) model_.nodes[place.node].has_graphs = true;
  return read_graph(field, *scope, place.depth + 1);
}

Result<void> Walk::read_sparse(const Field& message, const Place& place, Role role, Index position) {
  if (auto ok = require(message, WireType::bytes); !ok) return ok;
  return each(message, sparse_tensor::once, [&](const Field& field) -> Result<void> {
    switch (field.number) {
      case sparse_tensor::values:
        return add_tensor(field, place, role, position);
      case sparse_tensor::indices:
        return add_tensor(field, place, Role::indices, position);
      default:
        return {};
    }
  });
}

Result<void> Walk::add_tensor(const Field& field, const Place& place, Role role, Index position) {
  if (auto ok = require(field, WireType::bytes); !ok) return ok;
  auto tensor = read_tensor(image_, field);
  if (!tensor) return tensor.error();
  return keep(std::move(*tensor), place, role, position);
}

Result<void> Walk::keep(Tensor tensor, const Place& place, Role role, Index position) {
  if (!budget_.take_tensor(tensor.shape.size(), tensor.name.size())) return Budget::exceeded("tensors", tensor.place());
  tensor.role = role;
  tensor.scope = place.scope;
  tensor.node = place.node;
  tensor.attribute = place.attribute;
  tensor.position = position;
  const bool in_constant = is_constant(place.node);
  if (role == Role::initializer && !tensor.name.empty()) {
    if (!budget_.take(Budget::kName)) return Budget::exceeded("value names", tensor.place());
    model_.names.push_back(tensor.name);
    tensor.value = static_cast<Index>(model_.names.size() - 1);
  } else if (in_constant && model_.nodes[place.node].outputs > 0) {
    tensor.value = model_.nodes[place.node].first_output;
  }
  model_.scopes[place.scope].tensors.push_back(static_cast<Index>(model_.tensors.size()));
  model_.tensors.push_back(std::move(tensor));
  return {};
}

}  // namespace nnlock::formats::onnx
