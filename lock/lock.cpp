// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Locking a model file (spec/lock-v1.md section 7).

#include <fcntl.h>
#include <openssl/rand.h>
#include <unistd.h>

#include "lock/engine.hpp"
#include "lock/file_io.hpp"
#include "lock/lock_with_id.hpp"
#include "lock/open.hpp"
#include "lock/plain_model.hpp"
#include "lock/seal.hpp"
#include "lock/sinks.hpp"
#include "lock/unfinished.hpp"
#include "nnlock/lock.hpp"

namespace nnlock {
namespace {

using namespace nnlock::lock;
using formats::Edit;

constexpr std::uint8_t kLargestChunkLog2 = 24;

Core make_core(const Prepared& model, const LockOptions& options, const LockId& lock_id) {
  Core core{.suite = options.suite, .lock_id = lock_id, .chunk_log2 = options.chunk_log2, .family = options.family, .params = model.params};
  core.files.push_back({.role = Role::model,
                        .format = model.codec->format(),
                        .length = model.image.bytes().size(),
                        .skeleton = skeleton_hash(Role::model, model.image.bytes(), model.runs)});
  return core;
}

// The smallest chunk size, from the one asked for, at which the record fits its container.
Result<Sealing> begin_fitting(Core core, const MasterKey& key, const Seal& seal, std::uint64_t limit) {
  if (core.params.size() > kMaxParams || covered_chunks(core, seal.coverage) > kMaxChunks)
    return Error{.code = ErrorCode::unsupported, .message = "the model has more parameters or chunks than a record can hold", .hint = "use a larger --chunk"};
  for (;; ++core.chunk_log2) {
    Sealing sealing = begin_sealing(core, key);
    if (sealed_size(sealing, seal) <= limit) return sealing;
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

// Where the record goes must not be where the model goes, nor may a record of some other model lie where one would be looked for.
Result<void> check_places(const std::string& out, const std::string& sidecar, const LockOptions& options) {
  if (out.empty() || out.back() == '/')
    return Error{.code = ErrorCode::usage, .message = "the output needs a file name", .hint = "give one with -o", .file = out};
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

LockReport report_on(const Sealing& sealing, const KernelSet& set) {
  LockReport report{.lock_id = sealing.core.lock_id, .kernel = kernel_names(set, sealing.core)};
  for (const Parameter& p : sealing.core.params) {
    const bool plain = p.layout == Layout::plain;
    (plain ? report.plain_bytes : report.locked_bytes) += p.length;
    report.params += plain ? 0 : 1;
    ++count_of(report.layouts, p.layout);
  }
  return report;
}

// The codec sees in the private copy what it saw in the file.
Error naming_tensor(Error error, const Prepared& model) {
  const auto structure = model.codec->parse(model.image.bytes());
  if (structure && error.code == ErrorCode::bad_model && error.offset) error.tensor = name_at(*structure, *error.offset);
  return error;
}

// Step 4 and 5 for a prepared model: locks into `model_fd` and returns the record, embedded unless a sidecar is wanted.
Result<std::vector<std::byte>> write_locked(const Prepared& model, const Sealing& sealing, const Seal& seal, const FileSource& source,
                                            const OutputFile& out, const LockOptions& options) {
  std::vector<Edit> edits;
  if (!options.sidecar) {
    const std::vector<std::byte> room(static_cast<std::size_t>(sealed_size(sealing, seal)));
    auto planned = model.codec->embed(model.image.bytes(), room);  // sizes depend on the record's size only
    if (!planned) return planned.error();
    edits = *std::move(planned);
  }
  const FileSink sink(out.fd(), out.path(), edits);
  const FileEnds ends{&source, &sink};
  std::vector<std::byte> tags(static_cast<std::size_t>(covered_chunks(sealing.core, seal.coverage)) * 16);
  const PassOptions pass{.threads = options.threads, .progress = &options.progress, .done_before = model.scanned_bytes};
  const auto done = run_pass(Pass::lock, sealing.core, sealing.core_hash, seal.coverage, sealing.keys, model.kernels, {&ends, 1}, tags, pass);
  if (!done) return naming_tensor(done.error(), model);
  auto record = finish_sealing(sealing, seal, tag_digests(sealing.core, tags), tags);
  if (!options.sidecar) {
    auto final_edits = model.codec->embed(model.image.bytes(), record);
    if (!final_edits) return final_edits.error();
    if (stored_length(*final_edits, 0) != stored_length(edits, 0))
      return Error{.code = ErrorCode::bad_model, .message = "the record's place moved while the model was locked"};
    edits = *std::move(final_edits);
  }
  if (auto written = write_skeleton(out.fd(), out.path(), model.image.bytes(), model.runs, edits); !written) return written.error();
  return record;
}

// The record first: a locked model without its record could not be opened. A record that is replaced (--force) is kept under
// another name until the model is in place: it may be the only one of the model that is still there. So it stays when the process
// is killed in between, until both are written anew.
Result<void> commit_both(OutputFile& sidecar, OutputFile& model) {
  const std::string kept = sibling_name(sidecar.path(), Sibling::kept);
  Descriptor old(::open(sidecar.path().c_str(), O_RDONLY | O_CLOEXEC));
  hold_sibling(old.get());
  const bool replaced = ::link(sidecar.path().c_str(), kept.c_str()) == 0 || ::rename(sidecar.path().c_str(), kept.c_str()) == 0;
  const auto put_back = [&] {
    if (replaced && ::rename(kept.c_str(), sidecar.path().c_str()) != 0) return;
    ::unlink((replaced ? kept : sidecar.path()).c_str());  // renaming leaves two names of one file as they are
  };
  if (auto committed = sidecar.commit(); !committed) {
    if (replaced) put_back();
    return committed;
  }
  if (auto committed = model.commit(); !committed) {
    put_back();
    return committed;
  }
  if (replaced) ::unlink(kept.c_str());
  old = Descriptor();  // what a killed process kept may be the same file
  remove_abandoned(sidecar.path(), Sibling::kept);
  return {};
}

Result<LockReport> lock_opened(const MasterKey& key, const FileSource& source, const std::string& out_path, const LockOptions& options,
                               const LockId& lock_id) {
  auto model = prepare(source, options);
  if (!model) return model.error();
  Seal seal{.slot_bytes = options.slot_bytes};
  if (options.fingerprint_hint) seal.envelope.hint = key.fingerprint_bytes();
  const auto sealing = begin_fitting(make_core(*model, options, lock_id), key, seal, options.sidecar ? kMaxSidecar : model->codec->record_limit());
  if (!sealing) return sealing.error();

  const std::string sidecar_path = options.sidecar && !options.sidecar_path.empty() ? options.sidecar_path : out_path + ".nnlock";
  if (auto checked = check_places(out_path, sidecar_path, options); !checked) return checked.error();
  auto out = OutputFile::create(out_path, 0666, options.force, &source);
  if (!out) return out.error();
  std::optional<OutputFile> sidecar;
  if (options.sidecar) {
    auto created = OutputFile::create(sidecar_path, 0666, options.force, &source);
    if (!created) return created.error();
    sidecar.emplace(*std::move(created));
  }
  const auto record = write_locked(*model, *sealing, seal, source, *out, options);
  if (!record) return record.error();
  LockReport report = report_on(*sealing, model->kernels);
  report.fallen_back = model->fallen_back;
  report.plain_bytes += model->unlockable_bytes;
  report.record_bytes = record->size();
  report.chunks = covered_chunks(sealing->core, seal.coverage);
  if (!options.sidecar) {
    if (auto committed = out->commit(); !committed) return committed.error();
    return report;
  }
  report.sidecar_path = sidecar_path;
  if (auto written = write_at(sidecar->fd(), 0, *record, sidecar_path); !written) return written.error();
  if (auto committed = commit_both(*sidecar, *out); !committed) return committed.error();
  return report;
}

}  // namespace

Result<LockReport> lock::lock_with_id(const MasterKey& key, const std::string& in, const std::string& out, const LockOptions& options,
                                      const LockId& lock_id) {
  if (auto ready = keys::crypto_ready(); !ready) return ready.error();
  if (auto checked = check_options(options); !checked) return checked.error();
  const auto source = FileSource::open(in);
  if (!source) return source.error();
  if (file_exists(in + ".nnlock"))
    return Error{.code = ErrorCode::already_locked,
                 .message = "a record lies beside the model: it is locked already",
                 .hint = "unlock it first, or move the record of another model away",
                 .file = in + ".nnlock"};
  auto report = lock_opened(key, **source, out, options, lock_id);
  if (report) return report;
  Error error = report.error();
  if (error.file.empty()) error.file = in;
  return error;
}

Result<LockReport> lock_file(const MasterKey& key, const std::string& in, const std::string& out, const LockOptions& options) {
  LockId lock_id{};
  if (RAND_bytes(reinterpret_cast<unsigned char*>(lock_id.data()), static_cast<int>(lock_id.size())) != 1)
    return Error{.code = ErrorCode::io, .message = "the system's random generator failed"};
  return lock_with_id(key, in, out, options, lock_id);
}

}  // namespace nnlock
