// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Describing a model without a key: nothing here is authenticated.

#include <algorithm>
#include <map>

#include "lock/open.hpp"
#include "lock/file_io.hpp"
#include "nnlock/lock.hpp"

namespace nnlock {
namespace {

using namespace nnlock::lock;
using Span = std::pair<std::uint64_t, std::uint64_t>;

TensorInfo describe(const ParamSpan& p, std::string layout) {
  return {.name = p.name, .dtype = p.dtype, .shape = p.shape, .offset = p.offset, .length = p.length, .layout = std::move(layout)};
}

TensorInfo describe(const Constant& c, std::string layout) {
  return {.name = c.name, .dtype = c.dtype, .shape = c.shape, .offset = c.offset, .length = c.length, .layout = std::move(layout), .reason = c.reason};
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

// Learned tensors go to params when they are recorded (or, without a record, could be locked), the rest to constants.
void list_tensors(const formats::Structure& structure, const std::map<Span, Layout>* recorded, ModelInfo& info) {
  const auto place = [&](const auto& tensor, bool lockable, bool learned) {
    const auto layout = recorded != nullptr ? recorded->find({tensor.offset, tensor.length}) : decltype(recorded->end()){};
    const bool in_record = recorded != nullptr && layout != recorded->end();
    if (learned || in_record) info.param_bytes += tensor.length;
    if (in_record) {
      const bool plain = layout->second == Layout::plain;
      info.params.push_back(describe(tensor, plain ? "plain" : "bytes"));
      if (!plain) info.locked_bytes += tensor.length;
    } else if (recorded == nullptr && lockable) {
      info.params.push_back(describe(tensor, "bytes"));
    } else {
      info.constants.push_back(describe(tensor, ""));
      if (learned && info.constants.back().reason.empty()) info.constants.back().reason = "not in the record";
    }
  };
  for (const ParamSpan& p : structure.params) place(p, true, true);
  for (const Constant& c : structure.constants) place(c, false, false);
  for (const Constant& c : structure.unlockable) place(c, false, true);
}

Result<ModelInfo> inspect_plain(const FileSource& source) {
  const auto codec = formats::detect(source);
  if (!codec) return codec.error();
  const auto extent = (*codec)->structure_extent(source);
  if (!extent) return extent.error();
  auto image = Image::reserve(source.size());
  if (!image) return image.error();
  if (auto filled = image->fill(source, 0, *extent); !filled) return filled.error();
  const auto structure = (*codec)->parse(image->bytes());
  if (!structure) return structure.error();
  ModelInfo info{.format = (*codec)->format(), .file_bytes = source.size(), .restored_bytes = source.size()};
  list_tensors(*structure, nullptr, info);
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
  std::map<Span, Layout> recorded;
  for (const Parameter& p : params) recorded.emplace(Span{p.offset, p.length}, p.layout);
  list_tensors(*structure, &recorded, info);
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
