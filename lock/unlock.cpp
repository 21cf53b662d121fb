// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Unlocking and verifying (spec/lock-v1.md sections 8 and 9).

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "lock/open.hpp"
#include "lock/sinks.hpp"
#include "nnlock/lock.hpp"

namespace nnlock {
namespace {

using namespace nnlock::lock;

// A locked model after steps 1 to 7. Not movable once built: views point between the members.
struct Opened {
  FoundRecord found;
  std::optional<Keyed> keyed;
  std::optional<RestoredSource> restored;
  std::optional<OpenedFile> file;
  KernelSet kernels;
  std::vector<std::byte> tags;

  std::uint32_t index() const { return keyed->record.coverage.first; }
  std::uint64_t length() const { return keyed->record.core.files[index()].length; }
  std::vector<Run> runs() const { return skeleton_runs(file->params, length()); }
};

Result<std::unique_ptr<Opened>> open_model(const formats::ByteSource& model, std::optional<std::vector<std::byte>> sidecar, const MasterKey& key,
                                           const UnlockOptions& options) {
  auto opened = std::make_unique<Opened>();
  auto found = find_record(model, std::move(sidecar));
  if (!found) return found.error();
  opened->found = *std::move(found);
  auto restored = RestoredSource::over(model, opened->found.edits);
  if (!restored) return restored.error();
  opened->restored.emplace(*std::move(restored));
  const std::uint64_t length = opened->restored->size();
  auto keyed = open_record(opened->found.bytes, key, options.decoy, {&length, 1});
  if (!keyed) return keyed.error();
  opened->keyed.emplace(*std::move(keyed));
  const Record& record = opened->keyed->record;
  auto file = open_file(*opened->keyed, opened->index(), *opened->restored, &opened->found);
  if (!file) return file.error();
  opened->file.emplace(*std::move(file));
  const Demands demands{options.expected_lock_id, options.least_family};
  if (auto met = check_demands(record, demands); !met) return met.error();
  const auto kernels = choose_kernels(record.core.suite);
  if (!kernels) return kernels.error();
  opened->kernels = *kernels;
  opened->tags.assign(record.tags.begin(), record.tags.end());
  return opened;
}

// Step 8 into a sink. Errors carry the tensor's name and the offset in the stored file.
Result<UnlockReport> run(Opened& opened, const ChunkSink& sink, bool verify_only, const UnlockOptions& options) {
  const Record& record = opened.keyed->record;
  const Pass pass = !opened.keyed->fits ? Pass::decoy : verify_only ? Pass::verify : Pass::unlock;
  const FileEnds ends{&*opened.restored, &sink};
  const PassOptions pass_options{options.threads, &options.progress};
  const auto done = run_pass(pass, record.core, record.core_hash, record.coverage, opened.keyed->keys, opened.kernels, {&ends, 1},
                             opened.tags, pass_options);
  if (!done) {
    Error error = done.error();
    if (error.code == ErrorCode::tampered && error.offset) {
      error.tensor = name_at(opened.file->structure, *error.offset);
      error.offset = stored_offset(opened.found.edits, *error.offset);
    }
    return error;
  }
  UnlockReport report{.lock_id = record.core.lock_id, .key_fits = opened.keyed->fits, .kernel = kernel_names(opened.kernels, record.core)};
  for (const Parameter& p : opened.file->params) {
    ++report.params;
    report.bytes += p.length;
  }
  return report;
}

// A model on disk with the sidecar that belongs to it.
struct Input {
  std::unique_ptr<FileSource> model;
  std::optional<std::vector<std::byte>> sidecar;
};

Result<Input> open_input(const std::string& path, const std::string& sidecar_path) {
  auto model = FileSource::open(path);
  if (!model) return model.error();
  Input input{.model = *std::move(model)};
  const std::string sidecar = sidecar_path.empty() ? path + ".nnlock" : sidecar_path;
  if (sidecar_path.empty() && !file_exists(sidecar)) return input;
  auto bytes = read_record_file(sidecar);
  if (!bytes) return bytes.error();
  input.sidecar = *std::move(bytes);
  return input;
}

template <class T>
Result<T> naming(Result<T> result, const std::string& file) {
  if (result || !result.error().file.empty()) return result;
  Error error = result.error();
  error.file = file;
  return error;
}

Result<UnlockReport> unlock_into(Opened& opened, int fd, const std::string& path, const UnlockOptions& options) {
  if (auto written = write_skeleton(fd, path, opened.file->image.bytes(), opened.runs(), {}); !written) return written.error();
  return run(opened, FileSink(fd, path, {}), false, options);
}

// The image becomes the model: parameters are read into their holes and unlocked there.
Result<ModelBuffer> unlock_in_place(Opened& opened, const UnlockOptions& options, UnlockReport* report) {
  ModelBuffer buffer = std::move(opened.file->image).take();
  auto done = run(opened, MemorySink(buffer.bytes_mutable()), false, options);
  if (!done) return done.error();  // the destructor wipes what was unlocked
  if (report != nullptr) *report = *std::move(done);
  return buffer;
}

}  // namespace

Result<UnlockReport> unlock_file(const MasterKey& key, const std::string& in, const std::string& out, const UnlockOptions& options) {
  auto input = naming(open_input(in, options.sidecar_path), in);
  if (!input) return input.error();
  const auto opened = naming(open_model(*input->model, std::move(input->sidecar), key, options), in);
  if (!opened) return opened.error();
  auto file = OutputFile::create(out, 0600, options.force, input->model.get());
  if (!file) return file.error();
  auto report = naming(unlock_into(**opened, file->fd(), out, options), in);
  if (!report) return report;
  if (auto committed = file->commit(); !committed) return committed.error();
  return report;
}

Result<UnlockReport> unlock_to_fd(const MasterKey& key, const std::string& in, int fd, const UnlockOptions& options) {
  auto input = naming(open_input(in, options.sidecar_path), in);
  if (!input) return input.error();
  const auto opened = naming(open_model(*input->model, std::move(input->sidecar), key, options), in);
  if (!opened) return opened.error();
  if (const int flags = ::fcntl(fd, F_GETFL); flags >= 0 && (flags & O_APPEND) != 0)  // it would put chunks in any order
    return Error{.code = ErrorCode::usage, .message = "the file descriptor is open for appending", .hint = "open it without O_APPEND"};
  if (::ftruncate(fd, 0) != 0) return io_error("", "cannot write to the file descriptor", errno);
  return naming(unlock_into(**opened, fd, "", options), in);
}

Result<ModelBuffer> unlock_to_memory(const MasterKey& key, const std::string& in, const UnlockOptions& options, UnlockReport* report) {
  auto input = naming(open_input(in, options.sidecar_path), in);
  if (!input) return input.error();
  const auto opened = naming(open_model(*input->model, std::move(input->sidecar), key, options), in);
  if (!opened) return opened.error();
  return naming(unlock_in_place(**opened, options, report), in);
}

Result<ModelBuffer> unlock_bytes(const MasterKey& key, std::span<const std::byte> locked, std::span<const std::byte> sidecar,
                                 const UnlockOptions& options, UnlockReport* report) {
  const formats::MemorySource model(locked);
  std::optional<std::vector<std::byte>> record;
  if (!sidecar.empty()) record.emplace(sidecar.begin(), sidecar.end());
  const auto opened = open_model(model, std::move(record), key, options);
  if (!opened) return opened.error();
  return unlock_in_place(**opened, options, report);
}

Result<UnlockReport> verify_file(const MasterKey& key, const std::string& in, const UnlockOptions& options) {
  auto input = naming(open_input(in, options.sidecar_path), in);
  if (!input) return input.error();
  UnlockOptions strict = options;
  strict.decoy = false;
  const auto opened = naming(open_model(*input->model, std::move(input->sidecar), key, strict), in);
  if (!opened) return opened.error();
  return naming(run(**opened, NullSink(), true, strict), in);
}

}  // namespace nnlock
