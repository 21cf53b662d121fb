// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lock/write_locked.hpp"

#include "lock/derived.hpp"
#include "lock/engine.hpp"
#include "lock/model_set.hpp"
#include "lock/naming.hpp"
#include "lock/open.hpp"
#include "lock/outputs.hpp"
#include "lock/sinks.hpp"

namespace nnlock::lock {
namespace {

using formats::Edit;

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

}  // namespace

Result<LockReport> write_locked(const Job& job, const Sealing& sealing, std::span<const Seal> seals, LockReport report) {
  const bool several = job.set.kind != ModelSet::Kind::file || job.model.parts.front().sources.size() > 1;
  Outputs outputs(0666, job.options.force, several);
  auto to = plan_outputs(job, sealing, seals, outputs);
  if (!to) return to.error();
  const auto tags = lock_parameters(job.model, sealing, *to, job.options);
  if (!tags) return tags.error();
  const auto digests = tag_digests(sealing.core, *tags);
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

}  // namespace nnlock::lock
