// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Where the structure of an Edge TPU package and of its executables lies: instruction bitstreams, hints and layers included.
// Parameters and nested flatbuffers are left to the caller.
#pragma once

#include "edgetpu_schema_generated.h"
#include "formats/flat_extents.hpp"

namespace nnlock::formats {

class EdgetpuExtents : FlatExtents {
 public:
  // `base`: where the verified `buffer` starts in the file.
  EdgetpuExtents(std::span<const std::byte> buffer, std::uint64_t base) : FlatExtents(buffer, base) {
    add({base, base + 8});  // offset of the root table, file identifier or a gap
  }
  using FlatExtents::offset_of;

  Result<std::vector<Extent>> collect(const edgetpu_schema::Package& package) {
    if (!table(&package, Kind::package, {4, 4, 4, 4, 4, 4, 4, 4})) return sorted();
    length_only(package.serialized_multi_executable());
    vector(package.signature());
    text(package.compiler_version());
    each(package.multi_chip_package());
    text(package.model_identifier());
    return sorted();
  }

  Result<std::vector<Extent>> collect(const edgetpu_schema::MultiExecutable& executables) {
    if (!table(&executables, Kind::multi_executable, {4})) return sorted();
    const auto* strings = executables.serialized_executables();
    vector(strings);
    for (flatbuffers::uoffset_t i = 0; strings != nullptr && i < strings->size(); ++i) {
      const flatbuffers::String* serialized = strings->Get(i);
      length_only(serialized);
      add(serialized->data() + serialized->size(), 1);  // the final zero byte
    }
    return sorted();
  }

  Result<std::vector<Extent>> collect(const edgetpu_schema::Executable& executable) {
    if (!table(&executable, Kind::executable, {4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 2, 8, 1, 8})) return sorted();
    text(executable.name());
    vector(executable.serialized_model());
    each(executable.instruction_bitstreams());
    length_only(executable.parameters());
    if (const auto* hints = executable.dma_hints(); table(hints, Kind::dma_hints, {4, 1})) each(hints->hints());
    each(executable.input_layers());
    each(executable.output_layers());
    text(executable.chip());
    return sorted();
  }

 private:
  enum class Kind : std::uint8_t {
    package,
    serialized_package,
    multi_executable,
    executable,
    bitstream,
    field_offset,
    meta,
    dma_hints,
    dma_hint,
    dma_descriptor,
    instruction,
    interrupt,
    fence,
    layer,
    numerics,
    output_layer,
    input_layer,
    output_layout,
    shape_info,
    tensor_layout,
    tensor_shape,
  };

  template <class T>
  void each(const Vector<flatbuffers::Offset<T>>* tables) {
    if (tables == nullptr) return;
    vector(tables);
    for (const T* item : *tables) walk(*item);
  }

  void walk(const edgetpu_schema::SerializedPackage& package) {
    if (table(&package, Kind::serialized_package, {4})) length_only(package.serialized_package());
  }

  void walk(const edgetpu_schema::InstructionBitstream& instructions) {
    if (!table(&instructions, Kind::bitstream, {4, 4})) return;
    vector(instructions.bitstream());
    each(instructions.field_offsets());
  }

  void walk(const edgetpu_schema::FieldOffset& field) {
    if (table(&field, Kind::field_offset, {4, 4})) meta(field.meta());
  }

  void meta(const edgetpu_schema::Meta* at) {
    if (table(at, Kind::meta, {2, 4, 4, 2})) text(at->name());
  }

  void walk(const edgetpu_schema::DmaHint& hint) {
    if (!table(&hint, Kind::dma_hint, {1, 4, 2})) return;
    if (const auto* descriptor = hint.any_hint_as_DmaDescriptorHint();
        table(descriptor, Kind::dma_descriptor, {4, 4, 4}))
      meta(descriptor->meta());
    table(hint.any_hint_as_InstructionHint(), Kind::instruction, {4});
    table(hint.any_hint_as_InterruptHint(), Kind::interrupt, {2});
    table(hint.any_hint_as_FenceHint(), Kind::fence, {});
  }

  void walk(const edgetpu_schema::Layer& layer) {
    if (!table(&layer, Kind::layer, {4, 4, 4, 4, 4, 4, 2, 1, 4, 4, 1, 4})) return;
    text(layer.name());
    table(layer.numerics(), Kind::numerics, {4, 4});
    if (const auto* output = layer.any_layer_as_OutputLayer(); table(output, Kind::output_layer, {4, 2, 4})) {
      layout(output->layout());
      shape_info(output->shape_info());
    }
    table(layer.any_layer_as_InputLayer(), Kind::input_layer, {});
    shape(layer.shape());
  }

  void layout(const edgetpu_schema::OutputLayout* at) {
    if (!table(at, Kind::output_layout, {4, 4, 4, 4, 4, 4})) return;
    vector(at->y_coordinate_to_linear_tile_id_map());
    vector(at->x_coordinate_to_linear_tile_id_map());
    vector(at->linearized_tile_byte_offset());
    vector(at->x_coordinate_to_local_byte_offset());
    vector(at->y_coordinate_to_local_y_offset());
    vector(at->x_coordinate_to_local_y_row_size());
  }

  void shape_info(const edgetpu_schema::OutputShapeInfo* at) {
    if (!table(at, Kind::shape_info, {4, 4})) return;
    each(at->slice_layout());
    vector(at->slice_offset());
  }

  void walk(const edgetpu_schema::TensorLayout& tensor) {
    if (!table(&tensor, Kind::tensor_layout, {4, 4})) return;
    shape(tensor.shape());
    vector(tensor.stride());
  }

  void shape(const edgetpu_schema::TensorShape* at) {
    // Range is a struct: its vector holds the values themselves.
    if (table(at, Kind::tensor_shape, {4}) && at->dimension() != nullptr)
      add(at->dimension(), 4 + std::uint64_t{at->dimension()->size()} * sizeof(edgetpu_schema::Range));
  }
};

}  // namespace nnlock::formats
