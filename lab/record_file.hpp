// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The form of a record, and its file.
#pragma once

#include <chrono>

#include "lab/files.hpp"
#include "lab/study.hpp"

namespace nnlock::lab {

Path record_of(const Cell& cell, const Path& records);

// A record while its cell runs; the file appears only when it is finished.
class RecordFile {
 public:
  RecordFile(const Cell& cell, const Path& records);
  // What is known before the attack runs.
  void begin(const AttackInfo& info, const Budget& budget, Json target);
  // For the outcome, and what else the attack leaves.
  Json& json() { return json_; }
  // Adds command, commit, date and seconds since construction, and writes the file.
  void finish();

 private:
  const Cell& cell_;
  Path file_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  Json json_;
};

}  // namespace nnlock::lab
