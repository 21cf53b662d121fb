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
#include "lock/companions.hpp"
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

// The covered files after steps 5 and 6: authenticated skeletons with zeros for parameters and derived fields, and what the codec sees.
struct OpenedFiles {
  Images images;
  formats::Structure structure;    // empty for raw files
};
// A main file with its companions, in restored coordinates, in the order of the record. `found` is null for raw files, of which each is a
// main file. Errors: tampered, bad_model, bad_record, unsupported, io.
struct Restored {
  std::vector<const formats::ByteSource*> files;
  std::string main_name;                 // without folders
  std::vector<std::string> companions;   // as they were opened
};
Result<OpenedFiles> open_files(const Keyed& keyed, const Restored& restored, const FoundRecord* found);

std::vector<std::uint64_t> lengths_of(const Restored& restored);  // bytes

// Step 3. Errors: unsupported, tampered.
Result<void> check_lengths(const Record& record, std::span<const std::uint64_t> restored_lengths);

// Step 7.
Result<void> check_demands(const Record& record, const Demands& demands);

// Fills images with the part of the skeletons that the codec of `format` looks at: all that may be read of files nobody vouches for.
Result<Images> unkeyed_images(const Core& core, Coverage coverage, const Restored& restored);

// The skeleton of one file of a record.
std::vector<Run> runs_of(const Core& core, std::uint32_t file);

// Step 6 without the keyed checks before it.
Result<formats::Structure> check_codec(const Core& core, Coverage coverage, const Images& images, const Restored& restored, const FoundRecord& found);

// Recorded parameters of one file.
std::vector<Parameter> params_of(const Core& core, std::uint32_t file);

// The display name of the tensor that holds byte `offset` of a file of the model (restored coordinates); empty when none does.
std::string name_at(const formats::Structure& structure, std::uint32_t file, std::uint64_t offset);

}  // namespace nnlock::lock
