// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Where the structure of a TFLite flatbuffer lies: the extents of every table, vtable, vector and string that
// a reader of the schema follows. Parameters must not touch them. The model must have passed the Verifier.
#pragma once

#include "formats/edgetpu.hpp"
#include "formats/flat_extents.hpp"
#include "formats/tflite_options.hpp"
#include "tflite_schema_generated.h"

namespace nnlock::formats {

class TfliteExtents : FlatExtents {
 public:
  // `verifier` is the one that accepted the model: it checks the option vectors that our schema leaves out.
  TfliteExtents(std::span<const std::byte> image, const flatbuffers::Verifier& verifier)
      : FlatExtents(image, 0), verifier_(verifier) {}

  // All extents, sorted by begin. Options of the Edge TPU's operator are the caller's.
  Result<std::vector<Extent>> collect(const tflite_schema::Model& model) {
    model_ = &model;
    add({0, 8});  // offset of the root table, file identifier
    walk(model);
    return sorted();
  }

 private:
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
    if (is_edgetpu(*model_, op))
      length_only(op.custom_options());
    else
      vector(op.custom_options());
    vector(op.mutating_variable_inputs());
    vector(op.intermediates());
    options(op.builtin_options_2(), Kind::options_2, op.builtin_options_2_type(), kTfliteOptionVectors2);
    if (op.large_custom_options_offset() <= 1 || op.large_custom_options_size() == 0) return;
    if (!inside(op.large_custom_options_offset(), op.large_custom_options_size(), file_size()))
      return fail("the options of a custom operator lie outside the file", &op);
    if (!is_edgetpu(*model_, op))
      add({op.large_custom_options_offset(), op.large_custom_options_offset() + op.large_custom_options_size()});
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
    length_only(buffer.data());
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

  const flatbuffers::Verifier& verifier_;
  const tflite_schema::Model* model_ = nullptr;
};

}  // namespace nnlock::formats
