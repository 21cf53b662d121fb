// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Where the structure of an ExecuTorch program lies. Constants inside the flatbuffer, and blobs of backends there, are the caller's.
#pragma once

#include "executorch_schema_generated.h"
#include "formats/flat_extents.hpp"

namespace nnlock::formats {

class ExecutorchExtents : FlatExtents {
 public:
  // `program`: the verified flatbuffer, at the start of the file.
  explicit ExecutorchExtents(std::span<const std::byte> program) : FlatExtents(program, 0) {}

  // All extents, sorted by begin. The first `head` bytes are structure too: identifier and extended header.
  Result<std::vector<Extent>> collect(const executorch_schema::Program& program, std::uint64_t head) {
    add({0, head});
    if (!table(&program, Kind::program, {4, 4, 4, 4, 4, 4, 4, 4})) return sorted();
    each(program.execution_plan());
    each(program.constant_buffer());
    each(program.backend_delegate_data());
    each(program.segments());
    if (program.constant_segment() != nullptr) walk(*program.constant_segment());
    each(program.mutable_data_segments());
    each(program.named_data());
    return sorted();
  }

 private:
  enum class Kind : std::uint16_t {
    program,
    plan,
    container,
    value,
    tensor,
    allocation,
    extra,
    op,
    chain,
    instruction,
    frame_list,
    frame,
    delegate,
    reference,
    compile_spec,
    device,
    buffer,
    inline_data,
    segment,
    subsegments,
    named_data,
    kernel = 0x100,    // + union member
    argument = 0x200,  // + union member
  };

  static constexpr Kind member(Kind kind, std::uint8_t type) {
    return static_cast<Kind>(static_cast<std::uint16_t>(kind) + type);
  }

  template <class T>
  void each(const Vector<flatbuffers::Offset<T>>* tables) {
    if (tables == nullptr) return;
    vector(tables);
    for (const T* item : *tables) walk(*item);
  }

  void walk(const executorch_schema::ExecutionPlan& plan) {
    if (!table(&plan, Kind::plan, {4, 4, 4, 4, 4, 4, 4, 4, 4, 4})) return;
    text(plan.name());
    if (const auto* meta = plan.container_meta_type(); table(meta, Kind::container, {4, 4})) {
      text(meta->encoded_inp_str());
      text(meta->encoded_out_str());
    }
    each(plan.values());
    vector(plan.inputs());
    vector(plan.outputs());
    each(plan.chains());
    each(plan.operators());
    each(plan.delegates());
    vector(plan.non_const_buffer_sizes());
    each(plan.non_const_buffer_device());
  }

  void walk(const executorch_schema::EValue& value) {
    if (!table(&value, Kind::value, {1, 4})) return;
    const auto is = [&](const void* at, Widths widths) {
      return table(at, member(Kind::kernel, static_cast<std::uint8_t>(value.val_type())), widths);
    };
    is(value.val_as_Null(), {});
    is(value.val_as_Int(), {8});
    is(value.val_as_Bool(), {1});
    is(value.val_as_Double(), {8});
    if (const auto* tensor = value.val_as_Tensor()) walk(*tensor);
    if (const auto* string = value.val_as_String(); is(string, {4})) text(string->string_val());
    if (const auto* list = value.val_as_IntList(); is(list, {4})) vector(list->items());
    if (const auto* list = value.val_as_DoubleList(); is(list, {4})) vector(list->items());
    if (const auto* list = value.val_as_BoolList(); is(list, {4})) vector(list->items());
    if (const auto* list = value.val_as_TensorList(); is(list, {4})) vector(list->items());
    if (const auto* list = value.val_as_OptionalTensorList(); is(list, {4})) vector(list->items());
  }

  void walk(const executorch_schema::Tensor& tensor) {
    if (!table(&tensor, Kind::tensor, {1, 4, 4, 4, 1, 4, 4, 1, 1, 4})) return;
    vector(tensor.sizes());
    vector(tensor.dim_order());
    table(tensor.allocation_info(), Kind::allocation, {4, 4, 4});
    if (const auto* extra = tensor.extra_tensor_info(); table(extra, Kind::extra, {8, 4, 1, 1, 1}))
      text(extra->fully_qualified_name());
  }

  void walk(const executorch_schema::Operator& op) {
    if (!table(&op, Kind::op, {4, 4})) return;
    text(op.name());
    text(op.overload());
  }

  void walk(const executorch_schema::Chain& chain) {
    if (!table(&chain, Kind::chain, {4, 4, 4, 4})) return;
    vector(chain.inputs());
    vector(chain.outputs());
    each(chain.instructions());
    each(chain.stacktrace());
  }

  void walk(const executorch_schema::Instruction& instruction) {
    if (!table(&instruction, Kind::instruction, {1, 4})) return;
    const auto is = [&](const void* at, Widths widths) {
      return table(at, member(Kind::argument, static_cast<std::uint8_t>(instruction.instr_args_type())), widths);
    };
    if (const auto* call = instruction.instr_args_as_KernelCall(); is(call, {4, 4})) vector(call->args());
    if (const auto* call = instruction.instr_args_as_DelegateCall(); is(call, {4, 4})) vector(call->args());
    is(instruction.instr_args_as_MoveCall(), {4, 4});
    is(instruction.instr_args_as_JumpFalseCall(), {4, 4});
    is(instruction.instr_args_as_FreeCall(), {4});
  }

  void walk(const executorch_schema::FrameList& list) {
    if (table(&list, Kind::frame_list, {4})) each(list.items());
  }

  void walk(const executorch_schema::Frame& frame) {
    if (!table(&frame, Kind::frame, {4, 4, 4, 4})) return;
    text(frame.filename());
    text(frame.name());
    text(frame.context());
  }

  void walk(const executorch_schema::BackendDelegate& delegate) {
    if (!table(&delegate, Kind::delegate, {4, 4, 4})) return;
    text(delegate.id());
    table(delegate.processed(), Kind::reference, {1, 4});
    each(delegate.compile_specs());
  }

  void walk(const executorch_schema::CompileSpec& spec) {
    if (!table(&spec, Kind::compile_spec, {4, 4})) return;
    text(spec.key());
    vector(spec.value());
  }

  void walk(const executorch_schema::NonConstBufferDevice& device) { table(&device, Kind::device, {4, 1, 1}); }

  void walk(const executorch_schema::Buffer& buffer) {
    if (table(&buffer, Kind::buffer, {4})) length_only(buffer.storage());
  }

  void walk(const executorch_schema::BackendDelegateInlineData& data) {
    if (table(&data, Kind::inline_data, {4})) length_only(data.data());
  }

  void walk(const executorch_schema::DataSegment& segment) { table(&segment, Kind::segment, {8, 8}); }

  void walk(const executorch_schema::SubsegmentOffsets& offsets) {
    if (table(&offsets, Kind::subsegments, {4, 4})) vector(offsets.offsets());
  }

  void walk(const executorch_schema::NamedData& data) {
    if (table(&data, Kind::named_data, {4, 4})) text(data.key());
  }
};

}  // namespace nnlock::formats
