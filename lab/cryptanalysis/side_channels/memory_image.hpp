// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The memory of another process, as a thief of memory has it: who debugs it, or reads a hibernation file. Key schedules betray themselves in it (J. A. Halderman et al.,
// "Lest we remember", 2008).
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "lab/schemes/key.hpp"

namespace nnlock::lab {

class MemoryImage {
 public:
  MemoryImage() = default;
  explicit MemoryImage(std::vector<std::vector<std::uint8_t>> pieces) : pieces_(std::move(pieces)) {}
  // All that can be read of process `pid`, one of ours, which should stand still; not what is mapped from files read-only. Throws Failure.
  static MemoryImage of(pid_t pid);

  std::uint64_t bytes() const;
  std::size_t count(std::span<const std::uint8_t> needle) const;
  // The keys whose whole expansion (FIPS 197, section 5.2) lies here in one piece, at multiples of 4 bytes, words in either byte order. 128 and 256 bits.
  std::vector<Key> expanded_keys(std::size_t key_bits) const;

 private:
  std::vector<std::vector<std::uint8_t>> pieces_;  // that adjoin in memory, joined
};

}  // namespace nnlock::lab
