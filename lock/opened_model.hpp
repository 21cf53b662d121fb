// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Locked models after steps 1 to 7 of opening (spec/lock-v1.md section 8): one part, or the parts of a set that belong together.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lock/file_io.hpp"
#include "lock/model_set.hpp"
#include "lock/open.hpp"
#include "lock/sinks.hpp"
#include "nnlock/lock.hpp"

namespace nnlock::lock {

// A main file with its companions and its record. Not movable: views point between the members.
struct OpenedPart {
  OpenedPart() = default;
  OpenedPart(const OpenedPart&) = delete;
  OpenedPart& operator=(const OpenedPart&) = delete;

  std::string main;                     // name in its set
  std::unique_ptr<FileSource> source;   // of the main file, unless it is in memory
  std::vector<std::unique_ptr<FileSource>> companions;
  FoundRecord found;
  std::optional<RestoredSource> restored_main;
  Restored restored;
  std::optional<Keyed> keyed;
  OpenedFiles files;
  KernelSet kernels;
  std::vector<std::byte> tags;

  const Record& record() const { return keyed->record; }
  std::uint32_t first() const { return record().coverage.first; }
};

// `model` is the main file, `path` its path, empty for a model in memory, which can have no companions; `sidecar` as in find_record().
// Errors: as for unlocking.
Result<std::unique_ptr<OpenedPart>> open_part(const formats::ByteSource& model, const std::string& path, std::optional<std::vector<std::byte>> sidecar,
                                              const MasterKey& key, const UnlockOptions& options);

// All locked parts of what `path` stands for.
struct OpenedSet {
  ModelSet set;  // models of a folder that hold no record are in `copied`
  std::vector<std::unique_ptr<OpenedPart>> parts;
};
Result<OpenedSet> open_set(const std::string& path, const MasterKey& key, const UnlockOptions& options);

// Opens the companions that a main file names, when the record says that there are any, into `restored` and `owned`. Nothing of this is
// authenticated yet: step 6 compares. `path` is the main file's; empty for a model in memory, which can have none. Errors: io, bad_model, unsupported.
Result<void> open_companions(const Record& record, const formats::ByteSource& main, const std::string& path, Restored& restored,
                             std::vector<std::unique_ptr<FileSource>>& owned);

// Step 8 for one part, into one sink for each of its files. Errors carry the file, the tensor's name and the offset in the stored file.
Result<void> run_part(OpenedPart& part, std::span<const ChunkSink* const> sinks, bool verify_only, const UnlockOptions& options, std::uint64_t done_before,
                      std::uint64_t left_after);

// What was done with these parts.
UnlockReport report_on(std::span<const std::unique_ptr<OpenedPart>> parts);

// Bytes of the parameters of a part: what run_part() counts as work.
std::uint64_t work_in(const OpenedPart& part);

// A record beside `path`, if there is one. `sidecar_path` as in UnlockOptions. Errors: those of read_record_file().
Result<std::optional<std::vector<std::byte>>> read_sidecar(const std::string& path, const std::string& sidecar_path);

}  // namespace nnlock::lock
