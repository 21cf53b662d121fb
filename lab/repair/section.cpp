// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/repair/section.hpp"

#include <algorithm>

#include "lab/fine_tuning/differences.hpp"
#include "lab/report/figures.hpp"
#include "lab/schemes/scheme.hpp"

namespace nnlock::lab {
namespace {

constexpr char kRandom[] = "outcome.random.best.random_all";

Cells of_scheme(const RecordSet& records, const std::string& scheme) {
  Cells cells;
  for (const Record& record : records)
    if (record.scheme() == scheme) cells.push_back(&record);
  return cells;
}

// In the order in which the records have them.
std::vector<std::string> transforms_of(const Cells& cells) {
  std::vector<std::string> names;
  for (const Record* cell : cells)
    for (std::size_t i = 0; i < cell->size("outcome.transforms"); ++i) {
      const std::string& name = cell->text("outcome.transforms." + std::to_string(i) + ".transform");
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  return names;
}

// A figure of one transform, of the cells that have it.
std::vector<double> figures(const Cells& cells, const std::string& transform, const std::string& figure) {
  std::vector<double> values;
  for (const Record* cell : cells)
    for (std::size_t i = 0; i < cell->size("outcome.transforms"); ++i) {
      const std::string one = "outcome.transforms." + std::to_string(i) + ".";
      if (cell->text(one + "transform") != transform) continue;
      if (const auto value = cell->number_if(one + figure)) values.push_back(*value);
    }
  return values;
}

std::vector<std::string> row_of(const Cells& cells, const std::string& transform) {
  const auto mean = [&](const char* figure) { return percent(mean_of(figures(cells, transform, figure))); };
  std::vector<std::string> row = {"`" + transform + "`", mean("untouched.locked.accuracy"), mean("untouched.wrong_key.accuracy"), mean("best.locked_all"), mean("best.wrong_key_all")};
  for (const char* start : {"difference.locked_all", "difference.wrong_key_all"}) {
    const Difference difference = difference_of(figures(cells, transform, start));
    row.push_back(points(difference.mean));
    row.push_back(points(difference.upper));
  }
  return row;
}

void table_of(const Cells& cells, Page& page) {
  Table table{.columns = {"transform", "without data: locked", "wrong key", "then fine-tuned: locked", "wrong key", "locked less random", "upper bound", "wrong key less random", "upper bound"},
              .rows = {}};
  for (const std::string& transform : transforms_of(cells)) table.rows.push_back(row_of(cells, transform));
  page.table(table);
}

struct Count {
  std::size_t under = 0, over = 0, all = 0;
  std::vector<std::string> not_under;  // those of the rest, with figures
  double greatest = 0;                 // accuracy of locked weights without data, of all cells
};

Count count_of(const Cells& cells) {
  Count count;
  for (const std::string& transform : transforms_of(cells)) {
    const Difference difference = difference_of(figures(cells, transform, "difference.locked_all"));
    ++count.all;
    count.over += difference.over_margin();
    if (difference.under_margin()) ++count.under;
    else count.not_under.push_back("`" + transform + "`: mean " + points(difference.mean, 2) + ", " + (difference.upper ? "upper bound " + points(difference.upper, 2) : "one cell, so no bound"));
    for (const double accuracy : figures(cells, transform, "untouched.locked.accuracy")) count.greatest = std::max(count.greatest, accuracy);
  }
  return count;
}

std::string told(const Count& count) {
  return "after " + std::to_string(count.under) + " of " + counted(count.all, "transform") + " and fine-tuning, the upper 95 % bound of locked less random is under 1 point, after " + std::to_string(count.over) + " the lower one over it; without data the best of all cells is " +
         percent(count.greatest) + " %";
}

}  // namespace

void report_repair(const RecordSet& records, Page& page) {
  page.paragraph("Figures as for fine-tuning; each transform works tensor by tensor, and the fine-tuning after it is that of random initialisation. `none` is the locked model as it is.");
  for (const std::string& scheme : scheme_names()) {
    const Cells cells = of_scheme(records, scheme);
    if (cells.empty()) continue;
    page.heading(3, scheme);
    const Count count = count_of(cells);
    page.paragraph("**Finding.** All networks and seeds together, " + told(count) + "." + (count.not_under.empty() ? "" : " Not under 1 point:"));
    if (!count.not_under.empty()) page.list(count.not_under);
    page.paragraph("All networks and seeds together (" + counted(cells.size(), "cell") + "); random initialisation reaches " +
                   percent(mean_of(values_at(cells, kRandom))) + " %.");
    table_of(cells, page);
    for (const auto& [network, own] : by_network(cells)) {
      page.paragraph(network + " (" + links_to(own, page) + "); random initialisation reaches " + percent(mean_of(values_at(own, kRandom))) + " %.");
      table_of(own, page);
    }
  }
}

std::vector<Finding> findings_of_repair(const RecordSet& records) {
  std::vector<Finding> findings;
  for (const std::string& scheme : scheme_names()) {
    const Cells cells = of_scheme(records, scheme);
    if (cells.empty() || scheme.starts_with("hpnn")) continue;
    const Count count = count_of(cells);
    findings.push_back({Claim::other_attacks, verdict_of(count.under, count.over, count.all), "`" + scheme + "`, pruning, requantisation, clipping and norm matching: " + told(count)});
  }
  return findings;
}

}  // namespace nnlock::lab
