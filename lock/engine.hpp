// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The pass over parameters: chunk by chunk, on all cores, each chunk on a private copy
// (spec/lock-v1.md sections 3 to 5, and 8 step 8).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "formats/bytes.hpp"
#include "keys/key_schedule.hpp"
#include "lock/batches.hpp"
#include "lock/chunk.hpp"
#include "lock/record.hpp"

namespace nnlock::lock {

// Where transformed chunks of one file go. Called from several threads at once, for disjoint ranges.
class ChunkSink {
 public:
  virtual ~ChunkSink() = default;
  // Memory for `length` bytes that belong at `offset` (restored coordinates): the destination itself, or the first part of `scratch`.
  virtual std::span<std::byte> place(std::uint64_t offset, std::size_t length, std::span<std::byte> scratch) const = 0;
  virtual bool needs_scratch() const { return true; }
  // The chunk is complete and checked.
  virtual Result<void> commit(std::uint64_t offset, std::span<const std::byte> chunk) const = 0;
};

// One file of the set with its two ends.
struct FileEnds {
  const formats::ByteSource* source = nullptr;  // restored coordinates
  const ChunkSink* sink = nullptr;
  std::string_view name = {};                    // errors about the file carry it
};

// Runs `pass` over the parameters of the covered files. `files[i]` belongs to file coverage.first + i. `tags` has 16 bytes for
// each covered chunk, in record order: written by Pass::lock, read by unlock and verify. Errors: io, tampered; from Pass::lock bad_model
// when an element is none of its layout (the offset is of the file's restored coordinates; the caller adds names).
Result<void> run_pass(Pass pass, const Core& core, const Hash& core_hash, Coverage coverage, const keys::KeySchedule& keys,
                      const KernelSet& set, std::span<const FileEnds> files, std::span<std::byte> tags, const PassOptions& options);

}  // namespace nnlock::lock
