// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Values stand in the flatbuffer, or in segments behind it: constants of tensors, first states of mutable tensors, blobs of backends,
// and data with a name that backends ask for (pytorch/executorch: runtime/executor/program.cpp, tensor_parser_exec_aten.cpp).
#include "formats/executorch_program.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "formats/executorch_extents.hpp"
#include "formats/executorch_spans.hpp"
#include "formats/executorch_types.hpp"
#include "formats/executorch_xnnpack.hpp"

namespace nnlock::formats {
namespace {

template <class T>
std::uint32_t length(const flatbuffers::Vector<T>* vector) {
  return vector == nullptr ? 0 : vector->size();
}

std::string_view view(const flatbuffers::String* text) { return text == nullptr ? std::string_view() : text->string_view(); }

class ProgramReader {
 public:
  ProgramReader(std::span<const std::byte> image, const ExecutorchHeader& header, const executorch_schema::Program& program)
      : image_(image), header_(header), program_(program), spans_(image.size()) {}

  Result<Structure> read() {
    auto extents = ExecutorchExtents(image_.first(header_.program_size)).collect(program_, header_.head);
    if (!extents) return extents.error();
    extents_ = std::move(*extents);
    if (auto step = place_segments(); !step) return step.error();
    if (auto step = read_names(); !step) return step.error();
    for (std::uint32_t p = 0; p < length(program_.execution_plan()); ++p)
      if (auto step = read_plan(*program_.execution_plan()->Get(p)); !step) return step.error();
    list_unknown_segments();
    return structure();
  }

 private:
  static constexpr std::uint32_t kMaxRank = 32;  // the runtime takes 16; bounds what is copied for display

  static Error bad(std::string message, std::uint64_t offset, std::string tensor = {}) {
    return ConstantSpans::bad(std::move(message), offset, std::move(tensor));
  }
  static Error elsewhere(std::uint64_t offset, std::string tensor) {
    return Error{.code = ErrorCode::unsupported,
                 .message = "the values lie in another file, which this version cannot lock",
                 .hint = "export the model with its weights inside the program",
                 .tensor = std::move(tensor),
                 .offset = offset};
  }

  std::uint64_t offset_of(const void* at) const {
    return static_cast<std::uint64_t>(static_cast<const std::byte*>(at) - image_.data());
  }

  // Segments lie behind the program and share no byte.
  Result<void> place_segments() {
    for (std::uint32_t i = 0; i < length(program_.segments()); ++i) {
      const executorch_schema::DataSegment& segment = *program_.segments()->Get(i);
      const std::uint64_t room = image_.size() - header_.segment_base;
      const bool placed = header_.segment_base >= header_.program_size && inside(segment.offset(), segment.size(), room);
      if (!placed && segment.size() > 0) return bad("a segment lies outside the file, or there is no segment base", offset_of(&segment));
      const std::uint64_t begin = placed ? header_.segment_base + segment.offset() : 0;
      segments_.push_back({begin, begin + segment.size()});
    }
    known_.resize(segments_.size());
    std::vector<Extent> sorted;
    for (const Extent& segment : segments_)
      if (segment.end > segment.begin) sorted.push_back(segment);
    std::sort(sorted.begin(), sorted.end(), [](const Extent& a, const Extent& b) { return a.begin < b.begin; });
    for (std::size_t i = 1; i < sorted.size(); ++i)
      if (sorted[i].begin < sorted[i - 1].end) return bad("two segments overlap", sorted[i].begin);
    return {};
  }

  Result<void> read_names() {
    for (std::uint32_t i = 0; i < length(program_.named_data()); ++i) {
      const executorch_schema::NamedData& data = *program_.named_data()->Get(i);
      if (data.segment_index() >= segments_.size()) return bad("named data names a segment that does not exist", offset_of(&data));
      if (!named_.emplace(view(data.key()), data.segment_index()).second)
        return bad("two named data have one key", offset_of(&data));
    }
    return {};
  }

  Result<void> read_plan(const executorch_schema::ExecutionPlan& plan) {
    const std::string name(view(plan.name()).substr(0, 256));
    const std::vector<bool> scales = find_scales(plan);
    for (std::uint32_t v = 0; v < length(plan.values()); ++v)
      if (const auto* tensor = plan.values()->Get(v)->val_as_Tensor())
        if (auto step = read_tensor(*tensor, name + "/value " + std::to_string(v), scales[v]); !step) return step;
    for (std::uint32_t d = 0; d < length(plan.delegates()); ++d)
      if (auto step = read_delegate(*plan.delegates()->Get(d), name, d); !step) return step;
    return {};
  }

  // Which values some operator takes as scales or zero points.
  static std::vector<bool> find_scales(const executorch_schema::ExecutionPlan& plan) {
    std::vector<bool> found(length(plan.values()), false);
    for (std::uint32_t c = 0; c < length(plan.chains()); ++c) {
      const auto* instructions = plan.chains()->Get(c)->instructions();
      for (std::uint32_t i = 0; i < length(instructions); ++i) {
        const auto* call = instructions->Get(i)->instr_args_as_KernelCall();
        if (call == nullptr || call->op_index() < 0 || static_cast<std::uint32_t>(call->op_index()) >= length(plan.operators()))
          continue;
        const auto first = executorch_scales(view(plan.operators()->Get(static_cast<std::uint32_t>(call->op_index()))->name()));
        if (!first) continue;
        for (std::uint32_t a = *first; a < *first + 2 && a < length(call->args()); ++a)
          if (const auto value = static_cast<std::uint32_t>(call->args()->Get(a)); value < found.size()) found[value] = true;
      }
    }
    return found;
  }

  Result<void> read_tensor(const executorch_schema::Tensor& tensor, std::string name, bool is_scale) {
    const auto* extra = tensor.extra_tensor_info();
    if (extra != nullptr && !view(extra->fully_qualified_name()).empty()) name = view(extra->fully_qualified_name()).substr(0, 256);
    if (extra != nullptr && extra->location() == executorch_schema::TensorDataLocation::EXTERNAL)
      return elsewhere(offset_of(&tensor), std::move(name));
    if (tensor.data_buffer_idx() == 0) return {};
    const auto type = executorch_type(tensor.scalar_type());
    if (!type)
      return Error{.code = ErrorCode::unsupported,
                   .message = "the tensor has type " + std::to_string(tensor.scalar_type()) + ", which this version does not know",
                   .hint = "use a newer nnlock",
                   .tensor = std::move(name),
                   .offset = offset_of(&tensor)};
    ConstantSpan span{.reason = is_scale ? "scales or zero points of quantisation" : type->reason,
                      .name = std::move(name),
                      .used = true,
                      .dtype = type->dtype};
    if (auto step = measure(tensor, type->bytes, span); !step) return step;
    if (span.length == 0) return {};
    const auto place = place_of(tensor, span.length, extra == nullptr ? 0 : extra->mutable_data_segments_idx());
    if (!place) return bad(place.error().message, offset_of(&tensor), std::move(span.name));
    span.offset = *place;
    return spans_.add(std::move(span));
  }

  Result<void> measure(const executorch_schema::Tensor& tensor, std::uint64_t element, ConstantSpan& span) const {
    if (length(tensor.sizes()) > kMaxRank) return bad("the tensor has more than 32 dimensions", offset_of(&tensor), span.name);
    if (tensor.storage_offset() != 0) return bad("the tensor starts inside its values", offset_of(&tensor), span.name);
    std::uint64_t bytes = element;
    for (std::uint32_t d = 0; d < length(tensor.sizes()); ++d) {
      const std::int32_t size = tensor.sizes()->Get(d);
      if (size < 0) return bad("the constant has a negative dimension", offset_of(&tensor), span.name);
      span.shape.push_back(static_cast<std::uint64_t>(size));
      // Too many bytes for the file stay too many, unless another dimension is 0.
      bytes = size == 0 ? 0 : std::min(bytes, (std::uint64_t{1} << 62) / static_cast<std::uint64_t>(size)) * static_cast<std::uint64_t>(size);
    }
    span.length = bytes;
    return {};
  }

  // Where the values of a tensor with a data buffer start.
  Result<std::uint64_t> place_of(const executorch_schema::Tensor& tensor, std::uint64_t bytes, std::uint64_t mutable_index) {
    const std::uint32_t index = tensor.data_buffer_idx();
    if (tensor.allocation_info() != nullptr) {  // a mutable tensor with a first state; the runtime looks at the first list only
      if (mutable_index != 0 || length(program_.mutable_data_segments()) == 0)
        return bad("the tensor's first state is in no list of mutable data", 0);
      return in_segment(*program_.mutable_data_segments()->Get(0), index, bytes);
    }
    const auto* segment = program_.constant_segment();
    const bool in_segments = segment != nullptr && length(segment->offsets()) > 1;
    if (in_segments && length(program_.constant_buffer()) > 0) return bad("the program has constants in two places", 0);
    if (in_segments) return in_segment(*segment, index, bytes);
    if (index >= length(program_.constant_buffer())) return bad("the tensor names constants that do not exist", 0);
    const auto* storage = program_.constant_buffer()->Get(index)->storage();
    if (length(storage) != bytes) return bad("the tensor's constants have another size than the tensor", 0);
    return offset_of(storage->data());
  }

  Result<std::uint64_t> in_segment(const executorch_schema::SubsegmentOffsets& list, std::uint32_t index, std::uint64_t bytes) {
    if (list.segment_index() >= segments_.size()) return bad("the tensor's constants are in a segment that does not exist", 0);
    if (index >= length(list.offsets())) return bad("the tensor names constants that do not exist", 0);
    const Extent& segment = segments_[list.segment_index()];
    known_[list.segment_index()] = true;
    const std::uint64_t offset = list.offsets()->Get(index);
    if (!inside(offset, bytes, segment.end - segment.begin)) return bad("the tensor's constants lie outside their segment", 0);
    return segment.begin + offset;
  }

  Result<void> read_delegate(const executorch_schema::BackendDelegate& delegate, const std::string& plan, std::uint32_t number) {
    const std::string name = plan + "/" + std::string(view(delegate.id()).substr(0, 64)) + " " + std::to_string(number);
    const auto* reference = delegate.processed();
    if (reference == nullptr) return {};
    const std::uint32_t index = reference->index();
    Extent blob;
    if (reference->location() == executorch_schema::DataLocation::SEGMENT) {
      if (index >= segments_.size()) return bad("the delegate's blob is in a segment that does not exist", offset_of(reference), name);
      blob = segments_[index];
      known_[index] = true;
    } else {
      if (index >= length(program_.backend_delegate_data()))
        return bad("the delegate's blob does not exist", offset_of(reference), name);
      const auto* data = program_.backend_delegate_data()->Get(index)->data();
      if (data != nullptr) blob = {offset_of(data->data()), offset_of(data->data()) + data->size()};
    }
    if (blob.end == blob.begin || !blobs_.emplace(blob.begin, blob.end).second) return {};  // two methods may share a blob
    if (!disjoint_.add(blob)) return bad("two blobs overlap", blob.begin, name);
    if (view(delegate.id()) == "XnnpackBackend") return read_xnnpack(blob, name);
    unlockable(blob, name, "a blob for a backend that this version does not know");
    return {};
  }

  Result<void> read_xnnpack(Extent place, const std::string& name) {
    auto blob = read_xnnpack_blob(image_, place);
    if (!blob) {
      Error error = blob.error();
      error.tensor = name;
      return error;
    }
    if (*blob->unlockable != '\0') unlockable(place, name, blob->unlockable);
    extents_.insert(extents_.end(), blob->extents.begin(), blob->extents.end());
    for (XnnpackConstant& constant : blob->constants) {
      std::string full = name + "/value " + std::to_string(constant.value);
      if (!constant.key.empty()) {
        const auto named = named_.find(constant.key);
        if (named == named_.end()) return elsewhere(place.begin, std::move(full));
        constant.place = segments_[named->second];
        known_[named->second] = true;
      }
      const std::uint64_t bytes = constant.place.end - constant.place.begin;
      if (bytes == 0) continue;
      const bool whole = fills(constant.shape, constant.bits, bytes);
      ConstantSpan span{.offset = constant.place.begin, .length = bytes, .reason = constant.reason, .name = std::move(full), .used = true};
      span.dtype = whole ? constant.dtype : Dtype::opaque;
      span.shape = std::move(constant.shape);
      if (auto step = spans_.add(std::move(span)); !step) return step;
    }
    return {};
  }

  void unlockable(Extent extent, std::string name, std::string reason) {
    unlockable_.push_back({.name = std::move(name),
                           .shape = {extent.end - extent.begin},
                           .offset = extent.begin,
                           .length = extent.end - extent.begin,
                           .reason = std::move(reason)});
  }

  // What no tensor and no known backend led to may hold weights all the same.
  void list_unknown_segments() {
    for (std::size_t i = 0; i < segments_.size(); ++i)
      if (!known_[i] && segments_[i].end > segments_[i].begin)
        unlockable(segments_[i], "segment " + std::to_string(i), "a segment for something that this version does not know");
  }

  Result<Structure> structure() {
    spans_.merge();
    if (auto step = spans_.check_disjoint(); !step) return step.error();
    std::sort(extents_.begin(), extents_.end(), [](const Extent& a, const Extent& b) { return a.begin < b.begin; });
    if (auto step = spans_.check_structure(extents_); !step) return step.error();
    Structure found = spans_.structure();
    found.unlockable = std::move(unlockable_);
    return found;
  }

  std::span<const std::byte> image_;
  const ExecutorchHeader& header_;
  const executorch_schema::Program& program_;
  std::vector<Extent> segments_;  // in the file; 0 to 0 for empty ones without a place
  std::vector<bool> known_;       // segments that something known leads to
  std::map<std::string_view, std::uint32_t> named_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> blobs_;  // of delegates: begin and end
  Disjoint disjoint_;
  std::vector<Extent> extents_;
  ExecutorchSpans spans_;
  std::vector<Constant> unlockable_;
};

}  // namespace

Result<Structure> read_executorch(std::span<const std::byte> image, const ExecutorchHeader& header,
                                  const executorch_schema::Program& program) {
  return ProgramReader(image, header, program).read();
}

}  // namespace nnlock::formats
