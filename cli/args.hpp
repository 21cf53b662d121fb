// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The command line as a value. Parsing touches no file and no key.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nnlock/lock.hpp"

namespace nnlock::cli {

struct Args {
  std::string command;               // "lock", "unlock", ...
  std::string key;                   // path of the key file, from -k or NNLOCK_KEY_FILE
  std::string model;                 // path
  std::string output;                // path; empty means standard output (keygen only)
  std::vector<std::string> program;  // exec: what follows "--"
  bool auto_suite = false;           // lock: let the machine choose
  bool json = false;
  bool quiet = false;
  LockOptions lock;              // used by lock
  UnlockOptions unlock;          // used by unlock, verify, exec; its sidecar_path also by inspect
  std::uint64_t core_limit = 0;  // bytes; what the core dump limit was before the program set it to zero
};

struct Parsed {
  Args args;
  std::optional<int> exit;  // set when nothing is left to do: help was shown, or a mistake was reported
};

// Parses argv; prints help, version and usage errors itself.
Parsed parse_args(int argc, const char* const* argv);

}  // namespace nnlock::cli
