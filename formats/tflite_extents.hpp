// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Where the structure of a TFLite flatbuffer lies: the extents of every table, vtable, vector and string that
// a reader of the schema follows. Parameters must not touch them. The model must have passed the Verifier.
// Layout: flatbuffers.dev/internals ("Tables", "Vectors").
#pragma once

#include <flatbuffers/flatbuffers.h>

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "formats/bytes.hpp"
#include "formats/tflite_options.hpp"
#include "tflite_schema_generated.h"

namespace nnlock::formats {

struct Extent {
  std::uint64_t begin = 0, end = 0;  // bytes in the file
};

class TfliteExtents {
 public:
  // `verifier` is the one that accepted the model: it checks the option vectors that our schema leaves out.
  TfliteExtents(std::span<const std::byte> image, const flatbuffers::Verifier& verifier)
      : image_(image), verifier_(verifier) {}

  // All extents, sorted by begin.
  Result<std::vector<Extent>> collect(const tflite_schema::Model& model) {
    extents_.push_back({0, 8});  // offset of the root table, file identifier
    walk(model);
    if (error_) return *error_;
    std::sort(extents_.begin(), extents_.end(),
              [](const Extent& a, const Extent& b) { return a.begin < b.begin; });
    return std::move(extents_);
  }

 private:
  template <class T>
  using Vector = flatbuffers::Vector<T>;
  using Widths = std::initializer_list<std::uint8_t>;  // bytes of each field, by field id

  // What a table was reached as. One table may be reached as two kinds: then it is walked as both.
  enum class Kind : std::uint16_t {
    model,
    operator_code,
    subgraph,
    tensor,
    quantization,
    custom_quantization,
    blockwise,
    multi_axis,
    sparsity,
    dimension,
    index32,
    index16,
    index8,
    variant,
    operation,
    buffer,
    metadata,
    signature,
    tensor_map,
    external_group,
    external_buffer,
    options = 0x100,    // + union member
    options_2 = 0x200,  // + union member
  };

  // The largest table of the schema has 17 fields; this leaves room for newer ones and bounds the work a
  // vtable takes.
  static constexpr std::uint32_t kMaxFields = 256;

  std::uint64_t offset_of(const void* at) const {
    return static_cast<std::uint64_t>(static_cast<const std::byte*>(at) - image_.data());
  }

  void fail(const char* message, const void* at) {
    if (!error_) error_ = Error{.code = ErrorCode::bad_model, .message = message, .offset = offset_of(at)};
  }

  void add(const void* at, std::uint64_t length) {
    extents_.push_back({offset_of(at), offset_of(at) + length});
  }

  // One table: its vtable, and its inline fields, which must lie inside the size that the vtable gives. False
  // when the table was seen before or is broken: its children need no visit.
  bool table(const void* at, Kind kind, Widths widths) {
    if (at == nullptr || error_) return false;
    if (!seen_.insert(offset_of(at) << 16 | static_cast<std::uint64_t>(kind)).second) return false;
    const std::uint8_t* vtable = static_cast<const flatbuffers::Table*>(at)->GetVTable();
    const auto vtable_size = flatbuffers::ReadScalar<flatbuffers::voffset_t>(vtable);
    if (vtable_size < 4 || vtable_size > 4 + 2 * kMaxFields)
      return fail("the flatbuffer has a vtable of a bad size", vtable), false;
    const auto object_size = flatbuffers::ReadScalar<flatbuffers::voffset_t>(vtable + 2);
    if (object_size < 4 || !inside(offset_of(at), object_size, image_.size()))
      return fail("the flatbuffer has a table of a bad size", at), false;
    for (std::uint32_t id = 0; 4 + 2 * id < vtable_size; ++id) {
      const auto field = flatbuffers::ReadScalar<flatbuffers::voffset_t>(vtable + 4 + 2 * id);
      const std::uint32_t width = id < widths.size() ? widths.begin()[id] : 1;
      if (field != 0 && (field < 4 || field + width > object_size))
        return fail("the flatbuffer has a field outside its table", at), false;
    }
    add(vtable, vtable_size);
    add(at, object_size);
    return true;
  }

  template <class T>
  void vector(const Vector<T>* values) {
    if (values != nullptr) add(values, 4 + std::uint64_t{values->size()} * sizeof(T));
  }

  void text(const flatbuffers::String* value) {
    if (value != nullptr) add(value, 4 + std::uint64_t{value->size()} + 1);  // with the final zero byte
  }

  template <class T>
  void each(const Vector<flatbuffers::Offset<T>>* tables) {
    if (tables == nullptr) return;
    vector(tables);
    for (const T* item : *tables) walk(*item);
  }

  void walk(const tflite_schema::Model& model) {
    if (!table(&model, Kind::model, {4, 4, 4, 4, 4, 4, 4, 4, 4, 4})) return;
    each(model.operator_codes());
    each(model.subgraphs());
    text(model.description());
    each(model.buffers());
    vector(model.metadata_buffer());
    each(model.metadata());
    each(model.signature_defs());
    each(model.external_buffer_groups());
    each(model.external_buffers());
  }

  void walk(const tflite_schema::OperatorCode& code) {
    if (table(&code, Kind::operator_code, {1, 4, 4, 4})) text(code.custom_code());
  }

  void walk(const tflite_schema::SubGraph& graph) {
    if (!table(&graph, Kind::subgraph, {4, 4, 4, 4, 4, 4})) return;
    each(graph.tensors());
    vector(graph.inputs());
    vector(graph.outputs());
    each(graph.operators());
    text(graph.name());
  }

  void walk(const tflite_schema::Tensor& tensor) {
    if (!table(&tensor, Kind::tensor, {4, 1, 4, 4, 4, 1, 4, 4, 1, 4, 4})) return;
    vector(tensor.shape());
    text(tensor.name());
    if (tensor.quantization() != nullptr) walk(*tensor.quantization());
    if (tensor.sparsity() != nullptr) walk(*tensor.sparsity());
    vector(tensor.shape_signature());
    each(tensor.variant_tensors());
  }

  void walk(const tflite_schema::QuantizationParameters& quantization) {
    if (!table(&quantization, Kind::quantization, {4, 4, 4, 4, 1, 4, 4})) return;
    vector(quantization.min());
    vector(quantization.max());
    vector(quantization.scale());
    vector(quantization.zero_point());
    if (const auto* custom = quantization.details_as_CustomQuantization();
        table(custom, Kind::custom_quantization, {4}))
      vector(custom->custom());
    if (const auto* block = quantization.details_as_BlockwiseQuantization();
        table(block, Kind::blockwise, {4, 4, 4, 4}))
      vector(block->block_shape());
    if (const auto* axes = quantization.details_as_MultiAxisQuantization();
        table(axes, Kind::multi_axis, {4, 4, 4, 4}))
      vector(axes->quantized_dimensions());
  }

  void walk(const tflite_schema::SparsityParameters& sparsity) {
    if (!table(&sparsity, Kind::sparsity, {4, 4, 4})) return;
    vector(sparsity.traversal_order());
    vector(sparsity.block_map());
    each(sparsity.dim_metadata());
  }

  void walk(const tflite_schema::DimensionMetadata& dimension) {
    if (!table(&dimension, Kind::dimension, {1, 4, 1, 4, 1, 4})) return;
    index_vector(dimension.array_segments_as_Int32Vector(), Kind::index32);
    index_vector(dimension.array_segments_as_Uint16Vector(), Kind::index16);
    index_vector(dimension.array_segments_as_Uint8Vector(), Kind::index8);
    index_vector(dimension.array_indices_as_Int32Vector(), Kind::index32);
    index_vector(dimension.array_indices_as_Uint16Vector(), Kind::index16);
    index_vector(dimension.array_indices_as_Uint8Vector(), Kind::index8);
  }

  template <class T>
  void index_vector(const T* indices, Kind kind) {
    if (table(indices, kind, {4})) vector(indices->values());
  }

  void walk(const tflite_schema::VariantSubType& variant) {
    if (table(&variant, Kind::variant, {4, 1, 1})) vector(variant.shape());
  }

  void walk(const tflite_schema::Operator& op) {
    if (!table(&op, Kind::operation, {4, 4, 4, 1, 4, 4, 1, 4, 4, 8, 8, 1, 4, 4})) return;
    vector(op.inputs());
    vector(op.outputs());
    options(op.builtin_options(), Kind::options, op.builtin_options_type(), kTfliteOptionVectors);
    vector(op.custom_options());
    vector(op.mutating_variable_inputs());
    vector(op.intermediates());
    options(op.builtin_options_2(), Kind::options_2, op.builtin_options_2_type(), kTfliteOptionVectors2);
    if (op.large_custom_options_offset() <= 1 || op.large_custom_options_size() == 0) return;
    if (!inside(op.large_custom_options_offset(), op.large_custom_options_size(), image_.size()))
      return fail("the options of a custom operator lie outside the file", &op);
    extents_.push_back({op.large_custom_options_offset(),
                        op.large_custom_options_offset() + op.large_custom_options_size()});
  }

  void options(const tflite_schema::Opaque* at, Kind which, std::uint8_t member,
               std::span<const TfliteOptionVector> vectors) {
    if (!table(at, static_cast<Kind>(static_cast<std::uint16_t>(which) + member), {})) return;
    const auto* fields = reinterpret_cast<const flatbuffers::Table*>(at);
    const auto* base = reinterpret_cast<const std::uint8_t*>(at);
    for (const TfliteOptionVector& entry : vectors) {
      if (entry.member != member) continue;
      const auto id = static_cast<flatbuffers::voffset_t>(4 + 2 * entry.field);
      const flatbuffers::voffset_t field = fields->GetOptionalFieldOffset(id);
      if (field == 0) continue;
      const flatbuffers::uoffset_t step = verifier_.VerifyOffset(base, field);
      if (step == 0 || !verifier_.VerifyVectorOrString(base + field + step, entry.width))
        return fail("the options of an operator point outside the file", at);
      const auto count = flatbuffers::ReadScalar<flatbuffers::uoffset_t>(base + field + step);
      add(base + field + step, 4 + std::uint64_t{count} * entry.width);
    }
  }

  void walk(const tflite_schema::Buffer& buffer) {
    if (!table(&buffer, Kind::buffer, {4, 8, 8})) return;
    if (buffer.data() != nullptr) add(buffer.data(), 4);  // the length only: the values are the caller's
  }

  void walk(const tflite_schema::Metadata& metadata) {
    if (table(&metadata, Kind::metadata, {4, 4})) text(metadata.name());
  }

  void walk(const tflite_schema::SignatureDef& signature) {
    if (!table(&signature, Kind::signature, {4, 4, 4, 4, 4})) return;
    each(signature.inputs());
    each(signature.outputs());
    text(signature.signature_key());
    text(signature.deprecated_tag());
  }

  void walk(const tflite_schema::TensorMap& map) {
    if (table(&map, Kind::tensor_map, {4, 4})) text(map.name());
  }

  void walk(const tflite_schema::ExternalBufferGroup& group) {
    if (table(&group, Kind::external_group, {4})) text(group.name());
  }

  void walk(const tflite_schema::ExternalBuffer& external) {
    if (table(&external, Kind::external_buffer, {4, 4, 8, 8, 4})) text(external.packing());
  }

  std::span<const std::byte> image_;
  const flatbuffers::Verifier& verifier_;
  std::vector<Extent> extents_;
  std::unordered_set<std::uint64_t> seen_;  // offset of a table << 16 | kind
  std::optional<Error> error_;
};

}  // namespace nnlock::formats
