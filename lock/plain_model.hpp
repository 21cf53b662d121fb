// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// A plain model before locking (spec/lock-v1.md section 7, steps 1 to 3).
#pragma once

#include <cstdint>
#include <vector>

#include "formats/codec.hpp"
#include "lock/chunk.hpp"
#include "lock/digest.hpp"
#include "lock/image.hpp"
#include "lock/record.hpp"
#include "nnlock/lock.hpp"

namespace nnlock::lock {

// What the codec sees in a plain model, on a private copy of the part that it looks at.
struct PlainModel {
  const formats::Codec* codec = nullptr;
  std::uint64_t extent = 0;  // bytes of the file that are in the image
  Image image;
  formats::Structure structure;
};
// Errors: io, bad_model.
Result<PlainModel> read_plain_model(const formats::ByteSource& source, const formats::Codec& codec);

// A model that can be locked: which parameters, and a private copy of everything else.
struct Prepared {
  const formats::Codec* codec = nullptr;
  KernelSet kernels;
  std::vector<Parameter> params;
  Image image;
  std::vector<Run> runs;
  std::uint64_t unlockable_bytes = 0;  // learned, but not lockable in place: they stay in the skeleton
  std::uint64_t scanned_bytes = 0;     // read to choose layouts
  std::vector<std::string> fallen_back;  // names of float tensors in layout `bytes` for their NaN or infinity
};
// Errors: io, bad_model, already_locked, nothing_to_lock, unsupported, usage.
Result<Prepared> prepare(const formats::ByteSource& source, const LockOptions& options);

}  // namespace nnlock::lock
