// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Describing a model without a key: nothing here is authenticated.

#include <algorithm>
#include <map>

#include "lock/file_io.hpp"
#include "lock/open.hpp"
#include "lock/plain_model.hpp"
#include "lock/select.hpp"
#include "nnlock/lock.hpp"

namespace nnlock {
namespace {

using namespace nnlock::lock;
using Span = std::pair<std::uint64_t, std::uint64_t>;

TensorInfo describe(const ParamSpan& p, std::string layout) {
  return {.name = p.name, .dtype = p.dtype, .shape = p.shape, .offset = p.offset, .length = p.length, .layout = std::move(layout)};
}

TensorInfo describe(const Constant& c, std::string layout) {
  TensorInfo info{.name = c.name, .dtype = c.dtype, .shape = c.shape, .offset = c.offset, .length = c.length, .layout = std::move(layout)};
  if (info.layout.empty()) info.reason = c.reason;
  return info;
}

RecordInfo describe(const Record& record, const FoundRecord& found) {
  RecordInfo info{.lock_id = record.core.lock_id,
                  .suite = record.core.suite,
                  .chunk_bytes = record.core.chunk_bytes(),
                  .chunks = covered_chunks(record.core, record.coverage),
                  .record_bytes = found.bytes.size(),
                  .slot_bytes = record.slot_bytes,
                  .family = record.core.family,
                  .in_sidecar = found.in_sidecar};
  if (record.envelope.hint) info.fingerprint_hint = keys::fingerprint_text(*record.envelope.hint);
  return info;
}

const char* name_of(Layout layout) {
  switch (layout) {
    case Layout::bytes: return "bytes";
    case Layout::plain: return "plain";
    case Layout::finite: return "finite";
    case Layout::range: return "range";
    case Layout::block: return "block";
  }
  return "";
}

FiniteInfo finite_info(const kernels::Finite& f) {
  const int bias = static_cast<int>(kernels::exponent_ones(f.dtype) / 2);
  if (f.lo == 0) return {.nonzero = false, .zero = true, .keeps_sign = f.keeps_sign};
  return {.low = f.lo - bias, .high = f.hi - bias, .zero = f.zero, .keeps_sign = f.keeps_sign};
}

// A tensor that is in the record, or would be.
TensorInfo describe(const auto& tensor, const Parameter& p, bool recorded) {
  TensorInfo info = describe(tensor, name_of(p.layout));
  if (p.layout == Layout::finite) info.finite = finite_info(p.finite());
  if (p.layout == Layout::range) info.range = RangeInfo{.bits = p.range().bits, .negative = p.range().negative};
  info.reason = why_no_numbers(p, tensor.dtype, recorded);
  return info;
}

// Tensors that are `params` go there, all others to constants.
void list_tensors(const formats::Structure& structure, std::span<const Parameter> params, ModelInfo& info) {
  const bool recorded = info.record.has_value();
  std::map<Span, const Parameter*> known;
  for (const Parameter& p : params) known.emplace(Span{p.offset, p.length}, &p);
  const auto place = [&](const auto& tensor, bool learned) {
    const auto found = known.find({tensor.offset, tensor.length});
    if (learned || found != known.end()) info.param_bytes += tensor.length;
    if (found != known.end()) {
      info.params.push_back(describe(tensor, *found->second, recorded));
      if (recorded && found->second->layout != Layout::plain) info.locked_bytes += tensor.length;
    } else {
      info.constants.push_back(describe(tensor, ""));
      if (learned && info.constants.back().reason.empty()) info.constants.back().reason = "not in the record";
    }
  };
  for (const ParamSpan& p : structure.params) place(p, true);
  for (const Constant& c : structure.constants) place(c, false);
  for (const Constant& c : structure.unlockable) place(c, true);
}

// With the layouts that locking without options would choose.
Result<ModelInfo> inspect_plain(const FileSource& source) {
  const auto codec = formats::detect(source);
  if (!codec) return codec.error();
  const auto model = read_plain_model(source, **codec);
  if (!model) return model.error();
  auto params = select_parameters(model->structure.params, 0, {}, {});
  const auto looked = choose_layouts(params, model->structure.params, source, *kernels::choose_numbers().kernel, {});
  if (!looked) return looked.error();
  ModelInfo info{.format = (*codec)->format(), .file_bytes = source.size(), .restored_bytes = source.size()};
  list_tensors(model->structure, params, info);
  return info;
}

Result<ModelInfo> inspect_locked(const FileSource& source, const FoundRecord& found) {
  const auto record = parse_record(found.bytes);
  if (!record) return record.error();
  const auto restored = RestoredSource::over(source, found.edits);
  if (!restored) return restored.error();
  const std::uint32_t index = record->coverage.first;
  const FileEntry& entry = record->core.files[index];
  if (restored->size() != entry.length)
    return Error{.code = ErrorCode::tampered, .message = "the model's size differs from what was locked", .hint = "get the file again from where it was published"};
  const auto params = params_of(record->core, index);
  auto image = Image::reserve(entry.length);
  if (!image) return image.error();
  const auto runs = clip_to_structure(entry.format, *restored, skeleton_runs(params, entry.length));
  if (!runs) return runs.error();
  if (auto filled = image->fill(*restored, *runs); !filled) return filled.error();
  const auto codec = formats::codec_for(entry.format);
  if (!codec) return codec.error();
  const auto structure = (*codec)->parse(image->bytes());
  if (!structure) return structure.error();
  ModelInfo info{.format = entry.format, .file_bytes = source.size(), .restored_bytes = entry.length, .record = describe(*record, found)};
  list_tensors(*structure, params, info);
  return info;
}

Result<ModelInfo> inspect_opened(const FileSource& source, const std::string& in, const std::string& sidecar_path) {
  const std::string path = sidecar_path.empty() ? in + ".nnlock" : sidecar_path;
  std::optional<std::vector<std::byte>> sidecar;
  if (!sidecar_path.empty() || file_exists(path)) {
    auto bytes = read_record_file(path);
    if (!bytes) return bytes.error();
    sidecar = *std::move(bytes);
  }
  const auto found = find_record(source, std::move(sidecar));
  if (found) return inspect_locked(source, *found);
  if (found.error().code == ErrorCode::not_locked) return inspect_plain(source);
  return found.error();
}

}  // namespace

Result<ModelInfo> inspect_file(const std::string& in, const std::string& sidecar_path) {
  if (auto ready = keys::crypto_ready(); !ready) return ready.error();
  const auto source = FileSource::open(in);
  if (!source) return source.error();
  auto info = inspect_opened(**source, in, sidecar_path);
  if (info) return info;
  Error error = info.error();
  if (error.file.empty()) error.file = in;
  return error;
}

}  // namespace nnlock
