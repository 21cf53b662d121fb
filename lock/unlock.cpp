// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Unlocking and verifying (spec/lock-v1.md sections 8 and 9).

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "lock/derived.hpp"
#include "lock/naming.hpp"
#include "lock/opened_model.hpp"
#include "lock/outputs.hpp"
#include "nnlock/lock.hpp"

namespace nnlock {
namespace {

using namespace nnlock::lock;

// Bytes of work before and after one part of a set.
struct Work {
  std::uint64_t done = 0, left = 0;
};

// One open file of the part gets its skeleton, its parameters (by run_part(), through `sinks`) and its derived fields.
struct Target {
  int fd = -1;
  std::string path;
};

Result<void> unlock_into(OpenedPart& part, std::span<const Target> targets, const UnlockOptions& options, Work work) {
  const Core& core = part.record().core;
  std::vector<FileSink> sinks;
  std::vector<const ChunkSink*> ends;
  sinks.reserve(targets.size());
  for (std::uint32_t i = 0; i < targets.size(); ++i) {
    const auto image = part.files.images.files[i].bytes();
    if (auto written = write_skeleton(targets[i].fd, targets[i].path, image, runs_of(core, part.first() + i), {}); !written) return written;
    ends.push_back(&sinks.emplace_back(targets[i].fd, targets[i].path, std::span<const formats::Edit>()));
  }
  if (auto done = run_part(part, ends, false, options, work.done, work.left); !done) return done;
  for (std::uint32_t i = 0; i < targets.size(); ++i) {
    const WrittenFile written(targets[i].fd, core.files[part.first() + i].length, targets[i].path);
    const auto put = [&](std::uint64_t offset, std::span<const std::byte> value) { return write_at(targets[i].fd, offset, value, targets[i].path); };
    if (auto done = write_derived(part.files.structure, i, written, put); !done) return done;
  }
  return {};
}

// The image becomes the model: parameters are read into their holes and unlocked there.
Result<ModelBuffer> unlock_in_place(OpenedPart& part, const UnlockOptions& options) {
  ModelBuffer buffer = std::move(part.files.images.files.front()).take();
  const MemorySink sink(buffer.bytes_mutable());
  const ChunkSink* const end = &sink;
  if (auto done = run_part(part, {&end, 1}, false, options, 0, 0); !done) return done.error();  // the destructor wipes what was unlocked
  const auto put = [&](std::uint64_t offset, std::span<const std::byte> value) -> Result<void> {
    std::copy(value.begin(), value.end(), buffer.bytes_mutable().begin() + static_cast<std::ptrdiff_t>(offset));
    return {};
  };
  if (auto done = write_derived(part.files.structure, 0, formats::MemorySource(buffer.bytes()), put); !done) return done.error();
  return buffer;
}

// The output files of one part: companions first, so that the main file is named last.
Result<std::vector<Target>> add_targets(Outputs& outputs, const OpenedPart& part, const std::string& main_path) {
  std::vector<Target> targets(1 + part.companions.size());
  for (std::size_t i = targets.size(); i-- > 0;) {
    const std::string path = i == 0 ? main_path : prefix_of(main_path) + part.restored.companions[i - 1];
    const auto file = outputs.add(path, i == 0 ? part.source.get() : part.companions[i - 1].get());
    if (!file) return file.error();
    targets[i] = {(*file)->fd(), path};
  }
  return targets;
}

Result<void> unlock_set(OpenedSet& opened, const std::string& out, Outputs& outputs, const UnlockOptions& options) {
  const ModelSet to = set_at(opened.set, out);
  for (std::size_t i = 0; i < opened.set.copied.size(); ++i) {
    const auto source = FileSource::open(opened.set.path(opened.set.copied[i]));
    if (!source) return source.error();
    if (auto copied = outputs.add_copy(to.path(to.copied[i]), **source); !copied) return copied;
  }
  Work work;
  for (const auto& part : opened.parts) work.left += work_in(*part);
  for (std::size_t i = 0; i < opened.parts.size(); ++i) {
    OpenedPart& part = *opened.parts[i];
    const auto targets = add_targets(outputs, part, to.path(to.mains[i]));
    if (!targets) return targets.error();
    work.left -= work_in(part);
    if (auto done = naming(unlock_into(part, *targets, options, work), opened.set.path(part.main)); !done) return done;
    work.done += work_in(part);
  }
  return outputs.commit();
}

// What has one file in and one file out.
Result<std::unique_ptr<OpenedPart>> open_one(const MasterKey& key, const std::string& in, const UnlockOptions& options) {
  auto opened = open_set(in, key, options);
  if (!opened) return opened.error();
  const bool several = opened->set.kind != ModelSet::Kind::file || !opened->parts.front()->companions.empty();
  if (several)
    return Error{.code = ErrorCode::unsupported,
                 .message = "the model has several files and does not fit into one",
                 .hint = "unlock it into a folder with `nnlock unlock`",
                 .file = in};
  return std::move(opened->parts.front());
}

UnlockReport report_on_one(const std::unique_ptr<OpenedPart>& part) { return report_on({&part, 1}); }

}  // namespace

Result<UnlockReport> unlock_file(const MasterKey& key, const std::string& in, const std::string& out, const UnlockOptions& options) {
  auto opened = open_set(in, key, options);
  if (!opened) return opened.error();
  const bool several = opened->set.kind != ModelSet::Kind::file || !opened->parts.front()->companions.empty();
  if (auto checked = check_output_place(opened->set, out); !checked) return checked.error();
  for (const auto& part : opened->parts)
    if (auto checked = check_companion_names(part->record().core.files[part->first()].format, part->files.images.files.front().bytes(),
                                             part->restored.companions, opened->set, out);
        !checked)
      return checked.error();
  Outputs outputs(0600, options.force, several);
  if (auto done = unlock_set(*opened, out, outputs, options); !done) return done.error();
  return report_on(opened->parts);
}

Result<UnlockReport> unlock_to_fd(const MasterKey& key, const std::string& in, int fd, const UnlockOptions& options) {
  const auto part = open_one(key, in, options);
  if (!part) return part.error();
  if (const int flags = ::fcntl(fd, F_GETFL); flags >= 0 && (flags & O_APPEND) != 0)  // it would put chunks in any order
    return Error{.code = ErrorCode::usage, .message = "the file descriptor is open for appending", .hint = "open it without O_APPEND"};
  if (::ftruncate(fd, 0) != 0) return io_error("", "cannot write to the file descriptor", errno);
  const Target target{fd, ""};
  if (auto done = naming(unlock_into(**part, {&target, 1}, options, {}), in); !done) return done.error();
  return report_on_one(*part);
}

Result<ModelBuffer> unlock_to_memory(const MasterKey& key, const std::string& in, const UnlockOptions& options, UnlockReport* report) {
  const auto part = open_one(key, in, options);
  if (!part) return part.error();
  auto buffer = naming(unlock_in_place(**part, options), in);
  if (buffer && report != nullptr) *report = report_on_one(*part);
  return buffer;
}

Result<ModelBuffer> unlock_bytes(const MasterKey& key, std::span<const std::byte> locked, std::span<const std::byte> sidecar,
                                 const UnlockOptions& options, UnlockReport* report) {
  const formats::MemorySource model(locked);
  std::optional<std::vector<std::byte>> record;
  if (!sidecar.empty()) record.emplace(sidecar.begin(), sidecar.end());
  const auto part = open_part(model, "", std::move(record), key, options);
  if (!part) return part.error();
  auto buffer = unlock_in_place(**part, options);
  if (buffer && report != nullptr) *report = report_on_one(*part);
  return buffer;
}

Result<UnlockReport> verify_file(const MasterKey& key, const std::string& in, const UnlockOptions& options) {
  UnlockOptions strict = options;
  strict.decoy = false;
  const auto opened = open_set(in, key, strict);
  if (!opened) return opened.error();
  Work work;
  for (const auto& part : opened->parts) work.left += work_in(*part);
  const NullSink nowhere;
  for (const auto& part : opened->parts) {
    work.left -= work_in(*part);
    const std::vector<const ChunkSink*> sinks(part->restored.files.size(), &nowhere);
    if (auto done = naming(run_part(*part, sinks, true, strict, work.done, work.left), opened->set.path(part->main)); !done) return done.error();
    work.done += work_in(*part);
  }
  return report_on(opened->parts);
}

}  // namespace nnlock
