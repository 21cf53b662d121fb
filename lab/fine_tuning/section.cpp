// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/fine_tuning/section.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "lab/fine_tuning/differences.hpp"
#include "lab/report/figures.hpp"
#include "lab/schemes/scheme.hpp"

namespace nnlock::lab {
namespace {

double share_of(const Record& record) { return std::stod(record.text("attack.budget.share")); }
std::string best_path(const std::string& start, const std::string& layers) { return "outcome.best." + start + "_" + layers; }

std::string spoken(std::string start) {
  std::replace(start.begin(), start.end(), '_', ' ');
  return start;
}

Cells of_scheme_and_layers(const RecordSet& records, const std::string& scheme, const std::string& layers) {
  Cells cells;
  for (const Record& record : records)
    if (record.scheme() == scheme && record.find(best_path("random", layers)) != nullptr) cells.push_back(&record);
  return cells;
}

std::map<double, Cells> by_share(const Cells& cells) {
  std::map<double, Cells> shares;
  for (const Record* cell : cells) shares[share_of(*cell)].push_back(cell);
  return shares;
}

Difference against(const Cells& cells, const std::string& start, const std::string& reference, const std::string& layers) {
  return difference_of(differences_at(cells, best_path(start, layers), best_path(reference, layers)));
}

std::string interval(const Difference& difference) {
  return points(difference.mean) + (difference.low ? " (" + points(difference.low) + " to " + points(difference.high) + ")" : "");
}

std::vector<std::string> columns_for(const std::vector<std::string>& starts) {
  std::vector<std::string> columns;
  for (const std::string& start : starts) columns.push_back(spoken(start));
  columns.push_back("random");
  for (const std::string& start : starts) columns.insert(columns.end(), {spoken(start) + " less random", "upper bound"});
  if (starts.size() == 2) columns.push_back(spoken(starts[0]) + " less " + spoken(starts[1]));
  return columns;
}

std::vector<std::string> figures_for(const Cells& cells, const std::vector<std::string>& starts, const std::string& layers) {
  std::vector<std::string> figures;
  for (const std::string& start : starts) figures.push_back(percent(mean_of(values_at(cells, best_path(start, layers)))));
  figures.push_back(percent(mean_of(values_at(cells, best_path("random", layers)))));
  for (const std::string& start : starts) {
    const Difference difference = against(cells, start, "random", layers);
    figures.push_back(points(difference.mean));
    figures.push_back(points(difference.upper));
  }
  if (starts.size() == 2) figures.push_back(interval(against(cells, starts[0], starts[1], layers)));
  return figures;
}

void add_row(Table& table, std::vector<std::string> names, const std::vector<std::string>& figures, const std::string& last) {
  names.insert(names.end(), figures.begin(), figures.end());
  names.push_back(last);
  table.rows.push_back(names);
}

Table table_for(std::vector<std::string> columns, const std::vector<std::string>& starts, const char* last) {
  for (const std::string& column : columns_for(starts)) columns.push_back(column);
  columns.push_back(last);
  return {.columns = columns, .rows = {}};
}

void pooled_table(const Cells& cells, const std::vector<std::string>& starts, const std::string& layers, Page& page) {
  Table table = table_for({"share (%)"}, starts, "cells");
  for (const auto& [share, some] : by_share(cells)) add_row(table, {percent(share, 0)}, figures_for(some, starts, layers), std::to_string(some.size()));
  page.table(table);
}

void network_table(const Cells& cells, const std::vector<std::string>& starts, const std::string& layers, Page& page) {
  Table table = table_for({"network", "share (%)"}, starts, "records");
  for (const auto& [network, own] : by_network(cells))
    for (const auto& [share, some] : by_share(own)) add_row(table, {network, percent(share, 0)}, figures_for(some, starts, layers), links_to(some, page));
  page.table(table);
}

// Accuracy by share, with the range of the seeds.
void plot_network(const std::string& network, const Cells& cells, std::vector<std::string> starts, const std::string& layers, Page& page) {
  const Record& any = *cells.front();
  const std::string suffix = layers == "all" ? "" : "-" + layers;
  Plot plot{.name = any.attack() + "-" + any.scheme() + "-" + network + suffix, .title = network + ", " + any.scheme() + ", " + layers + (layers == "all" ? " layers" : " layer"),
            .x_axis = "share of the training data (%)", .y_axis = "best accuracy (%)", .powers_of_two = true, .y_from = {}, .y_to = {}, .curves = {}, .level = {}};
  starts.push_back("random");
  for (const std::string& start : starts) {
    Curve curve{.title = start == "random" ? "random initialisation" : spoken(start), .points = {}};
    for (const auto& [share, some] : by_share(cells)) {
      const auto values = values_at(some, best_path(start, layers));
      if (values.empty()) continue;
      const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
      curve.points.push_back({100 * share, 100 * *mean_of(values), 100 * *least, 100 * *greatest});
    }
    plot.curves.push_back(curve);
  }
  page.plot(plot);
}

// What the locked weights have over those that a wrong key gives.
std::string against_control(const Difference& control, const Record& any) {
  if (!control.low) return "";
  if (*control.low > 0) return ": **more than a wrong key gives**";
  const bool same_ranges = make_scheme(any.scheme())->info().scramble == Scramble::finite;
  return std::string(": not shown to be better than weights unlocked with another key") + (same_ranges ? ", which hold the same ranges and nothing else" : "");
}

// Whether the bound is under a point at each share; where it is not, whether a network that knows nothing does as well.
void finding(const Cells& cells, const std::vector<std::string>& starts, const std::string& layers, Page& page) {
  std::string under, over, unbounded;
  std::vector<std::string> items;
  for (const auto& [share, some] : by_share(cells)) {
    const Difference difference = against(some, starts[0], "random", layers);
    std::string& list = !difference.upper ? unbounded : difference.under_margin() ? under : over;
    list += (list.empty() ? "" : ", ") + percent(share, 0);
    if (difference.under_margin()) continue;
    std::string item = percent(share, 0) + " %: mean " + points(difference.mean, 2) + ", " + (difference.upper ? "upper bound " + points(difference.upper, 2) : "one cell, so no bound");
    if (starts.size() == 2) {
      const Difference control = against(some, starts[0], starts[1], layers);
      item += "; less " + spoken(starts[1]) + " " + interval(control) + against_control(control, *some.front());
    }
    items.push_back(item);
  }
  std::string found;
  for (const auto& [what, shares] : {std::pair("under 1 point at a share of ", under), {"not under 1 point at ", over}, {"one cell, so no bound at ", unbounded}})
    if (!shares.empty()) found += (found.empty() ? "" : "; ") + (what + shares) + " %";
  page.paragraph("**Finding** (" + layers + (layers == "all" ? " layers" : " layer") + "). Upper 95 % bound of " + spoken(starts[0]) + " less random, all networks and seeds together: " + found + ".");
  if (!items.empty()) page.list(items);
}

}  // namespace

void report_fine_tuning(const RecordSet& records, const std::vector<std::string>& starts, Page& page) {
  page.paragraph("Accuracies are means over the cells, in %, of the best that any learning rate reached at any point of training; differences are in points. The best is chosen on the "
                 "test images, for every start alike. Upper bounds are one-sided, intervals two-sided, at 95 % by Student's t, cells taken as independent.");
  for (const std::string& scheme : scheme_names()) {
    if (of_scheme_and_layers(records, scheme, "all").empty() && of_scheme_and_layers(records, scheme, "last").empty()) continue;
    page.heading(3, starts[0] == "public" ? "Nothing stolen" : scheme);
    for (const char* layers : {"all", "last"}) {
      const Cells cells = of_scheme_and_layers(records, scheme, layers);
      if (cells.empty()) continue;
      finding(cells, starts, layers, page);
      pooled_table(cells, starts, layers, page);
      for (const auto& [network, own] : by_network(cells)) plot_network(network, own, starts, layers, page);
      network_table(cells, starts, layers, page);
    }
  }
}

std::vector<Finding> findings_of_fine_tuning(const RecordSet& records) {
  std::vector<Finding> findings;
  for (const std::string& scheme : scheme_names()) {
    const Cells cells = of_scheme_and_layers(records, scheme, "all");
    if (cells.empty()) continue;
    std::size_t under = 0, over = 0, shares = 0;
    std::string text;
    for (const auto& [share, some] : by_share(cells)) {
      const Difference difference = against(some, "locked", "random", "all");
      under += difference.under_margin();
      over += difference.over_margin();
      ++shares;
      text += (text.empty() ? "" : ", ") + points(difference.mean) + (difference.upper ? " (bound " + points(difference.upper) + ")" : " (one cell, no bound)") + " at " + percent(share, 0) + " %";
    }
    const Claim claim = scheme.starts_with("hpnn") ? Claim::hpnn_fine_tuning : Claim::fine_tuning;
    findings.push_back({claim, verdict_of(under, over, shares), "`" + scheme + "`: fine-tuned locked weights less random initialisation on the same data, points: " + text + "; " +
                                                                 "the upper bound is under 1 point at " + std::to_string(under) + " of " + counted(shares, "share") + ", the lower one over it at " +
                                                                 std::to_string(over) + " (" + counted(cells.size(), "cell") + ")"});
  }
  return findings;
}

}  // namespace nnlock::lab
