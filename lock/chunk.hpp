// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What a pass does to the bytes of one chunk: tag, layout, elements (spec/lock-v1.md sections 3, 4 and 5).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "kernels/kernel.hpp"
#include "kernels/numbers.hpp"
#include "keys/key_schedule.hpp"
#include "lock/batches.hpp"
#include "lock/record.hpp"
#include "lock/tags.hpp"

namespace nnlock::lock {

enum class Pass : std::uint8_t {
  lock,    // transform, and write tags
  unlock,  // check tags, and transform
  verify,  // check tags and elements
  decoy,   // transform without looking at tags
};

// The kernels of one operation: key streams and layout `bytes`; layouts of numbers.
struct KernelSet {
  const kernels::Kernel* bytes = nullptr;
  const kernels::NumberKernel* numbers = nullptr;
};

// Those for a suite, NNLOCK_KERNEL counted in. Errors: usage when that variable names no runnable kernel.
Result<KernelSet> choose_kernels(Suite suite);

// The names of those that work on a core's parameters, with a comma between.
std::string kernel_names(const KernelSet& set, const Core& core);

// One thread's: subkeys of the parameter at hand, and a tagger. Keeps references.
class ChunkTransform {
 public:
  ChunkTransform(Pass pass, const Core& core, const Hash& core_hash, const keys::KeySchedule& keys, const KernelSet& set)
      : pass_(pass), core_(core), core_hash_(core_hash), keys_(keys), set_(set) {}

  // In place; `tag` is written by Pass::lock and compared by unlock and verify. False: the tag is another one, or an element is none of
  // its layout. The caller then wipes `bytes`.
  bool run(const Chunk& chunk, std::span<std::byte> bytes, std::span<std::byte> tag);

 private:
  void take_keys(std::size_t param);
  kernels::Streams streams() const;
  bool still_without_numbers(const Parameter& p, std::span<const std::byte> block) const;
  bool lock(const Parameter& p, std::uint64_t offset, std::span<std::byte> block) const;
  bool unlock(const Parameter& p, std::uint64_t offset, std::span<std::byte> block) const;
  bool holds(const Parameter& p, std::span<const std::byte> block) const;

  Pass pass_;
  const Core& core_;
  const Hash& core_hash_;
  const keys::KeySchedule& keys_;
  KernelSet set_;
  Tagger tagger_;
  std::optional<std::size_t> keyed_param_;
  std::optional<kernels::KeyState> tag_state_, enc_state_, aux_state_;  // emplace() and reset() wipe the last parameter's
};

}  // namespace nnlock::lock
