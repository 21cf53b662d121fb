// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Steps 1 to 7 of opening a locked model (spec/lock-v1.md section 8), shared by unlock, verify and the vectors.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "formats/codec.hpp"
#include "keys/key_schedule.hpp"
#include "lock/engine.hpp"
#include "lock/image.hpp"
#include "lock/record.hpp"
#include "lock/restored.hpp"
#include "nnlock/lock.hpp"

namespace nnlock::lock {

// Step 1 for one model: the record's bytes, and the edits that took it into the file (none for a sidecar).
struct FoundRecord {
  std::vector<std::byte> bytes;
  std::vector<formats::Edit> edits;
  bool in_sidecar = false;
};
// With a sidecar, the model file is looked at for a second record only: it is judged after the keyed checks (steps 5 and 6).
// Errors: not_locked, bad_record, io; without a sidecar also bad_model.
Result<FoundRecord> find_record(const formats::ByteSource& model, std::optional<std::vector<std::byte>> sidecar);

// What a caller demands beyond the scheme (step 7).
struct Demands {
  std::optional<LockId> lock_id;
  std::optional<Family> least_family;
};

// A record whose key fits (or a decoy), with the keys of its parameters.
struct Keyed {
  Record record;
  bool fits = true;
  keys::KeySchedule keys;
};
// Steps 2 to 4; `bytes` must outlive the result. `restored_lengths` are those of the covered files, in order.
// Errors: bad_record, unsupported, licence, wrong_key, tampered.
Result<Keyed> open_record(std::span<const std::byte> bytes, const MasterKey& key, bool decoy, std::span<const std::uint64_t> restored_lengths);

// One file after steps 5 and 6: its authenticated skeleton with zeros for parameters, and what the codec sees in it.
struct OpenedFile {
  Image image;
  formats::Structure structure;    // empty for raw files
  std::vector<Parameter> params;   // recorded ones of this file
};
// `restored` is the file in restored coordinates; `found` is null for raw files. Errors: tampered, bad_model, bad_record, io.
Result<OpenedFile> open_file(const Keyed& keyed, std::uint32_t file, const formats::ByteSource& restored, const FoundRecord* found);

// Step 7.
Result<void> check_demands(const Record& record, const Demands& demands);

// The part of `runs` that the codec of `format` looks at: all that may be read of a skeleton nobody vouches for.
Result<std::vector<Run>> clip_to_structure(Format format, const formats::ByteSource& restored, std::span<const Run> runs);

// Recorded parameters of one file.
std::vector<Parameter> params_of(const Core& core, std::uint32_t file);

// The display name of the tensor that holds byte `offset` (restored coordinates); empty when none does.
std::string name_at(const formats::Structure& structure, std::uint64_t offset);

}  // namespace nnlock::lock
