// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/genetic/section.hpp"

#include <algorithm>

#include "lab/key_search/section.hpp"
#include "lab/report/figures.hpp"

namespace nnlock::lab {
namespace {

void course_plots(const std::vector<SearchGroup>& groups, const AttackInfo& info, Page& page) {
  const Plot accuracy{.name = info.name + "-accuracy", .title = "test accuracy of the best key, mean over keys", .x_axis = "keys tried", .y_axis = "accuracy (%)",
                      .y_from = 0, .y_to = 100, .curves = {}, .level = 10};
  plots_by_model(groups, accuracy, [](const auto& some) { return mean_curves(some, "generations.checks.evaluations", "generations.checks.accuracy", 100); }, page);
  if (info.knows_about(Knows::oracle)) return;
  // A random network's loss can be in the hundreds; what matters lies below that of an even guess, log 10.
  const Plot loss{.name = info.name + "-fitness", .title = "loss of the best key on the attacker's images, mean over keys", .x_axis = "keys tried", .y_axis = "loss (nats)",
                  .y_from = 0, .y_to = 6, .curves = {}, .level = 2.3};
  plots_by_model(groups, loss, [](const auto& some) { return mean_curves(some, "generations.evaluations", "generations.best_fitness", -1); }, page);
}

// Settings that are not as usual, each target headed by the usual ones with the same seeds.
std::vector<SearchGroup> grid_of(const std::vector<SearchGroup>& groups) {
  std::vector<SearchGroup> grid;
  std::vector<std::string> headed;
  for (const SearchGroup& group : groups) {
    if (group.settings.empty()) continue;
    const std::string target = group.target() + group.first().scheme();
    if (std::find(headed.begin(), headed.end(), target) == headed.end()) {
      headed.push_back(target);
      for (const SearchGroup& usual : groups)
        if (usual.settings.empty() && usual.target() + usual.first().scheme() == target)
          for (const Record* record : usual.records)
            if (record->number("seed") == group.first().number("seed")) grid.push_back({.records = {record}, .settings = {}});
    }
    grid.push_back(group);
  }
  return grid;
}

Curve course_of(const Record& record, const std::string& start, const std::string& title) {
  const auto x = record.numbers("outcome." + start + ".generations.checks.evaluations"), y = record.numbers("outcome." + start + ".generations.checks.accuracy");
  Curve curve{.title = title, .points = {}};
  for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i) curve.points.push_back({x[i], 100 * y[i]});
  return curve;
}

}  // namespace

void report_genetic(const RecordSet& records, const AttackInfo& info, Page& page) {
  const auto groups = groups_of(records, info), usual = with_usual_settings(groups);
  page.paragraph("Mean over keys, and from least to greatest; *recovered* is the share of the gap between 20 wrong keys and the right key. Half of the bits are right by chance.");
  search_findings(usual, page);
  search_table(usual, page);
  course_plots(usual, info, page);
  const auto grid = grid_of(groups);
  if (grid.empty()) return;
  page.heading(3, "Other settings");
  search_table(grid, page);
}

std::vector<Finding> findings_of_genetic(const RecordSet& records, const AttackInfo& info) {
  std::vector<Finding> findings;
  const auto usual = with_usual_settings(groups_of(records, info));
  for (const auto& [prefix, claim] : {std::pair{"nnlock-v1", Claim::genetic}, {"nnlock-2022", Claim::genetic}, {"hpnn", Claim::genetic_hpnn}}) {
    std::vector<SearchGroup> some;
    for (const SearchGroup& group : usual)
      if (group.first().scheme().starts_with(prefix)) some.push_back(group);
    if (!some.empty()) findings.push_back(stands(claim, some, "`" + info.name + "` on `" + prefix + "`"));
  }
  return findings;
}

void report_genetic_weights(const RecordSet& records, const AttackInfo& info, Page& page) {
  Table table{.columns = {"scheme", "target", "settings", "evaluations", "locked weights", "after the search", "initialised", "after the search", "difference", "right key", "record"}, .rows = {}};
  Plot plot{.name = info.name, .title = "test accuracy of the best weights", .x_axis = "sets of weights tried", .y_axis = "accuracy (%)", .y_from = 0, .y_to = 100, .curves = {}, .level = 10};
  std::size_t locked_better = 0;
  for (const SearchGroup& group : groups_of(records, info)) {
    const auto mean = [&](const char* path) { return summary_of(group, path).mean; };
    const double difference = mean("from_locked.accuracy") - mean("from_initialised.accuracy");
    locked_better += difference > 0;
    table.rows.push_back({group.first().scheme(), group.target(), group.settings.empty() ? "as usual" : group.settings, fixed(mean("from_locked.evaluations"), 0),
                          percent(mean("from_locked.start_accuracy")), percent(mean("from_locked.accuracy")), percent(mean("from_initialised.start_accuracy")),
                          percent(mean("from_initialised.accuracy")), points(difference), percent(mean("right_key_accuracy")), links(group, page)});
    const std::string name = group.first().scheme() + " " + group.first().model();
    plot.curves.push_back(course_of(group.first(), "from_locked", name + ", from locked"));
    plot.curves.push_back(course_of(group.first(), "from_initialised", name + ", from initialised"));
  }
  page.paragraph("**Finding.** In " + std::to_string(locked_better) + " of " + counted(table.rows.size(), "target") + " the search does better from the locked weights than from random initialisation.");
  page.table(table);
  page.plot(plot);
}

}  // namespace nnlock::lab
