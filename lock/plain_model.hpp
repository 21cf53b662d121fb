// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// A plain model before locking (spec/lock-v1.md section 7, steps 1 to 3).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "formats/codec.hpp"
#include "lock/chunk.hpp"
#include "lock/companions.hpp"
#include "lock/digest.hpp"
#include "lock/model_set.hpp"
#include "lock/record.hpp"
#include "nnlock/lock.hpp"

namespace nnlock::lock {

// One main file with its companions, and what the codec sees in them, on private copies of what it looks at.
struct PlainPart {
  std::string main;                     // name in the set
  std::vector<std::string> companions;  // names beside the main file
  const formats::Codec* codec = nullptr;
  std::vector<std::unique_ptr<FileSource>> sources;  // main file first
  std::vector<std::uint64_t> extents;   // bytes of each file that are in its image
  Images images;
  formats::Structure structure;
  std::uint32_t first_file = 0;         // its main file's index in the set
};
// A model that holds a record is refused. Errors: io, bad_model, already_locked.
Result<PlainPart> read_plain_part(const ModelSet& set, const std::string& main);

// A set that can be locked: which parameters, and a private copy of everything else.
struct Prepared {
  std::vector<PlainPart> parts;
  KernelSet kernels;
  std::vector<Parameter> params;       // of all parts
  BlockTable blocks;
  std::vector<FileEntry> files;
  std::vector<std::vector<Run>> runs;  // of each file
  std::uint64_t unlockable_bytes = 0;  // learned, but not lockable in place: they stay in the skeleton
  std::uint64_t scanned_bytes = 0;     // read to choose layouts
  std::vector<std::string> fallen_back;  // names of float tensors in layout `bytes` for their NaN or infinity
};
// Parts of a folder that have no parameters move to `set.copied`. Errors: io, bad_model, already_locked, nothing_to_lock, unsupported, usage.
Result<Prepared> prepare(ModelSet& set, const LockOptions& options);

}  // namespace nnlock::lock
