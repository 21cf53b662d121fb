// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/fine_tuning/differences.hpp"

#include <algorithm>

#include "lab/metrics.hpp"
#include "lab/report/figures.hpp"
#include "lab/report/page.hpp"

namespace nnlock::lab {

Difference difference_of(const std::vector<double>& values) {
  Difference result{.count = values.size(), .mean = mean_of(values)};
  if (values.size() < 2) return result;
  const double error = summarise(values).standard_error, mean = *result.mean;
  result.upper = mean + one_sided_t_bound(0.05, values.size() - 1) * error;
  const double reach = one_sided_t_bound(0.025, values.size() - 1) * error;
  result.low = mean - reach;
  result.high = mean + reach;
  return result;
}

std::vector<double> values_at(const Cells& cells, const std::string& path) {
  std::vector<double> values;
  for (const Record* cell : cells)
    if (const auto value = cell->number_if(path)) values.push_back(*value);
  return values;
}

std::vector<double> differences_at(const Cells& cells, const std::string& path, const std::string& reference) {
  std::vector<double> values;
  for (const Record* cell : cells) {
    const auto value = cell->number_if(path), other = cell->number_if(reference);
    if (value && other) values.push_back(*value - *other);
  }
  return values;
}

std::optional<double> mean_of(const std::vector<double>& values) {
  if (values.empty()) return std::nullopt;
  return summarise(values).mean;
}

std::vector<std::pair<std::string, Cells>> by_network(const Cells& cells) {
  std::vector<std::pair<std::string, Cells>> networks;
  for (const Record* cell : cells) {
    const std::string name = cell->dataset() + "-" + cell->model();
    const auto found = std::find_if(networks.begin(), networks.end(), [&](const auto& network) { return network.first == name; });
    if (found == networks.end()) networks.push_back({name, {cell}});
    else found->second.push_back(cell);
  }
  return networks;
}

std::string links_to(const Cells& cells, const Page& page) {
  std::string text;
  for (const Record* cell : cells) text += (text.empty() ? "" : " ") + page.link(*cell, "s" + fixed(cell->number("seed"), 0));
  return text;
}

}  // namespace nnlock::lab
