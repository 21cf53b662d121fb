// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What many cells say about a difference of accuracies.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lab/report/record_set.hpp"

namespace nnlock::lab {

class Page;

// A start is worth no more than random initialisation when the upper bound of the difference is under this: one point of accuracy.
inline constexpr double kMargin = 0.01;

// Of values that are taken as independent draws. Bounds are Student's t at 95 %; one value has none.
struct Difference {
  std::size_t count = 0;
  std::optional<double> mean;
  std::optional<double> upper;      // one-sided
  std::optional<double> low, high;  // two-sided
  bool under_margin() const { return upper && *upper < kMargin; }
  bool over_margin() const { return low && *low >= kMargin; }
};
Difference difference_of(const std::vector<double>& values);

using Cells = std::vector<const Record*>;
// The figures at a path, of the cells that have it; the first less the second, of those that have both.
std::vector<double> values_at(const Cells& cells, const std::string& path);
std::vector<double> differences_at(const Cells& cells, const std::string& path, const std::string& reference);
std::optional<double> mean_of(const std::vector<double>& values);

// Cells of one dataset and model, under "dataset-model", in the order of the records.
std::vector<std::pair<std::string, Cells>> by_network(const Cells& cells);
// Links to the records, named by their seeds.
std::string links_to(const Cells& cells, const Page& page);

}  // namespace nnlock::lab
