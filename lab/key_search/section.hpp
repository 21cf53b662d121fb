// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What the report's sections on searches have in common: records grouped by target and settings, and figures over the keys of a group.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lab/attack.hpp"

namespace nnlock::lab {

// Records of one target under one budget; they differ in key and seed.
struct SearchGroup {
  std::vector<const Record*> records;
  std::string settings;  // budget parameters that are not as usual ("population=20"); empty: all are
  const Record& first() const { return *records.front(); }
  std::string target() const { return first().dataset() + " " + first().model() + " " + first().weights(); }
  bool of_nnlock() const { return first().scheme().starts_with("nnlock"); }
};
std::vector<SearchGroup> groups_of(const RecordSet& records, const AttackInfo& info);
std::vector<SearchGroup> with_usual_settings(const std::vector<SearchGroup>& groups);

// What the record has at a path of its outcome; nothing for null.
Summary summary_of(const SearchGroup& group, const std::string& outcome_path);
std::string mean_and_range(const Summary& shares);  // "87.3 (80.1 to 91.0)", in percent
// How many keys close at least this share of the gap between wrong and right keys.
std::size_t recovering(const SearchGroup& group, double share);
// A link to each record, named by its seed.
std::string links(const SearchGroup& group, const Page& page);

// One row a group: keys, evaluations, accuracies, recovered share, bits.
void search_table(const std::vector<SearchGroup>& groups, Page& page);
// A sentence for each group: how many keys recover half of the gap.
void search_findings(const std::vector<SearchGroup>& groups, Page& page);
// Whether HPNN falls and NN-Lock stands, half of the gap being the mark for both.
Finding stands(Claim claim, const std::vector<SearchGroup>& groups, const std::string& what);

// Means over the keys of a group, point by point, for each group a curve; y is multiplied by `factor`.
std::vector<Curve> mean_curves(const std::vector<SearchGroup>& groups, const std::string& x_path, const std::string& y_path, double factor);
// One plot for each model of each dataset: `plot` with its curves, named and titled after the model.
void plots_by_model(const std::vector<SearchGroup>& groups, const Plot& plot, const std::function<std::vector<Curve>(const std::vector<SearchGroup>&)>& curves, Page& page);

}  // namespace nnlock::lab
