// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Everything here is linear in the number of mentions, but for sorting them. Names are compared by sorting,
// never hashed, so that chosen names cannot slow it down.

#include "formats/onnx_uses.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace nnlock::formats::onnx {

namespace {

// A number for each distinct name, by mention.
std::vector<Index> intern(const std::vector<std::string_view>& names) {
  std::vector<Index> order(names.size());
  std::iota(order.begin(), order.end(), Index{0});
  std::sort(order.begin(), order.end(), [&](Index a, Index b) { return names[a] < names[b]; });
  std::vector<Index> symbols(names.size());
  Index symbol = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i > 0 && names[order[i]] != names[order[i - 1]]) ++symbol;
    symbols[order[i]] = symbol;
  }
  return symbols;
}

// Finds for every mention the mention that defines its value: the innermost graph around it that defines the
// name.
class Scoping {
 public:
  explicit Scoping(Model& model)
      : model_(model),
        symbols_(intern(model.names)),
        current_(model.names.size(), kNone),
        owner_(model.names.size(), kNone),
        definitions_(model.names.size(), kNone),
        formal_(model.names.size(), false) {}

  Result<std::vector<Index>> resolve() {
    for (Index scope = 0; scope < model_.scopes.size(); ++scope)
      if (model_.scopes[scope].parent == kNone)
        if (auto ok = visit(scope); !ok) return ok.error();
    return std::move(definitions_);
  }

 private:
  struct Undo {
    Index symbol, current, owner;
  };

  // Recursion is as deep as graphs are nested, at most kMaxDepth.
  Result<void> visit(Index index) {
    const Scope& scope = model_.scopes[index];
    const std::size_t mark = undo_.size();
    if (auto ok = define_all(scope, index); !ok) return ok;
    for (const Index node : scope.nodes) use_inputs(model_.nodes[node]);
    for (const Index output : scope.outputs) use(output);
    for (const Index quantiser : scope.quantisers) use(quantiser);
    for (const Index child : scope.children)
      if (auto ok = visit(child); !ok) return ok;
    for (; undo_.size() > mark; undo_.pop_back()) {
      current_[undo_.back().symbol] = undo_.back().current;
      owner_[undo_.back().symbol] = undo_.back().owner;
    }
    return {};
  }

  Result<void> define_all(const Scope& scope, Index index) {
    for (const Index input : scope.inputs) {
      if (!define(input, index)) return twice(input, 0);
      formal_[input] = true;
    }
    if (auto ok = define_initializers(scope, index); !ok) return ok;
    for (const Index node_index : scope.nodes) {
      const Node& node = model_.nodes[node_index];
      for (Index k = 0; k < node.outputs; ++k)
        if (!define(node.first_output + k, index)) return twice(node.first_output + k, node.offset);
    }
    return {};
  }

  // An initializer may repeat the name of a graph input, whose default value it then is; no other name.
  Result<void> define_initializers(const Scope& scope, Index index) {
    std::vector<Index> defaults;
    for (const Index tensor_index : scope.tensors) {
      Tensor& tensor = model_.tensors[tensor_index];
      if (tensor.role != Role::initializer || tensor.value == kNone) continue;
      if (define(tensor.value, index)) continue;
      const Index first = current_[symbols_[tensor.value]];
      if (!formal_[first]) return twice(tensor.value, tensor.offset);
      defaults.push_back(first);
      tensor.value = first;
    }
    std::sort(defaults.begin(), defaults.end());
    const auto again = std::adjacent_find(defaults.begin(), defaults.end());
    return again == defaults.end() ? Result<void>() : twice(*again, 0);
  }

  bool define(Index mention, Index scope) {
    const Index symbol = symbols_[mention];
    if (model_.names[mention].empty()) return true;  // an output that nobody wants
    if (owner_[symbol] == scope) return false;
    undo_.push_back({symbol, current_[symbol], owner_[symbol]});
    current_[symbol] = mention;
    owner_[symbol] = scope;
    definitions_[mention] = mention;
    return true;
  }

  void use(Index mention) {
    if (!model_.names[mention].empty()) definitions_[mention] = current_[symbols_[mention]];
  }

  void use_inputs(const Node& node) {
    for (Index k = 0; k < node.inputs; ++k) use(node.first_input + k);
  }

  Error twice(Index mention, std::uint64_t offset) const {
    return Error{.code = ErrorCode::bad_model,
                 .message = "two values of one graph have the same name",
                 .tensor = std::string(model_.names[mention].substr(0, 256)),
                 .offset = offset == 0 ? std::nullopt : std::optional(offset)};
  }

  Model& model_;
  std::vector<Index> symbols_;      // by mention
  std::vector<Index> current_;      // by symbol: the definition in sight
  std::vector<Index> owner_;        // by symbol: the scope of that definition
  std::vector<Index> definitions_;  // by mention
  std::vector<bool> formal_;        // by mention: an input of a graph
  std::vector<Undo> undo_;
};

// Marks values that must stay readable, and follows them back to the constants they are computed from. It
// only follows nodes that depend on nothing but constants and shapes: a bias that is added to an activation
// is computed with, one that ends up in a Reshape is not.
class Marking {
 public:
  Marking(const Model& model, const std::vector<Index>& definitions)
      : model_(model),
        definitions_(definitions),
        uses_(model.names.size()),
        producer_(model.names.size(), kNone),
        fixed_(model.names.size(), false),
        node_fixed_(model.nodes.size(), false),
        node_done_(model.nodes.size(), false) {}

  Result<std::vector<ValueUse>> mark() {
    find_fixed();
    link_subgraphs();
    if (auto ok = link_functions(); !ok) return ok.error();
    std::sort(links_.begin(), links_.end());
    for (const Scope& scope : model_.scopes)
      for (const Index mention : scope.quantisers)
        stay_plain(definitions_[mention], {"scale or zero point", "quantization_annotation", false, 0, 0});
    for (const Node& node : model_.nodes) use_operands(node);
    while (!pending_.empty()) follow_back();
    return std::move(uses_);
  }

 private:
  using Link = std::pair<Index, Index>;  // when the first value stays readable, so does the second

  // The first definition of a value may stand behind its first use only in broken models; those get no
  // following back.
  void find_fixed() {
    for (const Tensor& tensor : model_.tensors)
      if (tensor.value != kNone) fixed_[tensor.value] = true;
    for (Index index = 0; index < model_.nodes.size(); ++index) {
      const Node& node = model_.nodes[index];
      bool fixed = !node.has_graphs;
      for (Index k = 0; k < node.inputs; ++k) {
        const Index mention = node.first_input + k;
        const Index value = definitions_[mention];
        fixed = fixed && (model_.names[mention].empty() || (value != kNone && fixed_[value]));
      }
      node_fixed_[index] = fixed;
      for (Index k = 0; k < node.outputs; ++k) {
        producer_[node.first_output + k] = index;
        if (fixed || gives_shape(node)) fixed_[node.first_output + k] = true;
      }
    }
  }

  static bool gives_shape(const Node& node) {
    return domain_of(node.domain) == Domain::onnx && (node.op_type == "Shape" || node.op_type == "Size");
  }

  void link(Index from, Index to) {
    if (from != kNone && to != kNone) links_.emplace_back(from, to);
  }

  // The outputs of If are the outputs of its branches.
  void link_subgraphs() {
    for (const Scope& scope : model_.scopes) {
      if (scope.node == kNone || model_.nodes[scope.node].op_type != "If") continue;
      const Node& node = model_.nodes[scope.node];
      for (std::size_t k = 0; k < std::min<std::size_t>(node.outputs, scope.outputs.size()); ++k)
        link(node.first_output + static_cast<Index>(k), definitions_[scope.outputs[k]]);
    }
  }

  // The inputs and outputs of a call are those of the function's body.
  Result<void> link_functions() {
    std::vector<Function> sorted = model_.functions;
    const auto key = [](const auto& f) { return std::tie(f.domain, f.name, f.overload); };
    std::sort(sorted.begin(), sorted.end(),
              [&](const Function& a, const Function& b) { return key(a) < key(b); });
    const auto twice = std::adjacent_find(
        sorted.begin(), sorted.end(), [&](const Function& a, const Function& b) { return key(a) == key(b); });
    if (twice != sorted.end())
      return Error{.code = ErrorCode::bad_model,
                   .message = "function " + std::string(twice->name.substr(0, 64)) + " is defined twice"};
    if (sorted.empty()) return {};
    for (const Node& node : model_.nodes) {
      const auto wanted = std::tie(node.domain, node.op_type, node.overload);
      const auto found = std::lower_bound(sorted.begin(), sorted.end(), wanted,
                                          [&](const Function& f, const auto& w) { return key(f) < w; });
      if (found != sorted.end() && key(*found) == wanted) link_call(node, model_.scopes[found->scope]);
    }
    return {};
  }

  void link_call(const Node& node, const Scope& body) {
    for (std::size_t k = 0; k < std::min<std::size_t>(node.inputs, body.inputs.size()); ++k)
      link(definitions_[body.inputs[k]], definitions_[node.first_input + k]);
    for (std::size_t k = 0; k < std::min<std::size_t>(node.outputs, body.outputs.size()); ++k)
      link(node.first_output + static_cast<Index>(k), definitions_[body.outputs[k]]);
  }

  void use_operands(const Node& node) {
    for (Index k = 0; k < node.inputs; ++k) {
      const Index value = definitions_[node.first_input + k];
      if (value == kNone) continue;
      const Operand used = operand(node.domain, node.op_type, k);
      ++uses_[value].uses;
      if (used.use == Use::weight) ++uses_[value].weight_uses;
      if (used.use == Use::plain) stay_plain(value, {used.what, node.op_type, false, 0, 0});
    }
  }

  void stay_plain(Index value, const ValueUse& reason) {
    if (value == kNone || !uses_[value].op_type.empty()) return;
    uses_[value].what = reason.what;
    uses_[value].op_type = reason.op_type;
    uses_[value].indirect = reason.indirect;
    pending_.push_back(value);
  }

  void follow_back() {
    const Index value = pending_.back();
    pending_.pop_back();
    ValueUse reason = uses_[value];
    reason.indirect = true;
    auto next = std::lower_bound(links_.begin(), links_.end(), Link(value, 0));
    for (; next != links_.end() && next->first == value; ++next) stay_plain(next->second, reason);
    const Index producer = producer_[value];
    if (producer == kNone || !node_fixed_[producer] || node_done_[producer]) return;
    node_done_[producer] = true;
    const Node& node = model_.nodes[producer];
    if (gives_shape(node)) return;
    for (Index k = 0; k < node.inputs; ++k) stay_plain(definitions_[node.first_input + k], reason);
  }

  const Model& model_;
  const std::vector<Index>& definitions_;  // by mention
  std::vector<ValueUse> uses_;             // by defining mention, like all below
  std::vector<Index> producer_;
  std::vector<bool> fixed_;  // depends on constants and shapes only
  std::vector<bool> node_fixed_, node_done_;
  std::vector<Link> links_;
  std::vector<Index> pending_;
};

}  // namespace

Result<std::vector<ValueUse>> resolve_uses(Model& model) {
  auto definitions = Scoping(model).resolve();
  if (!definitions) return definitions.error();
  return Marking(model, *definitions).mark();
}

}  // namespace nnlock::formats::onnx
