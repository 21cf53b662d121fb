// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Steps 4 and 5 of locking (spec/lock-v1.md section 7): a prepared set becomes its locked files.
#pragma once

#include <span>
#include <string>

#include "lock/plain_model.hpp"
#include "lock/seal.hpp"
#include "nnlock/lock.hpp"

namespace nnlock::lock {

struct Job {
  const ModelSet& set;
  const Prepared& model;
  const LockOptions& options;
  std::string out;  // path: the main file, or the folder
};

// One seal for each part. Completes `report` with what is known at the end. Errors: io, usage, bad_model, already_locked.
Result<LockReport> write_locked(const Job& job, const Sealing& sealing, std::span<const Seal> seals, LockReport report);

}  // namespace nnlock::lock
