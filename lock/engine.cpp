// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lock/engine.hpp"

#include <algorithm>

namespace nnlock::lock {
namespace {

// Layouts are chosen from the elements of the file as it was a moment ago.
Error misfit(Pass pass, std::string_view file, std::uint64_t offset) {
  if (pass == Pass::lock)
    return Error{.code = ErrorCode::bad_model,
                 .message = "the file changed while it was locked",
                 .hint = "lock it again when nothing writes to it",
                 .file = std::string(file),
                 .offset = offset};
  return Error{.code = ErrorCode::tampered,
               .message = "a parameter differs from what was locked",
               .hint = "get the file again from where it was published",
               .file = std::string(file),
               .offset = offset};
}

class PassWorker final : public Worker {
 public:
  PassWorker(Pass pass, const Core& core, const Hash& core_hash, Coverage coverage, const keys::KeySchedule& keys, const KernelSet& set,
             std::span<const FileEnds> files, std::span<std::byte> tags)
      : pass_(pass), core_(core), coverage_(coverage), files_(files), tags_(tags), transform_(pass, core, core_hash, keys, set) {}

  // Read once, check and transform that copy: a file that changes meanwhile does no harm.
  Result<void> run(const Chunk& chunk, std::span<std::byte> scratch) override {
    const Parameter& p = core_.params[chunk.param];
    const FileEnds& ends = files_[p.file - coverage_.first];
    const std::uint64_t offset = p.offset + chunk.start;
    const auto bytes = ends.sink->place(offset, chunk.length, scratch);
    if (auto read = ends.source->read(offset, bytes); !read) return read;
    if (!transform_.run(chunk, bytes, tags_.subspan(static_cast<std::size_t>(chunk.number) * 16, 16))) {
      kernels::wipe(bytes.data(), bytes.size());
      return misfit(pass_, ends.name, offset);
    }
    return ends.sink->commit(offset, bytes);
  }

 private:
  Pass pass_;
  const Core& core_;
  Coverage coverage_;
  std::span<const FileEnds> files_;
  std::span<std::byte> tags_;
  ChunkTransform transform_;
};

}  // namespace

Result<void> run_pass(Pass pass, const Core& core, const Hash& core_hash, Coverage coverage, const keys::KeySchedule& keys,
                      const KernelSet& set, std::span<const FileEnds> files, std::span<std::byte> tags, const PassOptions& options) {
  std::uint64_t scratch_bytes = 0;  // the longest chunk
  for (const Parameter& p : core.params)
    if (coverage.covers(p.file) && files[p.file - coverage.first].sink->needs_scratch())
      scratch_bytes = std::max(scratch_bytes, std::min(p.length, core.chunk_bytes(p)));
  const auto make = [&] { return std::make_unique<PassWorker>(pass, core, core_hash, coverage, keys, set, files, tags); };
  return run_chunks(core, coverage, scratch_bytes, make, options);
}

}  // namespace nnlock::lock
