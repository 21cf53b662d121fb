// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/wrong_keys/section.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "lab/report/figures.hpp"
#include "lab/schemes/scheme.hpp"

namespace nnlock::lab {
namespace {

std::string spread(double mean, double deviation) { return percent(mean) + " ± " + percent(deviation); }

std::string bits(double distance) { return fixed(distance, 0) + (distance == 1 ? " bit" : " bits"); }

std::string mean_of(const Record& record, const std::string& figure, int digits) {
  return fixed(record.number_if("outcome.random_keys." + figure + ".mean"), digits);
}

std::vector<std::string> beside(const Record& record, const RecordSet& records) {
  std::vector<std::string> cells;
  for (const char* kind : {"random_networks", "initialised_networks"}) {
    const auto networks = against(record, records, kind);
    cells.push_back(networks ? spread(networks->mean, networks->deviation) : kNoFigure);
    cells.push_back(networks ? probability(networks->probability) : kNoFigure);
  }
  return cells;
}

const std::vector<std::string> kColumns = {"right key", "no unlocking", "keys", "mean ± sd", "max", "z", "entropy (bits)", "NaN (%)",
                                           "random networks", "KS p", "initialised networks", "KS p", "record"};

std::vector<std::string> figures_of(const Record& record, const RecordSet& records, const Page& page) {
  const std::string keys = "outcome.random_keys.accuracy.";
  std::vector<std::string> cells = {
      percent(record.number_if("outcome.right_key.accuracy")), percent(record.number_if("outcome.no_unlocking.accuracy")), fixed(record.number_if("outcome.random_keys.count"), 0),
      spread(record.number(keys + "mean"), record.number(keys + "sd")), percent(record.number(keys + "max")), fixed(record.number_if("outcome.against_chance.standard_errors"), 2),
      mean_of(record, "entropy", 2), percent(record.number_if("outcome.random_keys.nan_share.mean"))};
  for (const std::string& cell : beside(record, records)) cells.push_back(cell);
  cells.push_back(page.link(record));
  return cells;
}

Table table_with(const std::vector<std::string>& names, const std::vector<std::string>& figures) {
  Table table{.columns = names, .rows = {}};
  table.columns.insert(table.columns.end(), figures.begin(), figures.end());
  return table;
}

void random_key_table(const std::vector<const Record*>& cells, const RecordSet& records, Page& page) {
  Table table = table_with({"dataset", "model", "weights"}, kColumns);
  for (const Record* cell : cells) {
    std::vector<std::string> row = {cell->dataset(), cell->model(), cell->weights()};
    for (const std::string& figure : figures_of(*cell, records, page)) row.push_back(figure);
    table.rows.push_back(row);
  }
  page.table(table);
}

void near_key_table(const std::vector<const Record*>& cells, Page& page) {
  std::set<double> distances;
  for (const Record* cell : cells)
    for (const Near& near : near_keys_of(*cell)) distances.insert(near.distance);
  Table table{.columns = {"dataset", "model", "weights"}, .rows = {}};
  for (const double distance : distances) table.columns.push_back(bits(distance));
  table.columns.insert(table.columns.end(), {"equal bytes at 1 (%)", "record"});
  for (const Record* cell : cells) {
    std::map<double, Near> near;
    for (const Near& one : near_keys_of(*cell)) near[one.distance] = one;
    std::vector<std::string> row = {cell->dataset(), cell->model(), cell->weights()};
    for (const double distance : distances)
      row.push_back(near.contains(distance) ? percent(near[distance].mean) + " (" + percent(near[distance].greatest) + ")" : kNoFigure);
    row.push_back(percent(near.contains(1) ? near[1].equal_bytes : std::nullopt));
    row.push_back(page.link(*cell));
    table.rows.push_back(row);
  }
  page.paragraph("Each cell: mean accuracy of its near keys, and in brackets that of the best one.");
  page.table(table);
}

std::string name_of(const Record& record) { return record.dataset() + " " + record.model() + " " + record.weights(); }

void told_from_random_networks(const std::vector<const Record*>& cells, const RecordSet& records, Page& page) {
  std::vector<std::pair<const Record*, Against>> compared;
  for (const Record* cell : cells)
    if (const auto networks = against(*cell, records, "random_networks")) compared.emplace_back(cell, *networks);
  std::vector<std::string> items;
  for (const auto& [cell, networks] : compared) {
    if (networks.probability >= level_of_each(0.05, compared.size())) continue;
    const std::string keys = "outcome.random_keys.accuracy.";
    items.push_back(name_of(*cell) + ": random keys " + spread(cell->number(keys + "mean"), cell->number(keys + "sd")) + ", random networks " + spread(networks.mean, networks.deviation) + " (" + page.link(*cell) + ")");
  }
  page.paragraph("From random networks of the same layout, " + std::to_string(items.size()) + " of " + counted(compared.size(), "cell") + " can be told apart (KS, 5 % for all together)" + (items.empty() ? "." : ":"));
  if (!items.empty()) page.list(items);
}

void chance_finding(const std::vector<const Record*>& cells, const RecordSet& records, Page& page) {
  const ChanceTest test = test_against_chance(cells);
  page.paragraph("**Finding.** In " + std::to_string(cells.size() - test.outside.size()) + " of " + counted(cells.size(), "cell") + " the mean lies within " + fixed(test.bound, 2) +
                 " standard errors of chance: three for a single cell (" + percent(ChanceTest::kLevel, 2) + " %), corrected for their number (Sidak)." +
                 (test.outside.empty() ? "" : " Outside, and what random networks of the same layout say about it:"));
  std::vector<std::string> items;
  for (const Record* cell : test.outside) {
    std::string item = name_of(*cell) + ": mean " + percent(cell->number("outcome.random_keys.accuracy.mean"), 2) + " %, z " + fixed(cell->number_if("outcome.against_chance.standard_errors"), 2);
    if (const auto networks = against(*cell, records, "random_networks"))
      item += "; random networks " + percent(networks->mean, 2) + " %, difference " + fixed(networks->standard_errors, 2) + " standard errors, KS p " + probability(networks->probability) +
              (networks->probability >= 0.01 ? ": wrong keys do as random networks do" : ": **wrong keys are told from random networks**");
    items.push_back(item + " (" + page.link(*cell) + ")");
  }
  if (!items.empty()) page.list(items);
  told_from_random_networks(cells, records, page);
}

// All cells of a scheme in one, by the number of wrong bits.
void near_finding(const std::vector<const Record*>& cells, Page& page) {
  struct Sum {
    double means = 0, greatest = 0;
    std::size_t count = 0, told_apart = 0, half_way = 0;
  };
  std::map<double, Sum> sums;
  const double bound = bound_of_near_keys(cells);
  for (const Record* cell : cells)
    for (const Near& near : near_keys_of(*cell)) {
      Sum& sum = sums[near.distance];
      ++sum.count, sum.means += near.mean, sum.greatest = std::max(sum.greatest, near.greatest);
      sum.told_apart += told_from_random_keys(near, *cell, bound);
      sum.half_way += near.greatest > half_way(*cell);
    }
  Table table{.columns = {"keys near the right one"}, .rows = {{"mean of all cells"}, {"best key of all"}, {"cells told from random keys"}, {"cells with a key more than half way"}}};
  for (const auto& [distance, sum] : sums) {
    table.columns.push_back(bits(distance));
    table.rows[0].push_back(percent(sum.means / static_cast<double>(sum.count)));
    table.rows[1].push_back(percent(sum.greatest));
    table.rows[2].push_back(std::to_string(sum.told_apart) + " of " + std::to_string(sum.count));
    table.rows[3].push_back(std::to_string(sum.half_way) + " of " + std::to_string(sum.count));
  }
  page.paragraph("**Keys near the right one**, by the number of wrong bits. *Told from random keys*: the mean lies more than " + fixed(bound, 2) +
                 " standard errors from that of random keys (three, corrected for all cells and distances). *Half way*: from chance to the right key.");
  page.table(table);
}

// By scheme and form: the mean over all models of a dataset, and the best key of all.
void distance_plots(const RecordSet& records, Page& page) {
  struct Sum {
    double means = 0, greatest = 0;
    std::size_t count = 0;
  };
  std::map<std::string, std::map<std::pair<std::string, std::string>, std::map<double, Sum>>> datasets;
  for (const Record& record : records) {
    if (!record.runtime().empty()) continue;
    for (const Near& near : near_keys_of(record)) {
      Sum& sum = datasets[record.dataset()][{record.scheme(), record.weights()}][near.distance];
      sum.means += near.mean, sum.greatest = std::max(sum.greatest, near.greatest), ++sum.count;
    }
  }
  for (const auto& [dataset, schemes] : datasets) {
    Plot mean{.name = "wrong-keys-" + dataset, .title = dataset + ": accuracy by key distance, mean over keys and models", .x_axis = "wrong key bits", .y_axis = "accuracy (%)",
              .powers_of_two = true, .y_from = 0, .y_to = 100, .curves = {}, .level = 10};
    Plot best = mean;
    best.name += "-best", best.title = dataset + ": accuracy by key distance, best key of all";
    for (const auto& [scheme, distances] : schemes) {
      Curve means{.title = scheme.first + " " + scheme.second, .points = {}}, greatest = means;
      for (const auto& [distance, sum] : distances) {
        means.points.push_back({distance, 100 * sum.means / static_cast<double>(sum.count)});
        greatest.points.push_back({distance, 100 * sum.greatest});
      }
      mean.curves.push_back(means), best.curves.push_back(greatest);
    }
    page.plot(mean);
    page.plot(best);
  }
}

// How far the best random key gets on the way from chance to the right key.
std::string farthest_key(const std::vector<const Record*>& cells) {
  const Record* farthest = nullptr;
  double share = 0;
  for (const Record* cell : cells) {
    const double way = (cell->number("outcome.random_keys.accuracy.max") - chance_of(*cell)) / (cell->number("outcome.right_key.accuracy") - chance_of(*cell));
    if (farthest == nullptr || way > share) share = way, farthest = cell;
  }
  return "The best random key of all gets " + percent(share, 0) + " % of the way from chance to the right key (" + farthest->model() + ", " + farthest->weights() + ").";
}

void report_runtimes(const RecordSet& records, Page& page) {
  Table table = table_with({"model", "dataset", "runtime", "weights", "scheme", "judged by", "inputs", "chance"}, kColumns);
  std::vector<const Record*> cells;
  for (const Record& record : records) {
    if (record.runtime().empty()) continue;
    cells.push_back(&record);
    std::vector<std::string> row = {record.model(), record.dataset(), record.runtime(), record.weights(), record.scheme(), record.text("target.measure"), fixed(record.number_if("test_images"), 0),
                                    percent(chance_of(record))};
    for (const std::string& figure : figures_of(record, records, page)) row.push_back(figure);
    table.rows.push_back(row);
  }
  if (cells.empty()) return;
  page.heading(3, "Public models in stock runtimes");
  page.paragraph("Models that others trained, locked as files and run by the runtime named. Where no labels are at hand, answers are compared with those of the plain model, over equally "
                 "many inputs of each of its answers; a correlation is that of all outputs with the plain model's (100 is the right key, 0 is chance). z is against the chance of that model.");
  chance_finding(cells, records, page);
  page.paragraph(farthest_key(cells));
  page.table(table);
  near_finding(cells, page);
  near_key_table(cells, page);
}

}  // namespace

void report_wrong_keys(const RecordSet& records, Page& page) {
  distance_plots(records, page);
  for (const std::string& scheme : scheme_names()) {
    const auto cells = of_scheme(records, scheme);
    if (cells.empty()) continue;
    page.heading(3, scheme);
    if (scheme == "nnlock-v1") chance_finding(cells, records, page);
    random_key_table(cells, records, page);
    near_finding(cells, page);
    near_key_table(cells, page);
  }
  report_runtimes(records, page);
}

}  // namespace nnlock::lab
