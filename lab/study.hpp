// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What all attacks have in common, on networks (attack.hpp) and on files (cryptanalysis/analysis.hpp): what they know, what they spend, the cells
// they are run in, and their section of the report.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "lab/cell.hpp"
#include "lab/report/claims.hpp"
#include "lab/report/page.hpp"

namespace nnlock::lab {

// How the scheme works is known to every attacker; the key to none.
enum class Knows {
  locked_file,    // what the thief took
  architecture,   // the layers; not the weights
  training_data,  // some labelled images
  oracle,         // may put questions to an authorised device and sees its logits
  other_models,   // public models of other people: what weights usually look like
  public_base,    // weights that anyone can get: the same architecture trained on another dataset
  second_file,    // another file locked under the same key
  loading_device, // may have an authorised device load any file, and sees its answers
  memory,         // may read the memory of a process that works with the model
};
const char* to_string(Knows knows);

// One figure of an attack's budget, with its values for the two efforts.
struct Parameter {
  std::string name, smoke, full, meaning;
};

struct AttackInfo {
  std::string name, summary;
  std::vector<Knows> knows;
  std::vector<Parameter> budget;
  bool knows_about(Knows what) const;
};

// The budget of one run: the attack's parameters, with those that the cell sets otherwise. Throws Failure for an unknown name or a
// value that is no number.
class Budget {
 public:
  Budget(const AttackInfo& info, const Cell& cell);
  std::int64_t whole(const std::string& name) const;
  double real(const std::string& name) const;
  const std::string& text(const std::string& name) const;
  std::vector<std::string> names(const std::string& name) const;  // separated by commas
  std::vector<double> reals(const std::string& name) const;
  const std::map<std::string, std::string>& all() const { return values_; }

 private:
  std::map<std::string, std::string> values_;
};

class Study {
 public:
  virtual ~Study() = default;
  virtual const AttackInfo& info() const = 0;
  // The cells that the report needs (full), or a few that show that it works in seconds (smoke).
  virtual std::vector<Cell> cells(Effort effort) const = 0;
  // The section of the report, from its own records, of which there is at least one: tables, plots, and findings that are computed. The
  // heading and what the attacker knows are there already.
  virtual void report(const RecordSet& records, Page& page) const;
  // What the records, if there are any, say about published claims.
  virtual std::vector<Finding> findings(const RecordSet& records, const Page& page) const;
};

}  // namespace nnlock::lab
