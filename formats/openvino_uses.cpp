// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "formats/openvino_uses.hpp"

#include <algorithm>

namespace nnlock::formats::openvino {
namespace {

class Uses {
 public:
  explicit Uses(const Ir& ir)
      : layers_(ir.layers), small_(layers_.size()), dynamic_(layers_.size()), compressed_(layers_.size()), reasons_(layers_.size()) {
    for (const Value& value : ir.values)
      small_[value.layer] = layers_[value.layer].type == "const" && value.type.bits <= 8 && value.type.kind == ElementType::Kind::number;
  }

  Result<std::vector<std::string>> find() {
    if (auto sorted = sort(); !sorted) return sorted.error();
    for (const std::uint32_t layer : order_) classify(layer);
    for (const std::uint32_t layer : order_) mark_operands(layer);
    while (!open_.empty()) {
      const auto layer = open_.back();
      open_.pop_back();
      follow_back(layer);
    }
    return std::move(reasons_);
  }

 private:
  // Every layer behind the layers whose values it takes.
  Result<void> sort() {
    std::vector<std::uint32_t> missing(layers_.size()), first(layers_.size() + 1), consumers;
    for (const Layer& layer : layers_)
      for (const Input& input : layer.inputs)
        if (input.producer != kNone) ++first[input.producer + 1];
    for (std::size_t i = 0; i < layers_.size(); ++i) first[i + 1] += first[i];
    consumers.resize(first.back());
    auto at = first;
    for (std::uint32_t i = 0; i < layers_.size(); ++i)
      for (const Input& input : layers_[i].inputs)
        if (input.producer != kNone) consumers[at[input.producer]++] = i, ++missing[i];
    for (std::uint32_t i = 0; i < layers_.size(); ++i)
      if (missing[i] == 0) order_.push_back(i);
    for (std::size_t done = 0; done < order_.size(); ++done)
      for (auto c = first[order_[done]]; c < first[order_[done] + 1]; ++c)
        if (--missing[consumers[c]] == 0) order_.push_back(consumers[c]);
    if (order_.size() == layers_.size()) return {};
    const auto in_cycle = std::find_if(missing.begin(), missing.end(), [](std::uint32_t n) { return n != 0; }) - missing.begin();
    return Error{.code = ErrorCode::bad_model,
                 .message = "the layers form a cycle",
                 .offset = layers_[static_cast<std::size_t>(in_cycle)].place};
  }

  bool is_dynamic(const Input& input) const { return input.producer != kNone && dynamic_[input.producer]; }
  bool is_compressed(const Layer& layer, std::size_t input) const {
    return input < layer.inputs.size() && layer.inputs[input].producer != kNone && compressed_[layer.inputs[input].producer];
  }

  // Dynamic: depends on what goes into the model. Compressed: weights of 8 bits or fewer on their way back to floats.
  void classify(std::uint32_t index) {
    const Layer& layer = layers_[index];
    const bool source = layer.inputs.empty() && layer.type != "const";
    dynamic_[index] = layer.has_body || source || (layer.type != "shapeof" && std::any_of(layer.inputs.begin(), layer.inputs.end(), [&](const Input& i) { return is_dynamic(i); }));
    if (layer.type == "readvalue") dynamic_[index] = true;
    if (layer.type == "convert" && layer.inputs.size() == 1 && layer.inputs[0].producer != kNone) compressed_[index] = small_[layer.inputs[0].producer];
    if (layer.type == "subtract") compressed_[index] = is_compressed(layer, 0);
  }

  void mark_operands(std::uint32_t index) {
    const Layer& layer = layers_[index];
    for (std::size_t i = 0; i < layer.inputs.size(); ++i)
      if (const char* what = readable_operand(layer.type, i)) mark(layer.inputs[i].producer, std::string(what) + " of " + layer.type);
    if (layer.type == "subtract" && is_compressed(layer, 0) && layer.inputs.size() == 2)
      mark(layer.inputs[1].producer, "zero point of compressed weights");
    if (layer.type != "multiply" || layer.inputs.size() != 2 || is_compressed(layer, 0) == is_compressed(layer, 1)) return;
    mark(layer.inputs[is_compressed(layer, 0) ? 1 : 0].producer, "scale of compressed weights");
  }

  void mark(std::uint32_t layer, std::string reason) {
    if (layer == kNone || dynamic_[layer] || !reasons_[layer].empty()) return;
    reasons_[layer] = std::move(reason);
    open_.push_back(layer);
  }

  // An operand computed from constants and shapes alone: what it is computed from stays readable too.
  void follow_back(std::uint32_t index) {
    if (layers_[index].type == "shapeof") return;
    for (const Input& input : layers_[index].inputs) mark(input.producer, reasons_[index]);
  }

  const std::vector<Layer>& layers_;
  std::vector<bool> small_, dynamic_, compressed_;
  std::vector<std::string> reasons_;
  std::vector<std::uint32_t> order_, open_;
};

}  // namespace

Result<std::vector<std::string>> readable_layers(const Ir& ir) { return Uses(ir).find(); }

}  // namespace nnlock::formats::openvino
