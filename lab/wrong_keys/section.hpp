// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What the report says about wrong keys.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lab/report/claims.hpp"
#include "lab/report/page.hpp"

namespace nnlock::lab {

void report_wrong_keys(const RecordSet& records, Page& page);
std::vector<Finding> findings_of_wrong_keys(const RecordSet& records, const Page& page);

// Networks that wrong keys are compared with: "random_networks" or "initialised_networks". A record without them borrows those of another record of the same
// network, form and kind of scheme; they do not depend on the key.
struct Against {
  double mean = 0, deviation = 0, greatest = 0;
  double probability = 1;                  // Kolmogorov and Smirnov
  std::optional<double> standard_errors;   // from the networks' mean to that of the keys, in standard errors of the difference
};
std::optional<Against> against(const Record& record, const RecordSet& records, const std::string& kind);

// Cells of one scheme whose mean is tested against chance, at three standard errors for all together.
struct ChanceTest {
  static constexpr double kLevel = 0.0027;  // two-sided probability beyond three standard errors
  double bound = 0;                         // standard errors, for each cell
  std::vector<const Record*> cells, outside;
};
ChanceTest test_against_chance(const std::vector<const Record*>& cells);

// Accuracy under the keys at one distance of a record.
struct Near {
  double distance = 0, count = 0, mean = 0, greatest = 0;
  std::optional<double> equal_bytes;
};
std::vector<Near> near_keys_of(const Record& record);
// Whether the mean of these keys lies more than `bound` standard errors from that of the record's random keys, whose deviation is taken for both: near keys are few.
bool told_from_random_keys(const Near& near, const Record& record, double bound);
// Three standard errors, corrected for all near keys of all cells.
double bound_of_near_keys(const std::vector<const Record*>& cells);

double chance_of(const Record& record);
double half_way(const Record& record);  // from chance to the accuracy with the right key
std::vector<const Record*> of_scheme(const RecordSet& records, const std::string& scheme);  // of the lab's own networks

}  // namespace nnlock::lab
