// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Which constants of a verified TFLite model are parameters. Values lie in spans, one for each distinct data
// vector or file range; a span may serve several buffers and tensors, and one use that must stay readable
// keeps all of it readable. Walks and copies are bounded by the file's size, whatever the file shares.
#pragma once

#include <algorithm>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "formats/codec.hpp"
#include "formats/tflite_operands.hpp"
#include "formats/tflite_spans.hpp"
#include "tflite_schema_generated.h"

namespace nnlock::formats {

class TfliteConstants {
 public:
  // The model must have been verified; both must outlive this object.
  TfliteConstants(std::span<const std::byte> image, const tflite_schema::Model& model)
      : image_(image), model_(model), spans_(image) {}

  // `extents`: where the structure lies, sorted by begin. `compiled`: what the Edge TPU's operators hold.
  Result<Structure> classify(std::span<const Extent> extents, EdgetpuFound compiled) {
    options_ = std::move(compiled.unlockable);
    if (auto step = spans_.find(model_); !step) return step.error();
    mark_metadata();
    for (std::uint32_t g = 0; g < length(model_.subgraphs()); ++g)
      if (auto step = read_subgraph(g); !step) return step.error();
    name_spans();
    spans_.append(std::move(compiled.params));
    if (auto step = spans_.check_disjoint(); !step) return step.error();
    if (auto step = spans_.check_structure(extents); !step) return step.error();
    Structure structure = spans_.structure();
    structure.unlockable = std::move(options_);
    return structure;
  }

 private:
  static constexpr std::uint32_t kNone = TfliteSpans::kNone;

  // A tensor whose values are in the file.
  struct Ref {
    std::uint32_t span = 0, subgraph = 0, tensor = 0;
  };

  static std::string text(const flatbuffers::String* name, std::string fallback) {
    return name == nullptr || name->size() == 0 ? std::move(fallback) : name->str();
  }
  const tflite_schema::Tensor& tensor_of(const Ref& ref) const {
    return *model_.subgraphs()->Get(ref.subgraph)->tensors()->Get(ref.tensor);
  }

  // Metadata is read by people and tools; it is never a parameter, whatever else uses its buffer.
  void mark_metadata() {
    const auto mark = [&](std::uint32_t buffer) {
      const std::uint32_t span = buffer < spans_.buffers() ? spans_.of_buffer(buffer) : kNone;
      if (span == kNone) return;
      spans_.all()[span].metadata = true;
      spans_.keep_readable(span, "metadata of the model");
    };
    for (std::uint32_t i = 0; i < length(model_.metadata()); ++i) mark(model_.metadata()->Get(i)->buffer());
    for (std::uint32_t i = 0; i < length(model_.metadata_buffer()); ++i)
      mark(static_cast<std::uint32_t>(model_.metadata_buffer()->Get(i)));
  }

  Result<void> read_subgraph(std::uint32_t index) {
    const tflite_schema::SubGraph& graph = *model_.subgraphs()->Get(index);
    first_ref_ = refs_.size();
    ref_of_tensor_.assign(length(graph.tensors()), kNone);
    used_.assign(length(graph.tensors()), false);
    for (std::uint32_t t = 0; t < length(graph.tensors()); ++t)
      if (auto step = read_tensor(index, t); !step) return step;
    for (std::uint32_t t = 0; t < length(graph.tensors()); ++t)
      if (auto step = read_quantization(*graph.tensors()->Get(t)); !step) return step;
    for (std::uint32_t o = 0; o < length(graph.operators()); ++o)
      if (auto step = read_operator(*graph.operators()->Get(o), o); !step) return step;
    return keep_outputs(graph);
  }

  Result<void> read_tensor(std::uint32_t subgraph, std::uint32_t index) {
    const tflite_schema::Tensor& tensor = *model_.subgraphs()->Get(subgraph)->tensors()->Get(index);
    const auto name = [&] { return text(tensor.name(), "tensor " + std::to_string(index)); };
    if (tensor.external_buffer() != 0)
      return Error{.code = ErrorCode::unsupported,
                   .message = "the tensor's values lie in another file, which this version cannot lock",
                   .tensor = name(),
                   .offset = spans_.offset_of(&tensor)};
    const std::uint32_t buffer = tensor.buffer();
    if (buffer == 0) return {};  // by rule the empty buffer: not a constant
    if (buffer >= spans_.buffers())
      return TfliteSpans::bad("the tensor names a buffer that does not exist", spans_.offset_of(&tensor),
                              name());
    const std::uint32_t span = spans_.of_buffer(buffer);
    if (span == kNone) return {};
    return add_ref({span, subgraph, index}, tensor);
  }

  Result<void> add_ref(const Ref& ref, const tflite_schema::Tensor& tensor) {
    const auto name = [&] { return text(tensor.name(), "tensor " + std::to_string(ref.tensor)); };
    // Shared strings must not make the display names larger than an honest file could.
    name_bytes_ += tensor.name() == nullptr ? 0 : tensor.name()->size();
    if (name_bytes_ > image_.size())
      return TfliteSpans::bad("the names of the tensors are larger than the file", spans_.offset_of(&tensor));
    if (tensor.name() != nullptr && !budget_.take(tensor.name()->size() / Budget::kNameBytes))
      return Budget::exceeded("names", spans_.offset_of(&tensor));
    const auto type = static_cast<TfliteType>(tensor.type());
    if (tflite_kind(type) == TfliteKind::unknown)
      return Error{
          .code = ErrorCode::unsupported,
          .message = "the tensor has type " + std::to_string(type) + ", which this version does not know",
          .hint = "use a newer nnlock",
          .tensor = name(),
          .offset = spans_.offset_of(&tensor)};
    if (length(tensor.shape()) > TfliteSpans::kMaxRank)
      return TfliteSpans::bad("the tensor has more than 32 dimensions", spans_.offset_of(&tensor), name());
    for (std::uint32_t d = 0; d < length(tensor.shape()); ++d)
      if (tensor.shape()->Get(d) < 0)
        return TfliteSpans::bad("the constant has a negative dimension", spans_.offset_of(&tensor), name());
    if (tflite_kind(type) == TfliteKind::readable)
      spans_.keep_readable(ref.span, "values of this type are never locked");
    if (tensor.is_variable()) spans_.keep_readable(ref.span, "first value of a variable");
    spans_.describe(ref.span, tensor);
    ref_of_tensor_[ref.tensor] = static_cast<std::uint32_t>(refs_.size());
    refs_.push_back(ref);
    return {};
  }

  // Scales and zero points of blockwise quantisation are tensors; delegates refuse scales that are not
  // positive.
  Result<void> read_quantization(const tflite_schema::Tensor& tensor) {
    if (tensor.quantization() == nullptr) return {};
    const auto keep = [&](std::int32_t index) -> Result<void> {
      if (index == -1) return {};
      if (index < 0 || static_cast<std::size_t>(index) >= ref_of_tensor_.size())
        return TfliteSpans::bad("quantisation names a tensor that does not exist", spans_.offset_of(&tensor));
      keep_tensor(static_cast<std::uint32_t>(index), "scales or zero points of quantisation");
      return {};
    };
    const auto keep_both = [&](const auto* details) -> Result<void> {
      if (details == nullptr) return {};
      if (auto step = keep(details->scales()); !step) return step;
      return keep(details->zero_points());
    };
    if (auto step = keep_both(tensor.quantization()->details_as_BlockwiseQuantization()); !step) return step;
    return keep_both(tensor.quantization()->details_as_MultiAxisQuantization());
  }

  void keep_tensor(std::uint32_t tensor, std::string reason) {
    if (ref_of_tensor_[tensor] != kNone)
      spans_.keep_readable(refs_[ref_of_tensor_[tensor]].span, std::move(reason));
  }

  // Compiled operators may keep their weights in custom options; where this version does not know them, it says so.
  // Parameters of honest custom operators take far less than a page. Those of the Edge TPU are read in edgetpu.cpp.
  void read_custom_options(const tflite_schema::Operator& op, std::string_view code, std::uint32_t index) {
    constexpr std::uint64_t most = 4096;  // bytes
    const bool large = op.large_custom_options_offset() > 1;
    const std::uint64_t size = large ? op.large_custom_options_size() : length(op.custom_options());
    if (size <= most || code == kEdgetpuOperator) return;
    options_.push_back({.name = std::string(code.substr(0, 64)) + " options of operator " + std::to_string(index),
                        .shape = {size},
                        .offset = large ? op.large_custom_options_offset() : spans_.offset_of(op.custom_options()->data()),
                        .length = size,
                        .reason = "options of a custom operator, which may hold its weights"});
  }

  Result<void> read_operator(const tflite_schema::Operator& op, std::uint32_t index) {
    if (op.opcode_index() >= length(model_.operator_codes()))
      return TfliteSpans::bad("an operator names an operator code that does not exist",
                              spans_.offset_of(&op));
    const tflite_schema::OperatorCode& code = *model_.operator_codes()->Get(op.opcode_index());
    TfliteUse use;
    use.builtin = std::max<std::int32_t>(code.deprecated_builtin_code(), code.builtin_code());
    if (code.custom_code() != nullptr) use.custom_code = code.custom_code()->string_view();
    read_custom_options(op, use.custom_code, index);
    inputs_seen_ += length(op.inputs());
    if (inputs_seen_ > image_.size())
      return TfliteSpans::bad("the operators have more inputs than the file is large", spans_.offset_of(&op));
    for (; use.input < length(op.inputs()); ++use.input) {
      const std::int32_t tensor = op.inputs()->Get(use.input);
      if (tensor == -1) continue;  // optional and left out
      if (tensor < 0 || static_cast<std::size_t>(tensor) >= ref_of_tensor_.size())
        return TfliteSpans::bad("an operator reads a tensor that does not exist", spans_.offset_of(&op));
      read_use(use, static_cast<std::uint32_t>(tensor));
    }
    return {};
  }

  void read_use(const TfliteUse& use, std::uint32_t tensor) {
    if (ref_of_tensor_[tensor] == kNone) return;
    const Ref& ref = refs_[ref_of_tensor_[tensor]];
    used_[tensor] = true;
    if (!spans_.all()[ref.span].reason.empty()) return;
    if (auto reason = tflite_stays_readable(use, static_cast<TfliteType>(tensor_of(ref).type())))
      spans_.keep_readable(ref.span, std::move(*reason));
  }

  // Wide integers are parameters as biases only, so not as a result of the graph, and not without any use.
  Result<void> keep_outputs(const tflite_schema::SubGraph& graph) {
    outputs_seen_ += length(graph.outputs());  // subgraphs may share one vector
    if (outputs_seen_ > image_.size())
      return TfliteSpans::bad("the subgraphs have more outputs than the file is large", spans_.offset_of(&graph));
    const auto wide = [&](const Ref& ref) {
      return tflite_kind(static_cast<TfliteType>(tensor_of(ref).type())) == TfliteKind::index;
    };
    for (std::uint32_t i = 0; i < length(graph.outputs()); ++i) {
      const std::int32_t tensor = graph.outputs()->Get(i);
      if (tensor < 0 || static_cast<std::size_t>(tensor) >= ref_of_tensor_.size()) continue;
      const std::uint32_t ref = ref_of_tensor_[static_cast<std::uint32_t>(tensor)];
      if (ref != kNone && wide(refs_[ref]))
        spans_.keep_readable(refs_[ref].span, "integer result of the graph");
    }
    for (std::size_t r = first_ref_; r < refs_.size(); ++r)
      if (!used_[refs_[r].tensor] && wide(refs_[r]))
        spans_.keep_readable(refs_[r].span, "integers that no operator uses");
    return {};
  }

  // Joins the names of all tensors on a span; a name that stands for two spans gets its subgraph in front.
  void name_spans() {
    std::vector<std::pair<std::string_view, std::uint32_t>> names;
    for (const Ref& ref : refs_)
      if (const auto* name = tensor_of(ref).name()) names.emplace_back(name->string_view(), ref.span);
    std::sort(names.begin(), names.end());
    std::set<std::string_view> ambiguous;
    for (std::size_t i = 1; i < names.size(); ++i)
      if (names[i].first == names[i - 1].first && names[i].second != names[i - 1].second)
        ambiguous.insert(names[i].first);
    for (const Ref& ref : refs_) {
      const auto* name = tensor_of(ref).name();
      const bool unnamed = name == nullptr || name->size() == 0;
      std::string& joined = spans_.all()[ref.span].name;
      if (!joined.empty()) joined += ", ";
      if (unnamed ? length(model_.subgraphs()) > 1 : ambiguous.contains(name->string_view()))
        joined += "subgraph " + std::to_string(ref.subgraph) + ": ";
      joined += text(name, "tensor " + std::to_string(ref.tensor));
    }
    for (ConstantSpan& span : spans_.all()) {
      if (span.used) continue;
      span.name = "buffer " + std::to_string(span.buffer);
      if (span.reason.empty()) span.reason = "no tensor uses this buffer";
    }
  }

  std::span<const std::byte> image_;
  const tflite_schema::Model& model_;
  TfliteSpans spans_;
  std::vector<Ref> refs_;
  std::vector<Constant> options_;  // of custom operators, large enough to hold weights
  std::uint64_t name_bytes_ = 0, outputs_seen_ = 0;
  Budget budget_{image_.size()};  // of names
  std::uint64_t inputs_seen_ = 0;

  // Of the subgraph being read.
  std::size_t first_ref_ = 0;
  std::vector<std::uint32_t> ref_of_tensor_;  // index in refs_, or kNone
  std::vector<bool> used_;
};

}  // namespace nnlock::formats
