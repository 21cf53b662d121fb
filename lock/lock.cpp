// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Locking a model file (spec/lock-v1.md section 7).

#include <openssl/rand.h>

#include "lock/lock_with_id.hpp"
#include "lock/naming.hpp"
#include "lock/outputs.hpp"
#include "lock/plain_model.hpp"
#include "lock/seal.hpp"
#include "lock/write_locked.hpp"
#include "nnlock/lock.hpp"

namespace nnlock {
namespace {

using namespace nnlock::lock;

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
  return write_locked({set, *model, options, out}, *sealing, seals, report_on(*sealing, *model, set));
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
