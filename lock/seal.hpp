// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// From a core to a finished record (spec/lock-v1.md section 7, steps 4 and 5). The lock id is the caller's: only lock_file(),
// which draws it at random, and tests that need fixed bytes call this.
#pragma once

#include <span>
#include <vector>

#include "keys/key_schedule.hpp"
#include "lock/engine.hpp"
#include "lock/record.hpp"

namespace nnlock::lock {

// A lock operation whose core is complete: keys exist, parameters can be locked.
struct Sealing {
  Core core;
  std::vector<std::byte> core_bytes;
  Hash core_hash{};
  keys::KeySchedule keys;
};

// Fills in the key check and derives the keys. `core` has everything else: lock id, files with skeleton hashes, parameters.
Sealing begin_sealing(Core core, const MasterKey& key);

// SHA-256 of each parameter's tag list, one after the other. `tags` are those of all files of the set.
std::vector<std::byte> tag_digests(const Core& core, std::span<const std::byte> tags);

struct Seal {
  Coverage coverage;
  std::uint32_t slot_bytes = 1024;
  Envelope envelope;
};
// The record for the covered files.
std::vector<std::byte> finish_sealing(const Sealing& sealing, const Seal& seal, std::span<const std::byte> digests,
                                      std::span<const std::byte> covered_tags);

// Size of what finish_sealing() will return.
std::uint64_t sealed_size(const Sealing& sealing, const Seal& seal);

}  // namespace nnlock::lock
