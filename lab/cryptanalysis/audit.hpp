// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// One locked file, and everything here that can be tried on it without its key: what `nnlock-lab audit` does and says.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lab/files.hpp"
#include "lab/json.hpp"
#include "lab/log.hpp"
#include "lab/schemes/published_lock.hpp"

namespace nnlock::lab {

struct AuditOptions {
  double seconds = 300;     // no search begins after that; one that runs goes on to its next stop, a minute at most on two cores
  unsigned threads = 2;
  std::vector<Path> bases;  // plain public models that this one may refine
};

enum class Audited {
  broken,      // the weights came out
  held,        // these attacks got nothing
  not_locked,  // there was nothing to break
};
const char* to_string(Audited verdict);  // as people read it: NOT BROKEN BY THESE ATTACKS

struct AuditStep {
  std::string attack, outcome;
  double seconds = 0;
  bool tried = true;
};

struct Audit {
  std::string file, format, recognised;
  std::string scheme;  // nnlock-v1, published (as NN-Lock was: no record, no authentication), none
  std::uint64_t file_bytes = 0, tensors = 0, parameter_bytes = 0;
  double entropy = 0;  // bits a byte, of the place in the elements where it is least; nnlock-v1: in layout `bytes` alone, 0 when there is hardly any
  std::vector<AuditStep> steps;
  Audited verdict = Audited::held;
  std::string because;                // one sentence
  std::vector<std::string> next;      // what to do
  std::optional<Key> key;             // the master key, if it was found
  std::optional<Bytes> unlocked;      // the model, if it came out
};

// Throws Failure for a file that cannot be read, or that no codec reads.
Audit audit(const Path& model, const AuditOptions& options, const Log& log);
std::string text_of(const Audit& audit);
Json to_json(const Audit& audit);

}  // namespace nnlock::lab
