// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The walk over ModelProto: graphs, nodes, attributes and everything in them that can hold a tensor. Nodes
// and attributes are read twice, first for their names, then for what they contain, because fields come in
// any order.

#include <algorithm>
#include <string>

#include "formats/onnx_graph.hpp"
#include "formats/onnx_operands.hpp"

namespace nnlock::formats::onnx {

namespace {

// Where a graph or tensor stands: the scope it belongs to and, inside an attribute, the node and attribute
// name.
struct Place {
  Index scope = 0;
  Index node = kNone;
  std::string_view attribute = {};
  int depth = 0;
};

Error too_many(const char* what, std::uint64_t offset) {
  return Error{.code = ErrorCode::unsupported,
               .message = std::string("the model has too many ") + what,
               .offset = offset};
}

class Walk {
 public:
  explicit Walk(std::span<const std::byte> image) : image_(image) {}

  Result<Model> read() {
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

  Result<Index> mention(const Field& field) {
    if (auto ok = require(field, WireType::bytes); !ok) return ok.error();
    if (model_.names.size() >= kMaxNames) return too_many("value names", field.start);
    model_.names.push_back(text(image_, field));
    return static_cast<Index>(model_.names.size() - 1);
  }

  Result<void> add_mention(std::vector<Index>& list, const Field& field) {
    auto index = mention(field);
    if (!index) return index.error();
    list.push_back(*index);
    return {};
  }

  Result<void> read_text(std::string_view& out, const Field& field) {
    out = text(image_, field);
    return require(field, WireType::bytes);
  }

  Result<Index> add_scope(Scope scope, const Field& field) {
    if (model_.scopes.size() >= kMaxGraphs) return too_many("graphs", field.start);
    const auto index = static_cast<Index>(model_.scopes.size());
    if (scope.parent != kNone) model_.scopes[scope.parent].children.push_back(index);
    model_.scopes.push_back(std::move(scope));
    return index;
  }

  Result<void> read_graph(const Field& message, Index scope, int depth) {
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

  Result<void> read_value_info(const Field& message, Index scope, std::vector<Index> Scope::*list) {
    if (auto ok = require(message, WireType::bytes); !ok) return ok;
    return each(message, value_info::once, [&](const Field& field) -> Result<void> {
      return field.number == value_info::name ? add_mention(model_.scopes[scope].*list, field)
                                              : Result<void>();
    });
  }

  // TensorAnnotation names the tensors that hold scale and zero point of another tensor.
  Result<void> read_annotation(const Field& message, Index scope) {
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

  Result<void> read_node(const Field& message, Index scope, int depth) {
    if (auto ok = require(message, WireType::bytes); !ok) return ok;
    if (model_.nodes.size() >= kMaxNodes) return too_many("nodes", message.start);
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

  Result<void> read_mentions(const Field& message, std::uint32_t number, Index& first, Index& count) {
    first = static_cast<Index>(model_.names.size());
    auto ok = each(message, node::once, [&](const Field& field) -> Result<void> {
      if (field.number != number) return {};
      if (auto index = mention(field); !index) return index.error();
      return {};
    });
    count = static_cast<Index>(model_.names.size()) - first;
    return ok;
  }

  Result<void> read_attributes(const Field& message, std::uint64_t once, std::uint32_t number, Place place) {
    std::vector<std::string_view> seen;
    auto ok = each(message, once, [&](const Field& field) -> Result<void> {
      if (field.number != number) return {};
      if (seen.size() >= kMaxAttributes) return too_many("attributes on one node", field.start);
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

  // AttributeProto.AttributeType for each field that holds a value; 0 for other fields.
  static std::uint64_t attribute_type(std::uint32_t number) {
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

  Result<void> read_attribute(const Field& message, Place place, std::string_view& name) {
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

  Result<void> read_attribute_values(const Field& message, const Place& place) {
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
          if (field.type != WireType::fixed32 && field.number == attribute::f)
            return require(field, WireType::fixed32);
          if (field.type != WireType::fixed32)
            if (auto packed = require(field, WireType::bytes); !packed) return packed;
          add_floats(floats, field);
          return {};
        default:
          return {};
      }
    });
    return ok ? keep_floats(std::move(floats), place) : ok;
  }

  // Float lists are tensors only where an operator keeps weights in them; elsewhere they are settings.
  Result<void> keep_floats(Tensor floats, const Place& place) {
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

  bool is_constant(Index node) const {
    return node != kNone && model_.nodes[node].op_type == "Constant" &&
           domain_of(model_.nodes[node].domain) == Domain::onnx;
  }

  Result<void> read_subgraph(const Field& field, const Place& place, Index position) {
    auto scope = add_scope(
        {.parent = place.scope, .node = place.node, .attribute = place.attribute, .position = position},
        field);
    if (!scope) return scope.error();
    if (place.node != kNone) model_.nodes[place.node].has_graphs = true;
    return read_graph(field, *scope, place.depth + 1);
  }

  Result<void> read_sparse(const Field& message, const Place& place, Role role, Index position) {
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

  Result<void> add_tensor(const Field& field, const Place& place, Role role, Index position) {
    if (auto ok = require(field, WireType::bytes); !ok) return ok;
    if (model_.tensors.size() >= kMaxTensors) return too_many("tensors", field.start);
    auto tensor = read_tensor(image_, field);
    if (!tensor) return tensor.error();
    return keep(std::move(*tensor), place, role, position);
  }

  Result<void> keep(Tensor tensor, const Place& place, Role role, Index position) {
    tensor.role = role;
    tensor.scope = place.scope;
    tensor.node = place.node;
    tensor.attribute = place.attribute;
    tensor.position = position;
    const bool in_constant = is_constant(place.node);
    if (role == Role::initializer && !tensor.name.empty()) {
      if (model_.names.size() >= kMaxNames) return too_many("value names", tensor.offset);
      model_.names.push_back(tensor.name);
      tensor.value = static_cast<Index>(model_.names.size() - 1);
    } else if (in_constant && model_.nodes[place.node].outputs > 0) {
      tensor.value = model_.nodes[place.node].first_output;
    }
    model_.scopes[place.scope].tensors.push_back(static_cast<Index>(model_.tensors.size()));
    model_.tensors.push_back(std::move(tensor));
    return {};
  }

  // find_record() looks into these; here they only have to be well-formed.
  Result<void> check_entry(const Field& message) {
    if (auto ok = require(message, WireType::bytes); !ok) return ok;
    return each(message, entry::once, [](const Field&) -> Result<void> { return {}; });
  }

  Result<void> read_training(const Field& message) {
    if (auto ok = require(message, WireType::bytes); !ok) return ok;
    const std::string path = "training_info_" + std::to_string(trainings_++) + "/";
    return each(message, training::once, [&](const Field& field) -> Result<void> {
      if (field.number != training::initialization && field.number != training::algorithm) return {};
      const char* part = field.number == training::algorithm ? "algorithm/" : "initialization/";
      auto scope = add_scope({.parent = 0, .path = path + part}, field);
      return scope ? read_graph(field, *scope, 1) : Result<void>(scope.error());
    });
  }

  Result<void> read_function(const Field& message) {
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

  std::span<const std::byte> image_;
  Model model_;
  Index trainings_ = 0;
};

}  // namespace

Result<Model> read_model(std::span<const std::byte> image) {
  if (image.size() > kMaxFile)
    return Error{.code = ErrorCode::bad_model, .message = "an ONNX file cannot be larger than 2 GiB"};
  return Walk(image).read();
}

}  // namespace nnlock::formats::onnx
