// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Which constants of a verified TFLite model are parameters. Values lie in spans, one for each distinct data vector or
// file range; a span may serve several buffers and tensors, and one use that must stay readable keeps all of it
// readable. Walks and copies are bounded by the file's size, whatever the file shares.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "formats/codec.hpp"
#include "formats/tflite_extents.hpp"
#include "formats/tflite_operands.hpp"
#include "tflite_schema_generated.h"

namespace nnlock::formats {

class TfliteConstants {
 public:
  // The model must have been verified; both must outlive this object.
  TfliteConstants(std::span<const std::byte> image, const tflite_schema::Model& model)
      : image_(image), model_(model) {}

  // `extents`: where the structure lies, sorted by begin.
  Result<Structure> classify(std::span<const Extent> extents) {
    if (auto step = find_spans(); !step) return step.error();
    mark_metadata();
    for (std::uint32_t g = 0; g < length(model_.subgraphs()); ++g)
      if (auto step = read_subgraph(g); !step) return step.error();
    name_spans();
    if (auto step = check_disjoint(); !step) return step.error();
    if (auto step = check_structure(extents); !step) return step.error();
    return structure();
  }

 private:
  static constexpr std::uint32_t kNoSpan = 0xffffffff;
  static constexpr std::uint32_t kMaxRank = 32;  // kernels take up to 8; bounds what is copied for display

  // One stretch of constant values.
  struct Span {
    std::uint64_t offset = 0, length = 0;  // bytes in the file
    std::uint32_t buffer = 0;              // the first buffer that holds it
    std::string reason = {};               // why it stays readable; empty for parameters
    std::string name = {};
    bool used = false;
    bool metadata = false;
    Dtype dtype = Dtype::opaque;
    std::vector<std::uint64_t> shape = {};
  };

  // A tensor whose values are in the file.
  struct Ref {
    std::uint32_t span = 0, subgraph = 0, tensor = 0;
  };

  template <class T>
  static std::uint32_t length(const flatbuffers::Vector<T>* vector) {
    return vector == nullptr ? 0 : vector->size();
  }

  std::uint64_t offset_of(const void* at) const {
    return static_cast<std::uint64_t>(static_cast<const std::byte*>(at) - image_.data());
  }

  static Error bad(std::string message, std::uint64_t offset, std::string tensor = {}) {
    return Error{.code = ErrorCode::bad_model, .message = std::move(message), .tensor = std::move(tensor), .offset = offset};
  }

  static std::string text(const flatbuffers::String* name, std::string fallback) {
    return name == nullptr || name->size() == 0 ? std::move(fallback) : name->str();
  }
  const tflite_schema::Tensor& tensor_of(const Ref& ref) const {
    return *model_.subgraphs()->Get(ref.subgraph)->tensors()->Get(ref.tensor);
  }

  // Where a buffer's values lie; a length of 0 if it has none.
  Result<Span> values_of(std::uint32_t index) const {
    const tflite_schema::Buffer& buffer = *model_.buffers()->Get(index);
    const bool outside = buffer.offset() > 1 && buffer.size() > 0;  // after the flatbuffer, in models over 2 GB
    if (length(buffer.data()) > 0) {
      if (outside) return bad("buffer " + std::to_string(index) + " has its values in two places", offset_of(&buffer));
      return Span{.offset = offset_of(buffer.data()->data()), .length = buffer.data()->size(), .buffer = index};
    }
    if (!outside) return Span{};
    if (!inside(buffer.offset(), buffer.size(), image_.size()))
      return bad("the values of buffer " + std::to_string(index) + " lie outside the file", offset_of(&buffer));
    return Span{.offset = buffer.offset(), .length = buffer.size(), .buffer = index};
  }

  // Fills spans_, sorted by place, one for buffers with the same values, and span_of_buffer_.
  Result<void> find_spans() {
    const std::uint32_t buffers = length(model_.buffers());
    span_of_buffer_.assign(buffers, kNoSpan);
    for (std::uint32_t b = 0; b < buffers; ++b) {
      auto values = values_of(b);
      if (!values) return values.error();
      if (values->length > 0) spans_.push_back(std::move(*values));
    }
    const auto place = [](const Span& s) { return std::tuple(s.offset, s.length, s.buffer); };
    std::sort(spans_.begin(), spans_.end(), [&](const Span& a, const Span& b) { return place(a) < place(b); });
    std::size_t kept = 0;
    for (std::size_t i = 0; i < spans_.size(); ++i) {
      const bool same = kept > 0 && spans_[kept - 1].offset == spans_[i].offset && spans_[kept - 1].length == spans_[i].length;
      const std::uint32_t buffer = spans_[i].buffer;
      if (!same && kept++ != i) spans_[kept - 1] = std::move(spans_[i]);
      span_of_buffer_[buffer] = static_cast<std::uint32_t>(kept - 1);
    }
    spans_.resize(kept);
    return {};
  }

  void keep_readable(std::uint32_t span, std::string reason) {
    if (span != kNoSpan && spans_[span].reason.empty()) spans_[span].reason = std::move(reason);
  }

  // Metadata is read by people and tools; it is never a parameter, whatever else uses its buffer.
  void mark_metadata() {
    const auto mark = [&](std::uint64_t buffer) {
      if (buffer >= span_of_buffer_.size() || span_of_buffer_[buffer] == kNoSpan) return;
      spans_[span_of_buffer_[buffer]].metadata = true;
      keep_readable(span_of_buffer_[buffer], "metadata of the model");
    };
    for (std::uint32_t i = 0; i < length(model_.metadata()); ++i) mark(model_.metadata()->Get(i)->buffer());
    for (std::uint32_t i = 0; i < length(model_.metadata_buffer()); ++i)
      mark(static_cast<std::uint32_t>(model_.metadata_buffer()->Get(i)));
  }

  Result<void> read_subgraph(std::uint32_t index) {
    const tflite_schema::SubGraph& graph = *model_.subgraphs()->Get(index);
    first_ref_ = refs_.size();
    ref_of_tensor_.assign(length(graph.tensors()), kNoSpan);
    used_.assign(length(graph.tensors()), false);
    for (std::uint32_t t = 0; t < length(graph.tensors()); ++t)
      if (auto step = read_tensor(index, t); !step) return step;
    for (std::uint32_t t = 0; t < length(graph.tensors()); ++t)
      if (auto step = read_quantization(*graph.tensors()->Get(t)); !step) return step;
    for (std::uint32_t o = 0; o < length(graph.operators()); ++o)
      if (auto step = read_operator(*graph.operators()->Get(o)); !step) return step;
    keep_outputs(graph);
    return {};
  }

  Result<void> read_tensor(std::uint32_t subgraph, std::uint32_t index) {
    const tflite_schema::Tensor& tensor = *model_.subgraphs()->Get(subgraph)->tensors()->Get(index);
    const auto name = [&] { return text(tensor.name(), "tensor " + std::to_string(index)); };
    if (tensor.external_buffer() != 0)
      return Error{.code = ErrorCode::unsupported,
                   .message = "the tensor's values lie in another file, which this version cannot lock",
                   .tensor = name(),
                   .offset = offset_of(&tensor)};
    const std::uint32_t buffer = tensor.buffer();
    if (buffer == 0) return {};  // by rule the empty buffer: not a constant
    if (buffer >= span_of_buffer_.size()) return bad("the tensor names a buffer that does not exist", offset_of(&tensor), name());
    const std::uint32_t span = span_of_buffer_[buffer];
    if (span == kNoSpan) return {};
    return add_ref({span, subgraph, index}, tensor);
  }

  Result<void> add_ref(const Ref& ref, const tflite_schema::Tensor& tensor) {
    const auto name = [&] { return text(tensor.name(), "tensor " + std::to_string(ref.tensor)); };
    // Shared strings must not make the display names larger than an honest file could.
    name_bytes_ += tensor.name() == nullptr ? 0 : tensor.name()->size();
    if (name_bytes_ > image_.size()) return bad("the names of the tensors are larger than the file", offset_of(&tensor));
    const auto type = static_cast<TfliteType>(tensor.type());
    if (tflite_kind(type) == TfliteKind::unknown)
      return Error{.code = ErrorCode::unsupported,
                   .message = "the tensor has type " + std::to_string(type) + ", which this version does not know",
                   .hint = "use a newer nnlock",
                   .tensor = name(),
                   .offset = offset_of(&tensor)};
    if (length(tensor.shape()) > kMaxRank) return bad("the tensor has more than 32 dimensions", offset_of(&tensor), name());
    for (std::uint32_t d = 0; d < length(tensor.shape()); ++d)
      if (tensor.shape()->Get(d) < 0) return bad("the constant has a negative dimension", offset_of(&tensor), name());
    if (tflite_kind(type) == TfliteKind::readable) keep_readable(ref.span, "values of this type are never locked");
    if (tensor.is_variable()) keep_readable(ref.span, "first value of a variable");
    describe(spans_[ref.span], tensor);
    ref_of_tensor_[ref.tensor] = static_cast<std::uint32_t>(refs_.size());
    refs_.push_back(ref);
    return {};
  }

  // Dtype and shape of a span, from its first tensor; opaque where its tensors disagree or the bytes do not fit.
  static void describe(Span& span, const tflite_schema::Tensor& tensor) {
    const auto type = static_cast<TfliteType>(tensor.type());
    std::vector<std::uint64_t> shape;
    const std::uint32_t bits = tflite_element_bits(type);
    std::uint64_t elements = 1;
    for (std::uint32_t d = 0; d < length(tensor.shape()); ++d) {
      shape.push_back(static_cast<std::uint64_t>(tensor.shape()->Get(d)));
      const bool fits = shape.back() == 0 || elements <= span.length * 8 / shape.back();
      elements = fits ? elements * shape.back() : span.length * 8 + 1;
    }
    bool whole = bits > 0 && elements <= span.length * 8 && (elements * bits + 7) / 8 == span.length;
    if (tensor.sparsity() != nullptr && bits >= 8) {  // the file holds the nonzero values only: a list
      shape = {span.length / (bits / 8)};
      whole = span.length % (bits / 8) == 0;
    }
    const Dtype dtype = whole ? tflite_dtype(type) : Dtype::opaque;
    if (!span.used) span.shape = std::move(shape);
    span.dtype = span.used && span.dtype != dtype ? Dtype::opaque : dtype;
    span.used = true;
  }

  // Scales and zero points of blockwise quantisation are tensors; delegates refuse scales that are not positive.
  Result<void> read_quantization(const tflite_schema::Tensor& tensor) {
    if (tensor.quantization() == nullptr) return {};
    const auto keep = [&](std::int32_t index) -> Result<void> {
      if (index == -1) return {};
      if (index < 0 || static_cast<std::size_t>(index) >= ref_of_tensor_.size())
        return bad("quantisation names a tensor that does not exist", offset_of(&tensor));
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
    if (ref_of_tensor_[tensor] != kNoSpan) keep_readable(refs_[ref_of_tensor_[tensor]].span, std::move(reason));
  }

  Result<void> read_operator(const tflite_schema::Operator& op) {
    if (op.opcode_index() >= length(model_.operator_codes()))
      return bad("an operator names an operator code that does not exist", offset_of(&op));
    const tflite_schema::OperatorCode& code = *model_.operator_codes()->Get(op.opcode_index());
    TfliteUse use;
    use.builtin = std::max<std::int32_t>(code.deprecated_builtin_code(), code.builtin_code());
    if (code.custom_code() != nullptr) use.custom_code = code.custom_code()->string_view();
    inputs_seen_ += length(op.inputs());
    if (inputs_seen_ > image_.size()) return bad("the operators have more inputs than the file is large", offset_of(&op));
    for (; use.input < length(op.inputs()); ++use.input) {
      const std::int32_t tensor = op.inputs()->Get(use.input);
      if (tensor == -1) continue;  // optional and left out
      if (tensor < 0 || static_cast<std::size_t>(tensor) >= ref_of_tensor_.size())
        return bad("an operator reads a tensor that does not exist", offset_of(&op));
      read_use(use, static_cast<std::uint32_t>(tensor));
    }
    return {};
  }

  void read_use(const TfliteUse& use, std::uint32_t tensor) {
    if (ref_of_tensor_[tensor] == kNoSpan) return;
    const Ref& ref = refs_[ref_of_tensor_[tensor]];
    used_[tensor] = true;
    if (!spans_[ref.span].reason.empty()) return;
    if (auto reason = tflite_stays_readable(use, static_cast<TfliteType>(tensor_of(ref).type())))
      keep_readable(ref.span, std::move(*reason));
  }

  // Wide integers are parameters as biases only, so not as a result of the graph, and not without any use.
  void keep_outputs(const tflite_schema::SubGraph& graph) {
    const auto wide = [&](const Ref& ref) {
      return tflite_kind(static_cast<TfliteType>(tensor_of(ref).type())) == TfliteKind::index;
    };
    for (std::uint32_t i = 0; i < length(graph.outputs()); ++i) {
      const std::int32_t tensor = graph.outputs()->Get(i);
      if (tensor < 0 || static_cast<std::size_t>(tensor) >= ref_of_tensor_.size()) continue;
      const std::uint32_t ref = ref_of_tensor_[static_cast<std::uint32_t>(tensor)];
      if (ref != kNoSpan && wide(refs_[ref])) keep_readable(refs_[ref].span, "integer result of the graph");
    }
    for (std::size_t r = first_ref_; r < refs_.size(); ++r)
      if (!used_[refs_[r].tensor] && wide(refs_[r])) keep_readable(refs_[r].span, "integers that no operator uses");
  }

  // Joins the names of all tensors on a span; a name that stands for two spans gets its subgraph in front.
  void name_spans() {
    std::vector<std::pair<std::string_view, std::uint32_t>> names;
    for (const Ref& ref : refs_)
      if (const auto* name = tensor_of(ref).name()) names.emplace_back(name->string_view(), ref.span);
    std::sort(names.begin(), names.end());
    std::unordered_set<std::string_view> ambiguous;
    for (std::size_t i = 1; i < names.size(); ++i)
      if (names[i].first == names[i - 1].first && names[i].second != names[i - 1].second) ambiguous.insert(names[i].first);
    for (const Ref& ref : refs_) {
      const auto* name = tensor_of(ref).name();
      const bool unnamed = name == nullptr || name->size() == 0;
      std::string& joined = spans_[ref.span].name;
      if (!joined.empty()) joined += ", ";
      if (unnamed ? length(model_.subgraphs()) > 1 : ambiguous.contains(name->string_view()))
        joined += "subgraph " + std::to_string(ref.subgraph) + ": ";
      joined += text(name, "tensor " + std::to_string(ref.tensor));
    }
    for (Span& span : spans_) {
      if (span.used) continue;
      span.name = "buffer " + std::to_string(span.buffer);
      if (span.reason.empty()) span.reason = "no tensor uses this buffer";
    }
  }

  Result<void> check_disjoint() const {
    for (std::size_t i = 1; i < spans_.size(); ++i)
      if (spans_[i].offset < spans_[i - 1].offset + spans_[i - 1].length)
        return bad("the values overlap those of " + spans_[i - 1].name.substr(0, 256), spans_[i].offset, spans_[i].name);
    return {};
  }

  // No parameter may lie on structure: spans are disjoint and sorted, extents sorted by begin.
  Result<void> check_structure(std::span<const Extent> extents) const {
    std::size_t next = 0;
    std::uint64_t reached = 0;  // the furthest end of the extents that begin before the span's end
    for (const Span& span : spans_) {
      const std::uint64_t end = span.offset + span.length;
      // An earlier extent either ended before this span or is still the furthest.
      for (; next < extents.size() && extents[next].begin < end; ++next) reached = std::max(reached, extents[next].end);
      if (span.reason.empty() && reached > span.offset)
        return bad("the parameter lies on bytes that hold the model's structure", span.offset, span.name);
    }
    return {};
  }

  Structure structure() {
    Structure found;
    for (Span& span : spans_) {
      if (span.reason.empty())
        found.params.push_back({.name = std::move(span.name), .dtype = span.dtype, .shape = std::move(span.shape),
                                .offset = span.offset, .length = span.length});
      else if (span.used || !span.metadata)
        found.constants.push_back({.name = std::move(span.name), .dtype = span.dtype, .shape = std::move(span.shape),
                                   .offset = span.offset, .length = span.length, .reason = std::move(span.reason)});
    }
    return found;
  }

  std::span<const std::byte> image_;
  const tflite_schema::Model& model_;
  std::vector<Span> spans_;
  std::vector<std::uint32_t> span_of_buffer_;
  std::vector<Ref> refs_;
  std::uint64_t name_bytes_ = 0;
  std::uint64_t inputs_seen_ = 0;

  // Of the subgraph being read.
  std::size_t first_ref_ = 0;
  std::vector<std::uint32_t> ref_of_tensor_;  // index in refs_, or kNoSpan
  std::vector<bool> used_;
};

}  // namespace nnlock::formats
