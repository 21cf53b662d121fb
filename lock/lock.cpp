// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Locking a model file (spec/lock-v1.md section 7).

#include <openssl/rand.h>

#include "lock/derived.hpp"
#include "lock/engine.hpp"
#include "lock/lock_with_id.hpp"
#include "lock/naming.hpp"
#include "lock/open.hpp"
#include "lock/outputs.hpp"
#include "lock/plain_model.hpp"
#include "lock/seal.hpp"
#include "lock/sinks.hpp"
#include "nnlock/lock.hpp"

namespace nnlock {
namespace {

using namespace nnlock::lock;
using formats::Edit;

constexpr std::uint8_t kLargestChunkLog2 = 24;

Core make_core(const Prepared& model, const LockOptions& options, const LockId& lock_id) {
  return {.suite = options.suite,
          .lock_id = lock_id,
          .chunk_log2 = options.chunk_log2,
          .family = options.family,
          .files = model.files,
          .params = model.params,
          .blocks = model.blocks};
}

Coverage coverage_of(const PlainPart& part) { return {part.first_file, static_cast<std::uint32_t>(part.sources.size())}; }

// One seal for each part: they differ in what they cover only.
std::vector<Seal> make_seals(const Prepared& model, const MasterKey& key, const LockOptions& options) {
  std::vector<Seal> seals;
  for (const PlainPart& part : model.parts) {
    seals.push_back({.coverage = coverage_of(part), .slot_bytes = options.slot_bytes});
    if (options.fingerprint_hint) seals.back().envelope.hint = key.fingerprint_bytes();
  }
  return seals;
}

bool all_fit(const Sealing& sealing, const Prepared& model, std::span<const Seal> seals, bool sidecar) {
  for (std::size_t i = 0; i < seals.size(); ++i)
    if (sealed_size(sealing, seals[i]) > (sidecar ? kMaxSidecar : model.parts[i].codec->record_limit())) return false;
  return true;
}

// The smallest chunk size, from the one asked for, at which each record fits its container.
Result<Sealing> begin_fitting(Core core, const MasterKey& key, const Prepared& model, std::span<const Seal> seals, bool sidecar) {
  const Coverage all{0, static_cast<std::uint32_t>(core.files.size())};
  if (core.files.size() > kMaxSetFiles || core.params.size() > kMaxParams || covered_chunks(core, all) > kMaxChunks)
    return Error{.code = ErrorCode::unsupported, .message = "the model has more files, parameters or chunks than a record can hold", .hint = "use a larger --chunk"};
  for (;; ++core.chunk_log2) {
    Sealing sealing = begin_sealing(core, key);
    if (all_fit(sealing, model, seals, sidecar)) return sealing;
    if (core.chunk_log2 >= kLargestChunkLog2)
      return Error{.code = ErrorCode::unsupported, .message = "the record does not fit into the model file", .hint = "use --sidecar"};
  }
}

Result<void> check_options(const LockOptions& options) {
  if (options.chunk_log2 < 16 || options.chunk_log2 > kLargestChunkLog2)
    return Error{.code = ErrorCode::usage, .message = "the chunk size must be a power of two from 64 KiB to 16 MiB"};
  if (options.slot_bytes < 64 || options.slot_bytes > (1U << 20))
    return Error{.code = ErrorCode::usage, .message = "the room for recipients must be 64 bytes to 1 MiB"};
  if (options.suite != Suite::aes256 && options.suite != Suite::chacha20)
    return Error{.code = ErrorCode::usage, .message = "unknown suite"};
  if (options.layout != LayoutChoice::automatic && options.layout != LayoutChoice::bytes)
    return Error{.code = ErrorCode::usage, .message = "unknown choice of layouts"};
  return {};
}

// Where a record goes must not be where its model goes, nor may a record of some other model lie where one would be looked for.
Result<void> check_sidecar_place(const std::string& out, const std::string& sidecar, const LockOptions& options) {
  if (options.sidecar && same_place(out, sidecar))
    return Error{.code = ErrorCode::usage, .message = "the model and its record would be one file", .hint = "give the sidecar another name", .file = sidecar};
  if (!options.sidecar && file_exists(sidecar))
    return Error{.code = ErrorCode::usage,
                 .message = "a record lies where one for the output would be looked for",
                 .hint = "move it away, or give the output another name",
                 .file = sidecar};
  return {};
}

std::uint64_t& count_of(LayoutCounts& counts, Layout layout) {
  switch (layout) {
    case Layout::plain: return counts.plain;
    case Layout::finite: return counts.finite;
    case Layout::range: return counts.range;
    case Layout::block: return counts.block;
    case Layout::bytes: break;
  }
  return counts.bytes;
}

LockReport report_on(const Sealing& sealing, const Prepared& model, const ModelSet& set) {
  LockReport report{.lock_id = sealing.core.lock_id,
                    .fallen_back = model.fallen_back,
                    .files = sealing.core.files.size(),
                    .copied_files = set.copied.size(),
                    .plain_bytes = model.unlockable_bytes,
                    .kernel = kernel_names(model.kernels, sealing.core)};
  for (const Parameter& p : sealing.core.params) {
    const bool plain = p.layout == Layout::plain;
    (plain ? report.plain_bytes : report.locked_bytes) += p.length;
    report.params += plain ? 0 : 1;
    ++count_of(report.layouts, p.layout);
  }
  return report;
}

// Where one part goes: its files, main file first, and its record's if that is no part of the main file.
struct PartOutputs {
  std::vector<OutputFile*> files;
  OutputFile* sidecar = nullptr;
  std::vector<Edit> edits;  // of the main file
};

Result<std::vector<Edit>> plan_edits(const PlainPart& part, const Sealing& sealing, const Seal& seal) {
  const std::vector<std::byte> room(static_cast<std::size_t>(sealed_size(sealing, seal)));
  return part.codec->embed(part.images.files.front().bytes(), room);  // sizes depend on the record's size only
}

// Companions and record first: nobody may see the main file without them.
Result<PartOutputs> add_outputs(Outputs& outputs, const PlainPart& part, const std::string& main_path, const LockOptions& options, bool one) {
  const std::string sidecar = options.sidecar && !options.sidecar_path.empty() && one ? options.sidecar_path : main_path + ".nnlock";
  if (auto checked = check_sidecar_place(main_path, sidecar, options); !checked) return checked.error();
  PartOutputs to{.files = std::vector<OutputFile*>(part.sources.size()), .sidecar = nullptr, .edits = {}};
  const auto add = [&](OutputFile*& file, const std::string& path, const FileSource* input) -> Result<void> {
    const auto added = outputs.add(path, input);
    if (!added) return added.error();
    file = *added;
    return {};
  };
  for (std::size_t i = part.sources.size(); i-- > 1;)
    if (auto added = add(to.files[i], prefix_of(main_path) + part.companions[i - 1], part.sources[i].get()); !added) return added.error();
  if (options.sidecar)
    if (auto added = add(to.sidecar, sidecar, part.sources.front().get()); !added) return added.error();
  if (auto added = add(to.files.front(), main_path, part.sources.front().get()); !added) return added.error();
  return to;
}

// The codec sees in the private copies what it saw in the files.
Error naming_tensor(Error error, const PlainPart& part) {
  if (error.code != ErrorCode::bad_model || !error.offset) return error;
  for (std::uint32_t i = 0; i < part.sources.size(); ++i)
    if (part.sources[i]->path() == error.file) error.tensor = name_at(part.structure, i, *error.offset);
  return error;
}

// Step 5 for one part: its record, the skeletons of its files, and what follows from the locked bytes.
Result<std::uint64_t> finish_part(const Prepared& model, const PlainPart& part, const Sealing& sealing, const Seal& seal, PartOutputs& to,
                                  std::span<const std::byte> digests, std::span<const std::byte> tags) {
  const auto record = finish_sealing(sealing, seal, digests, tags);
  const OutputFile& main = *to.files.front();
  if (to.sidecar != nullptr) {
    if (auto written = write_at(to.sidecar->fd(), 0, record, to.sidecar->path()); !written) return written.error();
  } else {
    auto edits = part.codec->embed(part.images.files.front().bytes(), record);
    if (!edits) return edits.error();
    if (stored_length(*edits, 0) != stored_length(to.edits, 0))
      return Error{.code = ErrorCode::bad_model, .message = "the record's place moved while the model was locked"};
    to.edits = *std::move(edits);
  }
  for (std::uint32_t i = 0; i < to.files.size(); ++i) {
    const OutputFile& out = i == 0 ? main : *to.files[i];
    const auto edits = i == 0 ? std::span<const Edit>(to.edits) : std::span<const Edit>();
    const auto image = part.images.files[i].bytes();
    if (auto written = write_skeleton(out.fd(), out.path(), image, model.runs[part.first_file + i], edits); !written) return written.error();
    const WrittenFile stored(out.fd(), stored_length(edits, image.size()), out.path());
    const auto restored = RestoredSource::over(stored, edits);
    if (!restored) return restored.error();
    const auto put = [&](std::uint64_t offset, std::span<const std::byte> value) { return write_at(out.fd(), stored_offset(edits, offset), value, out.path()); };
    if (auto written = write_derived(part.structure, i, *restored, put); !written) return written.error();
  }
  return record.size();
}

// Step 4: all parameters of all parts, chunk by chunk; returns the tags.
Result<std::vector<std::byte>> lock_parameters(const Prepared& model, const Sealing& sealing, std::span<const PartOutputs> to, const LockOptions& options) {
  std::vector<FileSink> sinks;
  std::vector<FileEnds> ends;
  sinks.reserve(sealing.core.files.size());
  for (std::size_t p = 0; p < to.size(); ++p)
    for (std::size_t i = 0; i < to[p].files.size(); ++i) {
      const auto edits = i == 0 ? std::span<const Edit>(to[p].edits) : std::span<const Edit>();
      const FileSink& sink = sinks.emplace_back(to[p].files[i]->fd(), to[p].files[i]->path(), edits);
      ends.push_back({model.parts[p].sources[i].get(), &sink, model.parts[p].sources[i]->path()});
    }
  const Coverage all{0, static_cast<std::uint32_t>(sealing.core.files.size())};
  std::vector<std::byte> tags(static_cast<std::size_t>(covered_chunks(sealing.core, all)) * 16);
  const PassOptions pass{.threads = options.threads, .progress = &options.progress, .done_before = model.scanned_bytes};
  const auto done = run_pass(Pass::lock, sealing.core, sealing.core_hash, all, sealing.keys, model.kernels, ends, tags, pass);
  if (done) return tags;
  Error error = done.error();
  for (const PlainPart& part : model.parts) error = naming_tensor(std::move(error), part);
  return error;
}

Result<void> copy_others(const ModelSet& set, const ModelSet& to, Outputs& outputs) {
  for (std::size_t i = 0; i < set.copied.size(); ++i) {
    const auto source = FileSource::open(set.path(set.copied[i]));
    if (!source) return source.error();
    if (auto copied = outputs.add_copy(to.path(to.copied[i]), **source); !copied) return copied;
  }
  return {};
}

struct Job {
  const ModelSet& set;
  const Prepared& model;
  const LockOptions& options;
  std::string out;
};

Result<std::vector<PartOutputs>> plan_outputs(const Job& job, const Sealing& sealing, std::span<const Seal> seals, Outputs& outputs) {
  const ModelSet to = set_at(job.set, job.out);
  if (auto copied = copy_others(job.set, to, outputs); !copied) return copied.error();
  std::vector<PartOutputs> planned;
  for (std::size_t p = 0; p < job.model.parts.size(); ++p) {
    const PlainPart& part = job.model.parts[p];
    auto part_outputs = add_outputs(outputs, part, to.path(to.mains[p]), job.options, job.model.parts.size() == 1);
    if (!part_outputs) return part_outputs.error();
    if (!job.options.sidecar) {
      auto edits = plan_edits(part, sealing, seals[p]);
      if (!edits) return naming(Result<std::vector<PartOutputs>>(edits.error()), part.sources.front()->path());
      part_outputs->edits = *std::move(edits);
    }
    planned.push_back(*std::move(part_outputs));
  }
  return planned;
}

Result<LockReport> write_locked(const Job& job, const Sealing& sealing, std::span<const Seal> seals) {
  const bool several = job.set.kind != ModelSet::Kind::file || job.model.parts.front().sources.size() > 1;
  Outputs outputs(0666, job.options.force, several);
  auto to = plan_outputs(job, sealing, seals, outputs);
  if (!to) return to.error();
  const auto tags = lock_parameters(job.model, sealing, *to, job.options);
  if (!tags) return tags.error();
  const auto digests = tag_digests(sealing.core, *tags);
  LockReport report = report_on(sealing, job.model, job.set);
  report.chunks = tags->size() / 16;
  std::size_t first_tag = 0;
  for (std::size_t p = 0; p < to->size(); ++p) {
    const auto covered = static_cast<std::size_t>(covered_chunks(sealing.core, seals[p].coverage)) * 16;
    const auto record = finish_part(job.model, job.model.parts[p], sealing, seals[p], (*to)[p], digests, std::span(*tags).subspan(first_tag, covered));
    if (!record) return record.error();
    first_tag += covered;
    report.record_bytes += *record;
    if ((*to)[p].sidecar != nullptr) report.sidecar_path = (*to)[p].sidecar->path();
  }
  if (auto committed = outputs.commit(); !committed) return committed.error();
  return report;
}

Result<LockReport> lock_set(const MasterKey& key, ModelSet& set, const std::string& out, const LockOptions& options, const LockId& lock_id) {
  const auto model = prepare(set, options);
  if (!model) return model.error();
  const auto seals = make_seals(*model, key, options);
  const auto sealing = begin_fitting(make_core(*model, options, lock_id), key, *model, seals, options.sidecar);
  if (!sealing) return sealing.error();
  if (auto checked = check_output_place(set, out); !checked) return checked.error();
  for (const PlainPart& part : model->parts)
    if (auto checked = check_companion_names(part.codec->format(), part.images.files.front().bytes(), part.companions, set, out); !checked)
      return checked.error();
  return write_locked({set, *model, options, out}, *sealing, seals);
}

}  // namespace

Result<LockReport> lock::lock_with_id(const MasterKey& key, const std::string& in, const std::string& out, const LockOptions& options,
                                      const LockId& lock_id) {
  if (auto ready = keys::crypto_ready(); !ready) return ready.error();
  if (auto checked = check_options(options); !checked) return checked.error();
  auto set = find_set(in);
  if (!set) return set.error();
  if (set->kind != ModelSet::Kind::file && options.sidecar && !options.sidecar_path.empty())
    return Error{.code = ErrorCode::usage, .message = "a set of models has one record for each", .hint = "give --sidecar without a name", .file = in};
  return naming(lock_set(key, *set, out, options, lock_id), in);
}

Result<LockReport> lock_file(const MasterKey& key, const std::string& in, const std::string& out, const LockOptions& options) {
  LockId lock_id{};
  if (RAND_bytes(reinterpret_cast<unsigned char*>(lock_id.data()), static_cast<int>(lock_id.size())) != 1)
    return Error{.code = ErrorCode::io, .message = "the system's random generator failed"};
  return lock_with_id(key, in, out, options, lock_id);
}

}  // namespace nnlock
