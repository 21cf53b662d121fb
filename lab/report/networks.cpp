// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The networks under attack, unprotected and trained under a key. Read from the wrong-key records: an unlocked network is the unprotected one,
// for schemes that lock after training.
#include <algorithm>
#include <map>
#include <tuple>

#include "lab/report/figures.hpp"
#include "lab/report/report.hpp"

namespace nnlock::lab {
namespace {

constexpr double kCloseEnough = 0.015, kWorthless = 0.6;  // shares: what training under a key may cost, and what a wrong key must cost
constexpr double kRounding = 1e-9;                        // accuracies are in thousandths; 0.015 is within 0.015

bool under_key(const Record& record) { return record.at("target.trained_under_key").flag(); }
double right_key(const Record& record) { return record.number("outcome.right_key.accuracy"); }

using Place = std::tuple<std::string, std::string, std::string, std::string, double>;
Place place_of(const Record& record, const std::string& weights) {
  return {record.dataset(), record.model(), weights, record.text("effort"), record.number_if("target.network_seed").value_or(1)};
}

std::vector<const Record*> of_the_labs_networks(const RecordSet& records) {
  std::vector<const Record*> some;
  for (const Record& record : records)
    if (record.attack() == "wrong-keys" && record.runtime().empty()) some.push_back(&record);
  return some;
}

void unprotected_table(const std::vector<const Record*>& records, const std::map<Place, const Record*>& plain, Page& page) {
  Table table{.columns = {"dataset", "model", "training", "float32", "int8"}, .rows = {}};
  std::vector<Place> done;
  for (const Record* record : records) {
    const Place place = place_of(*record, "");
    if (under_key(*record) || std::find(done.begin(), done.end(), place) != done.end()) continue;
    done.push_back(place);
    std::vector<std::string> row = {record->dataset(), record->model(), record->text("target.training")};
    for (const char* weights : {"float32", "int8"}) {
      const auto found = plain.find(place_of(*record, weights));
      row.push_back(found == plain.end() ? kNoFigure : page.link(*found->second, percent(right_key(*found->second))));
    }
    table.rows.push_back(row);
  }
  page.table(table);
}

void table_under_key(const std::vector<const Record*>& records, const std::map<Place, const Record*>& plain, Page& page) {
  Table table{.columns = {"dataset", "model", "weights", "scheme", "unprotected", "right key", "difference", "within 1.5", "wrong keys", "cost", "at least 60", "record"}, .rows = {}};
  std::size_t pairs = 0, close = 0, cells = 0, able = 0, costly = 0;
  for (const Record* record : records) {
    if (!under_key(*record)) continue;
    const auto found = plain.find(place_of(*record, record->weights()));
    std::optional<double> unprotected, difference;
    if (found != plain.end()) {
      unprotected = right_key(*found->second);
      difference = right_key(*record) - *unprotected;
      ++pairs;
      close += *difference >= -kCloseEnough - kRounding;
    }
    const double wrong = record->number("outcome.random_keys.accuracy.mean"), cost = right_key(*record) - wrong;
    const bool can = right_key(*record) - record->number("outcome.against_chance.chance") >= kWorthless;  // a network loses no more than it has above chance
    ++cells, able += can;
    costly += cost >= kWorthless;
    table.rows.push_back({record->dataset(), record->model(), record->weights(), record->scheme(), percent(unprotected), percent(right_key(*record)), points(difference),
                          !difference ? kNoFigure : *difference >= -kCloseEnough - kRounding ? "yes" : "**no**", percent(wrong), percent(cost), cost >= kWorthless ? "yes" : can ? "**no**" : "cannot",
                          page.link(*record)});
  }
  if (cells == 0) return page.paragraph("No record yet of a network trained under a key.");
  page.paragraph("Networks trained under a key. With the right key " + std::to_string(close) + " of " + std::to_string(pairs) + " are within 1.5 points of the unprotected network or better; a random wrong key costs " +
                 "at least 60 points on average in " + std::to_string(costly) + " of " + std::to_string(cells) + " (" + std::to_string(able) + " are accurate enough to lose so much).");
  page.table(table);
}

}  // namespace

void report_networks(const RecordSet& all, Page& page) {
  page.heading(2, "The networks");
  const auto records = of_the_labs_networks(all);
  if (records.empty()) return page.paragraph("No record yet.");
  std::map<Place, const Record*> plain;
  for (const Record* record : records)
    if (!under_key(*record)) plain.emplace(place_of(*record, record->weights()), record);
  page.paragraph("Accuracy of the unprotected networks. `training` is the recipe (`e10`: ten epochs; `n`: so many images), or the public checkpoint. Measured under the right key, which "
                 "gives back the weights as they were.");
  unprotected_table(records, plain, page);
  table_under_key(records, plain, page);
}

}  // namespace nnlock::lab
