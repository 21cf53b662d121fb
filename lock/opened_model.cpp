// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lock/opened_model.hpp"

#include <algorithm>

#include "lock/naming.hpp"

namespace nnlock::lock {
namespace {

Result<std::unique_ptr<OpenedPart>> open_file_part(const std::string& path, const std::string& sidecar_path, const MasterKey& key,
                                                   const UnlockOptions& options) {
  auto source = FileSource::open(path);
  if (!source) return source.error();
  auto sidecar = read_sidecar(path, sidecar_path);
  if (!sidecar) return sidecar.error();
  auto part = naming(open_part(**source, path, *std::move(sidecar), key, options), path);
  if (part) (*part)->source = *std::move(source);
  return part;
}

bool same_bytes(std::span<const std::byte> a, std::span<const std::byte> b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

// Records of one set say the same and cover each file once (section 8).
Result<void> check_set(const OpenedSet& opened) {
  const auto strange = [&](const OpenedPart& part, const char* message) {
    return Error{.code = ErrorCode::tampered, .message = message, .hint = "get the whole set again", .file = opened.set.path(part.main)};
  };
  const OpenedPart& front = *opened.parts.front();
  std::vector<bool> covered(front.record().core.files.size(), false);
  for (const auto& part : opened.parts) {
    if (!same_bytes(part->record().head, front.record().head) || !same_bytes(part->record().envelope_bytes, front.record().envelope_bytes))
      return strange(*part, "the file belongs to another lock than the rest of the set");
    for (std::uint32_t i = 0; i < part->record().coverage.count; ++i) {
      if (covered[part->first() + i]) return strange(*part, "the set holds a file twice");
      covered[part->first() + i] = true;
    }
  }
  if (std::find(covered.begin(), covered.end(), false) == covered.end()) return {};
  return Error{.code = ErrorCode::tampered, .message = "a file of the set is missing", .hint = "get the whole set again"};
}

// The shards that an index names stand in the order in which they were locked, so a swapped pair is seen.
Result<void> check_order(const OpenedSet& opened) {
  std::uint32_t next = 0;
  for (const auto& part : opened.parts) {
    if (part->first() != next)
      return Error{.code = ErrorCode::tampered,
                   .message = "the file stands in another's place in the set",
                   .hint = "get the whole set again",
                   .file = opened.set.path(part->main)};
    next += part->record().coverage.count;
  }
  return {};
}

}  // namespace

Result<void> open_companions(const Record& record, const formats::ByteSource& main, const std::string& path, Restored& restored,
                             std::vector<std::unique_ptr<FileSource>>& owned) {
  if (record.coverage.count == 1) return {};
  if (path.empty())
    return Error{.code = ErrorCode::unsupported, .message = "a model of several files cannot be opened from memory", .hint = "unlock it by its path"};
  const auto codec = formats::codec_for(record.core.files[record.coverage.first].format);
  if (!codec) return codec.error();
  auto names = companions_of(**codec, main, restored.main_name);
  if (!names) return names.error();
  for (const std::string& name : *names) {
    auto companion = open_companion(path, name);
    if (!companion) return companion.error();
    restored.files.push_back(companion->get());
    owned.push_back(*std::move(companion));
  }
  restored.companions = *std::move(names);
  return {};
}

Result<std::optional<std::vector<std::byte>>> read_sidecar(const std::string& path, const std::string& sidecar_path) {
  const std::string sidecar = sidecar_path.empty() ? path + ".nnlock" : sidecar_path;
  if (sidecar_path.empty() && !file_exists(sidecar)) return std::optional<std::vector<std::byte>>();
  auto bytes = read_record_file(sidecar);
  if (!bytes) return bytes.error();
  return std::optional(*std::move(bytes));
}

Result<std::unique_ptr<OpenedPart>> open_part(const formats::ByteSource& model, const std::string& path, std::optional<std::vector<std::byte>> sidecar,
                                              const MasterKey& key, const UnlockOptions& options) {
  auto part = std::make_unique<OpenedPart>();
  part->main = part->restored.main_name = name_of(path);
  auto found = find_record(model, std::move(sidecar));
  if (!found) return found.error();
  part->found = *std::move(found);
  auto restored = RestoredSource::over(model, part->found.edits);
  if (!restored) return restored.error();
  part->restored_main.emplace(*std::move(restored));
  part->restored.files = {&*part->restored_main};
  const auto record = parse_record(part->found.bytes);
  if (!record) return record.error();
  if (auto opened = open_companions(*record, *part->restored_main, path, part->restored, part->companions); !opened) return opened.error();
  auto keyed = open_record(part->found.bytes, key, options.decoy, lengths_of(part->restored));
  if (!keyed) return keyed.error();
  part->keyed.emplace(*std::move(keyed));
  auto files = open_files(*part->keyed, part->restored, &part->found);
  if (!files) return files.error();
  part->files = *std::move(files);
  const Demands demands{options.expected_lock_id, options.least_family};
  if (auto met = check_demands(part->record(), demands); !met) return met.error();
  const auto kernels = choose_kernels(part->record().core.suite);
  if (!kernels) return kernels.error();
  part->kernels = *kernels;
  part->tags.assign(part->record().tags.begin(), part->record().tags.end());
  return part;
}

Result<OpenedSet> open_set(const std::string& path, const MasterKey& key, const UnlockOptions& options) {
  auto set = find_set(path);
  if (!set) return set.error();
  OpenedSet opened{.set = *std::move(set), .parts = {}};
  const bool one = opened.set.kind == ModelSet::Kind::file;
  if (!one && !options.sidecar_path.empty())
    return Error{.code = ErrorCode::usage, .message = "a set of models has one record for each", .hint = "leave --sidecar out", .file = path};
  std::vector<std::string> locked;
  for (const std::string& main : opened.set.mains) {
    auto part = open_file_part(opened.set.path(main), options.sidecar_path, key, options);
    if (!part && opened.set.kind == ModelSet::Kind::folder && part.error().code == ErrorCode::not_locked) {
      opened.set.copied.push_back(main);
      continue;
    }
    if (!part) return part.error();
    (*part)->main = main;
    opened.parts.push_back(*std::move(part));
    locked.push_back(main);
  }
  if (opened.parts.empty())
    return Error{.code = ErrorCode::not_locked, .message = "no model of the folder is locked", .hint = "lock it with `nnlock lock`", .file = path};
  opened.set.mains = std::move(locked);
  if (one || options.decoy) return opened;
  if (auto checked = naming(check_set(opened), path); !checked) return checked.error();
  if (auto checked = check_order(opened); !checked) return checked.error();
  return opened;
}

std::uint64_t work_in(const OpenedPart& part) {
  std::uint64_t bytes = 0;
  for (const Parameter& p : part.record().core.params) bytes += part.record().coverage.covers(p.file) ? p.length : 0;
  return bytes;
}

Result<void> run_part(OpenedPart& part, std::span<const ChunkSink* const> sinks, bool verify_only, const UnlockOptions& options, std::uint64_t done_before,
                      std::uint64_t left_after) {
  const Record& record = part.record();
  const Pass pass = !part.keyed->fits ? Pass::decoy : verify_only ? Pass::verify : Pass::unlock;
  std::vector<FileEnds> ends;
  for (std::size_t i = 0; i < sinks.size(); ++i)
    ends.push_back({part.restored.files[i], sinks[i], i == 0 ? std::string_view() : std::string_view(part.restored.companions[i - 1])});
  const PassOptions pass_options{.threads = options.threads, .progress = &options.progress, .done_before = done_before, .left_after = left_after};
  const auto done = run_pass(pass, record.core, record.core_hash, record.coverage, part.keyed->keys, part.kernels, ends, part.tags, pass_options);
  if (done) return {};
  Error error = done.error();
  if (error.code != ErrorCode::tampered || !error.offset) return error;
  const auto companion = std::find(part.restored.companions.begin(), part.restored.companions.end(), error.file);
  const auto file = companion == part.restored.companions.end() ? 0 : 1 + (companion - part.restored.companions.begin());
  error.tensor = name_at(part.files.structure, static_cast<std::uint32_t>(file), *error.offset);
  if (file == 0) error.offset = stored_offset(part.found.edits, *error.offset);
  else error.file = part.companions[static_cast<std::size_t>(file) - 1]->path();
  return error;
}

UnlockReport report_on(std::span<const std::unique_ptr<OpenedPart>> parts) {
  const OpenedPart& front = *parts.front();
  UnlockReport report{.lock_id = front.record().core.lock_id, .files = 0, .kernel = kernel_names(front.kernels, front.record().core)};
  report.set_files = front.record().core.files.size();
  for (const auto& part : parts) {
    report.key_fits = report.key_fits && part->keyed->fits;
    report.files += part->record().coverage.count;
    report.bytes += work_in(*part);
    for (const Parameter& p : part->record().core.params) report.params += part->record().coverage.covers(p.file) ? 1U : 0U;
  }
  return report;
}

}  // namespace nnlock::lock
