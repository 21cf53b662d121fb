// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The criteria of S-boxes as cells. The scheme of such a cell is the one whose S-box AES's is; no file is locked.
#include <algorithm>

#include "lab/cryptanalysis/analysis.hpp"
#include "lab/cryptanalysis/sbox/section.hpp"
#include "lab/failure.hpp"

namespace nnlock::lab {
namespace {

class Sbox : public Analysis {
 public:
  const AttackInfo& info() const override {
    static const AttackInfo info{.name = "sbox-criteria",
                                 .summary = "the criteria by which the literature judges S-boxes, for AES's and others",
                                 .knows = {},
                                 .budget = {{"sbox", "aes", "aes", "aes, aes-inverse or present"}}};
    return info;
  }
  Json run(const Analyst&, const Truth&, const Budget& budget, const Log&) const override {
    const std::string& name = budget.text("sbox");
    // A user's file would make a record that nobody else can make again.
    if (std::ranges::find(kRecordedSboxes, name) == std::ranges::end(kRecordedSboxes))
      throw Failure("no record is kept of the S-box " + name, "see it with: nnlock-lab sbox " + name);
    Json outcome;
    outcome["sbox"] = name;
    const Json criteria = to_json(sbox_criteria(sbox_named(name)));
    for (const auto& [criterion, figure] : criteria.members()) outcome[criterion] = figure;
    return outcome;
  }
  std::vector<Cell> cells(Effort effort) const override {
    std::vector<Cell> cells;
    for (const char* sbox : kRecordedSboxes)
      if (effort == Effort::full || std::string(sbox) == "present")
        cells.push_back({.attack = info().name, .scheme = "nnlock-2022-128", .seed = 1, .effort = effort, .with = {{"sbox", sbox}}});
    return cells;
  }
  void report(const RecordSet& records, Page& page) const override { report_sbox(records, page); }
};

}  // namespace

const Analysis& sbox_analysis() {
  static const Sbox analysis;
  return analysis;
}

}  // namespace nnlock::lab
