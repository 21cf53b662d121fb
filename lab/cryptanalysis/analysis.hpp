// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What an attack on a locked file is, without any network: it sees the file as locked, what is public, and nothing else. How the scheme works is
// known to every analyst; the key to none.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lab/files.hpp"
#include "lab/log.hpp"
#include "lab/schemes/file_scheme.hpp"
#include "lab/study.hpp"

namespace nnlock::lab {

// A model file of the project or of the data folder (NNLOCK_DATA_DIR, else ../shared/data), named from there: examples/models/fashion_int8.tflite,
// tflite/vww_96_int8.tflite. With ":bf16" after the name of a safetensors file, its float32 tensors as bfloat16. Throws Failure when it is in neither.
Bytes model_file(const std::string& name);

// All that an analyst can reach.
class Analyst {
 public:
  Analyst(const FileScheme& scheme, Bytes locked, std::string file, std::uint64_t seed)
      : scheme_(scheme), locked_(std::move(locked)), file_(std::move(file)), seed_(seed) {}
  const FileScheme& scheme() const { return scheme_; }
  const Bytes& locked() const { return locked_; }
  std::uint64_t seed() const { return seed_; }
  // A public model, plain: for what weights usually look like. The model under attack is refused with std::logic_error.
  Bytes other_model(const std::string& name) const;

 private:
  const FileScheme& scheme_;
  Bytes locked_;
  std::string file_;
  std::uint64_t seed_;
};

// For the verdict, and to set the scene (a second version locked under the same key). Nothing of it may steer an analysis.
struct Truth {
  const Bytes& plain;
  const Key& key;
};

class Analysis : public Study {
 public:
  // Why this analysis does not fit; empty when it does.
  virtual std::string refusal(const FileScheme& scheme) const;
  // Returns the outcome: an object for the record.
  virtual Json run(const Analyst& analyst, const Truth& truth, const Budget& budget, const Log& log) const = 0;
  // What stopped it, read from the outcome, for the record; empty where nothing did, or where run() has said it.
  virtual std::string why_it_stopped(const Json& outcome) const;
};

// Runs the cell and writes its record; false when it was there. Throws Failure. Without a file in the cell the analyst gets an empty one: for
// what concerns the key stream or the S-box alone.
bool run_analysis(const Cell& cell, const Path& records, const Log& log);

const std::vector<const Analysis*>& analyses();
const Analysis* analysis_named(const std::string& name);  // null when there is none

// One maker for each folder or file.
const Analysis& ciphertext_only();
const Analysis& known_plaintext();
const Analysis& avalanche();
const Analysis& sbox_analysis();
const Analysis& short_period();
const Analysis& statistics();
const Analysis& two_time_pad();
const Analysis& tampering();
const Analysis& memory_search();

}  // namespace nnlock::lab
