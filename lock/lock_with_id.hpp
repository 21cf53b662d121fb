// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Locking under a lock id of the caller's choice: for vectors and golden files only. Two locks under one master key and one
// lock id would share their key stream, so the front door draws it at random and offers no choice.
#pragma once

#include <string>

#include "nnlock/lock.hpp"

namespace nnlock::lock {

Result<LockReport> lock_with_id(const MasterKey& key, const std::string& in, const std::string& out, const LockOptions& options,
                                const LockId& lock_id);

}  // namespace nnlock::lock
