// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Describing a model without a key: nothing here is authenticated.

#include <algorithm>
#include <map>
#include <tuple>

#include "lock/naming.hpp"
#include "lock/opened_model.hpp"
#include "lock/plain_model.hpp"
#include "lock/select.hpp"
#include "nnlock/lock.hpp"

namespace nnlock {
namespace {

using namespace nnlock::lock;
using Place = std::tuple<std::uint32_t, std::uint64_t, std::uint64_t>;  // file of the model, offset, length

// One part of what is looked at.
struct Part {
  std::uint32_t first_file = 0;             // of the part in its record
  std::vector<std::string> names;           // of its files, as shown; empty for a model of one file
  const std::string& name(std::uint32_t file) const {
    static const std::string none;
    return file < names.size() ? names[file] : none;
  }
};

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

const char* layout_name(Layout layout) {
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

StructLayout structs_of(const ParamSpan& p) { return p.structs; }
StructLayout structs_of(const Constant&) { return {}; }

// A tensor that is in the record, or would be.
TensorInfo describe(const auto& tensor, const Parameter& p, bool recorded) {
  TensorInfo info = describe(tensor, layout_name(p.layout));
  if (p.layout == Layout::finite) info.finite = finite_info(p.finite());
  if (p.layout == Layout::range) info.range = RangeInfo{.bits = p.range().bits, .negative = p.range().negative};
  info.reason = why_no_numbers(p, tensor.dtype, structs_of(tensor), recorded);
  return info;
}

// Tensors that are `params` go there, all others to constants.
void list_tensors(const formats::Structure& structure, std::span<const Parameter> params, const Part& part, bool recorded, ModelInfo& info) {
  std::map<Place, const Parameter*> known;
  for (const Parameter& p : params) known.emplace(Place{p.file - part.first_file, p.offset, p.length}, &p);
  const auto place = [&](const auto& tensor, bool learned) {
    const auto found = known.find({tensor.file, tensor.offset, tensor.length});
    if (learned || found != known.end()) info.param_bytes += tensor.length;
    if (found != known.end()) {
      info.params.push_back(describe(tensor, *found->second, recorded));
      info.params.back().file = part.name(tensor.file);
      if (recorded && found->second->layout != Layout::plain) info.locked_bytes += tensor.length;
    } else {
      info.constants.push_back(describe(tensor, ""));
      info.constants.back().file = part.name(tensor.file);
      if (learned && info.constants.back().reason.empty()) info.constants.back().reason = "not in the record";
    }
  };
  for (const ParamSpan& p : structure.params) place(p, true);
  for (const Constant& c : structure.constants) place(c, false);
  for (const Constant& c : structure.unlockable) place(c, true);
}

void add_files(ModelInfo& info, std::uint64_t stored_main, std::span<const formats::ByteSource* const> restored) {
  info.file_bytes += stored_main;
  for (std::size_t i = 0; i < restored.size(); ++i) {
    info.restored_bytes += restored[i]->size();
    if (i > 0) info.file_bytes += restored[i]->size();
  }
  info.files += restored.size();
}

std::vector<std::string> shown_names(const ModelSet& set, const std::string& main, std::span<const std::string> companions) {
  if (set.kind == ModelSet::Kind::file && companions.empty()) return {};
  std::vector<std::string> names{main};
  for (const std::string& companion : companions) names.push_back(prefix_of(main) + companion);
  return names;
}

// A set is described as one model, so its models must be alike: all plain, or all of one lock.
Result<void> check_alike(const ModelInfo& info, const RecordInfo* record) {
  const bool first = info.files == 0;
  if (first || (info.record.has_value() == (record != nullptr) && (record == nullptr || info.record->lock_id == record->lock_id))) return {};
  return Error{.code = ErrorCode::unsupported,
               .message = "some models of the set are locked and others are not, or by another lock",
               .hint = "inspect them one by one"};
}

// With the layouts that locking without options would choose.
Result<void> inspect_plain(const ModelSet& set, const std::string& main, ModelInfo& info) {
  const auto part = read_plain_part(set, main);
  if (!part) return part.error();
  auto params = select_parameters(part->structure.params, 0, {}, {});
  BlockTable blocks;
  std::size_t first = 0;
  std::vector<const formats::ByteSource*> files;
  for (std::uint32_t i = 0; i < part->sources.size(); ++i) {
    std::size_t count = 0;
    while (first + count < params.size() && params[first + count].file == i) ++count;
    const auto looked = choose_layouts(std::span(params).subspan(first, count), blocks, std::span(part->structure.params).subspan(first, count),
                                       *part->sources[i], *kernels::choose_numbers().kernel, {});
    if (!looked) return looked.error();
    first += count;
    files.push_back(part->sources[i].get());
  }
  if (auto alike = check_alike(info, nullptr); !alike) return alike;
  info.format = info.files == 0 ? part->codec->format() : info.format;
  add_files(info, part->sources.front()->size(), files);
  list_tensors(part->structure, params, {.names = shown_names(set, main, part->companions)}, false, info);
  return {};
}

void add_record(ModelInfo& info, const RecordInfo& record) {
  if (!info.record) {
    info.record = record;
    return;
  }
  info.record->chunks += record.chunks;
  info.record->record_bytes += record.record_bytes;
}

Result<void> inspect_locked(const ModelSet& set, const std::string& main, const FileSource& source, const FoundRecord& found, ModelInfo& info) {
  const auto record = parse_record(found.bytes);
  if (!record) return record.error();
  const auto main_file = RestoredSource::over(source, found.edits);
  if (!main_file) return main_file.error();
  const Core& core = record->core;
  const FileEntry& entry = core.files[record->coverage.first];
  const auto codec = formats::codec_for(entry.format);
  if (!codec) return codec.error();
  Restored restored{.files = {&*main_file}, .main_name = lock::name_of(main), .companions = {}};
  std::vector<std::unique_ptr<FileSource>> companions;
  if (auto opened = open_companions(*record, *main_file, source.path(), restored, companions); !opened) return opened.error();
  if (auto sized = check_lengths(*record, lengths_of(restored)); !sized) return sized.error();
  const auto images = unkeyed_images(core, record->coverage, restored);
  if (!images) return images.error();
  const auto structure = (*codec)->parse_files(images->views());
  if (!structure) return structure.error();
  const RecordInfo described = describe(*record, found);
  if (auto alike = check_alike(info, &described); !alike) return alike;
  info.format = info.files == 0 ? entry.format : info.format;
  add_files(info, source.size(), restored.files);
  add_record(info, described);
  std::vector<Parameter> params;
  std::copy_if(core.params.begin(), core.params.end(), std::back_inserter(params), [&](const Parameter& p) { return record->coverage.covers(p.file); });
  list_tensors(*structure, params, {record->coverage.first, shown_names(set, main, restored.companions)}, true, info);
  return {};
}

Result<void> inspect_part(const ModelSet& set, const std::string& main, const std::string& sidecar_path, ModelInfo& info) {
  const auto source = FileSource::open(set.path(main));
  if (!source) return source.error();
  auto sidecar = read_sidecar(set.path(main), sidecar_path);
  if (!sidecar) return sidecar.error();
  const auto found = find_record(**source, *std::move(sidecar));
  if (found) return inspect_locked(set, main, **source, *found, info);
  if (found.error().code == ErrorCode::not_locked) return inspect_plain(set, main, info);
  return found.error();
}

}  // namespace

Result<ModelInfo> inspect_file(const std::string& in, const std::string& sidecar_path) {
  if (auto ready = keys::crypto_ready(); !ready) return ready.error();
  const auto set = naming(find_set(in), in);
  if (!set) return set.error();
  ModelInfo info{.files = 0};
  for (const std::string& main : set->mains)
    if (auto looked = naming(inspect_part(*set, main, set->kind == ModelSet::Kind::file ? sidecar_path : std::string(), info), set->path(main)); !looked)
      return looked.error();
  return info;
}

}  // namespace nnlock
