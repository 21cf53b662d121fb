// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/key_search/section.hpp"

#include <algorithm>
#include <map>

#include "lab/report/figures.hpp"

namespace nnlock::lab {
namespace {

std::string settings_of(const Record& record, const AttackInfo& info) {
  std::string settings = record.is_smoke() ? "smoke" : "";
  for (const Parameter& parameter : info.budget) {
    const std::string path = "attack.budget." + parameter.name;
    if (record.find(path) == nullptr || record.text(path) == (record.is_smoke() ? parameter.smoke : parameter.full)) continue;
    settings += (settings.empty() ? "" : " ") + parameter.name + "=" + record.text(path);
  }
  return settings;
}

}  // namespace

std::vector<SearchGroup> groups_of(const RecordSet& records, const AttackInfo& info) {
  std::vector<SearchGroup> groups;
  for (const Record& record : records) {
    const std::string settings = settings_of(record, info);
    const auto same = std::find_if(groups.begin(), groups.end(), [&](const SearchGroup& group) {
      const Record& other = group.first();
      return group.settings == settings && other.dataset() == record.dataset() && other.model() == record.model() && other.weights() == record.weights() && other.scheme() == record.scheme();
    });
    if (same == groups.end()) groups.push_back({.records = {&record}, .settings = settings});
    else same->records.push_back(&record);
  }
  return groups;
}

std::vector<SearchGroup> with_usual_settings(const std::vector<SearchGroup>& groups) {
  std::vector<SearchGroup> usual;
  std::copy_if(groups.begin(), groups.end(), std::back_inserter(usual), [](const SearchGroup& group) { return group.settings.empty(); });
  return usual;
}

Summary summary_of(const SearchGroup& group, const std::string& outcome_path) {
  std::vector<double> values;
  for (const Record* record : group.records)
    if (const auto value = record->number_if("outcome." + outcome_path)) values.push_back(*value);
  return summarise(values);
}

std::string mean_and_range(const Summary& shares) {
  if (shares.count == 0) return kNoFigure;
  if (shares.count == 1) return percent(shares.mean);
  return percent(shares.mean) + " (" + percent(shares.least) + " to " + percent(shares.greatest) + ")";
}

std::size_t recovering(const SearchGroup& group, double share) {
  return static_cast<std::size_t>(
      std::count_if(group.records.begin(), group.records.end(), [&](const Record* record) { return record->number_if("outcome.found.recovered").value_or(0) >= share; }));
}

std::string links(const SearchGroup& group, const Page& page) {
  std::string text;
  for (const Record* record : group.records) text += (text.empty() ? "" : " ") + page.link(*record, fixed(record->number("seed"), 0));
  return text;
}

void search_table(const std::vector<SearchGroup>& groups, Page& page) {
  Table table{.columns = {"scheme", "target", "settings", "keys", "evaluations", "right key", "wrong keys", "found key", "recovered (%)", "bits right (%)", "recover half", "record of seed"},
              .rows = {}};
  for (const SearchGroup& group : groups) {
    const auto figure = [&](const char* path) { return mean_and_range(summary_of(group, path)); };
    table.rows.push_back({group.first().scheme(), group.target(), group.settings.empty() ? "as usual" : group.settings, std::to_string(group.records.size()),
                          fixed(summary_of(group, "evaluations").mean, 0), figure("found.right_key_accuracy"), figure("found.wrong_key_accuracy"), figure("found.accuracy"),
                          figure("found.recovered"), figure("found.bits_right"), std::to_string(recovering(group, 0.5)), links(group, page)});
  }
  page.table(table);
}

void search_findings(const std::vector<SearchGroup>& groups, Page& page) {
  std::vector<std::string> items;
  for (const SearchGroup& group : groups) {
    const Summary recovered = summary_of(group, "found.recovered");
    items.push_back("`" + group.first().scheme() + "`, " + group.target() + ": " + std::to_string(recovering(group, 0.5)) + " of " + counted(group.records.size(), "key") +
                    " recover at least half of the gap between wrong and right key; on average " + percent(recovered.mean) + " %, at most " + percent(recovered.greatest) + " %, with " +
                    percent(summary_of(group, "found.bits_right").mean) + " % of the bits.");
  }
  if (items.empty()) return;
  page.paragraph("**Findings.**");
  page.list(items);
}

Finding stands(Claim claim, const std::vector<SearchGroup>& groups, const std::string& what) {
  std::size_t keys = 0, broken = 0;
  double greatest = 0, bits = 0;
  for (const SearchGroup& group : groups) {
    keys += group.records.size();
    broken += recovering(group, 0.5);
    greatest = std::max(greatest, summary_of(group, "found.recovered").greatest);
    bits += summary_of(group, "found.bits_right").mean * static_cast<double>(group.records.size());
  }
  const bool falls = claim == Claim::genetic_hpnn;
  return {claim, verdict_of(falls ? broken : keys - broken, keys),
          what + ": " + std::to_string(broken) + " of " + counted(keys, "key") + " give away at least half of the gap between wrong and right key, at most " + percent(greatest) + " %; " +
              percent(keys == 0 ? std::nullopt : std::optional(bits / static_cast<double>(keys))) + " % of the key bits are found on average"};
}

std::vector<Curve> mean_curves(const std::vector<SearchGroup>& groups, const std::string& x_path, const std::string& y_path, double factor) {
  std::vector<Curve> curves;
  for (const SearchGroup& group : groups) {
    std::map<double, std::vector<double>> values;
    for (const Record* record : group.records) {
      const auto x = record->numbers("outcome." + x_path), y = record->numbers("outcome." + y_path);
      for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i) values[x[i]].push_back(factor * y[i]);
    }
    Curve curve{.title = group.first().scheme() + " " + group.first().weights(), .points = {}};
    for (const auto& [x, ys] : values) curve.points.push_back({x, summarise(ys).mean});
    curves.push_back(curve);
  }
  return curves;
}

void plots_by_model(const std::vector<SearchGroup>& groups, const Plot& plot, const std::function<std::vector<Curve>(const std::vector<SearchGroup>&)>& curves, Page& page) {
  std::vector<std::pair<std::string, std::vector<SearchGroup>>> models;
  for (const SearchGroup& group : groups) {
    const std::string model = group.first().dataset() + "-" + group.first().model();
    auto found = std::find_if(models.begin(), models.end(), [&](const auto& one) { return one.first == model; });
    if (found == models.end()) found = models.insert(models.end(), {model, {}});
    found->second.push_back(group);
  }
  for (const auto& [model, some] : models) {
    Plot one = plot;
    one.name += "-" + model;
    one.title = model + ": " + plot.title;
    one.curves = curves(some);
    page.plot(one);
  }
}

}  // namespace nnlock::lab
