// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/gradient/section.hpp"

#include <algorithm>

#include "lab/key_search/section.hpp"
#include "lab/report/figures.hpp"

namespace nnlock::lab {
namespace {

constexpr double kFound = 0.95;  // share of the key bits from which on a key counts as found

std::size_t found(const SearchGroup& group) {
  return static_cast<std::size_t>(
      std::count_if(group.records.begin(), group.records.end(), [](const Record* record) { return record->number("outcome.found.bits_right") >= kFound; }));
}

// How many starts have at least nine tenths of the bits after the first steps.
std::string starts_of(const SearchGroup& group) {
  std::size_t towards = 0, all = 0;
  for (const Record* record : group.records)
    for (const double share : record->numbers("outcome.starts.bits_right")) {
      ++all;
      towards += share >= 0.9;
    }
  return std::to_string(towards) + " of " + std::to_string(all);
}

}  // namespace

void report_gradient(const RecordSet& records, const AttackInfo& info, Page& page) {
  const auto groups = groups_of(records, info);
  Table table{.columns = {"scheme", "target", "settings", "keys", "bits right (%)", "bits that matter", "of these right (%)", "95 % found", "right key", "wrong keys", "found key", "starts with 90 %",
                          "record of seed"},
              .rows = {}};
  std::vector<std::string> items;
  for (const SearchGroup& group : groups) {
    const auto figure = [&](const char* path) { return mean_and_range(summary_of(group, path)); };
    table.rows.push_back({group.first().scheme(), group.target(), group.settings.empty() ? "as usual" : group.settings, std::to_string(group.records.size()), figure("found.bits_right"),
                          fixed(summary_of(group, "influence.bits_that_matter").mean, 1), figure("influence.bits_right_that_matter"), std::to_string(found(group)),
                          figure("found.right_key_accuracy"), figure("found.wrong_key_accuracy"), figure("found.accuracy"), starts_of(group), links(group, page)});
    items.push_back("`" + group.first().scheme() + "`, " + group.target() + ": " + std::to_string(found(group)) + " of " + counted(group.records.size(), "key") +
                    " are found to at least 95 %; after the first steps " + starts_of(group) + " starts have at least 90 % of the bits.");
  }
  page.paragraph("**Findings.**");
  page.list(items);
  page.paragraph("All key bits count. A bit *matters* when flipping it alone in the right key changes the answer to a test image; one that does not cannot be told from answers.");
  page.table(table);
  const Plot plot{.name = info.name, .title = "key bits right, mean over keys", .x_axis = "steps", .y_axis = "bits right (%)", .y_from = 0, .y_to = 100, .curves = {}, .level = 50};
  plots_by_model(with_usual_settings(groups), plot, [](const auto& some) { return mean_curves(some, "course.step", "course.bits_right", 100); }, page);
}

std::vector<Finding> findings_of_gradient(const RecordSet& records, const AttackInfo& info) {
  std::size_t keys = 0, keys_found = 0;
  double least = 1, greatest = 0;
  for (const SearchGroup& group : with_usual_settings(groups_of(records, info))) {
    const Summary bits = summary_of(group, "found.bits_right");
    keys += bits.count;
    keys_found += found(group);
    least = std::min(least, bits.least);
    greatest = std::max(greatest, bits.greatest);
  }
  if (keys == 0) return {};
  return {{Claim::gradient, verdict_of(keys_found, keys),
           std::to_string(keys_found) + " of " + counted(keys, "key") + " are found to at least 95 % of the bits (from " + percent(least) + " to " + percent(greatest) +
               " %); the section on the genetic attack has its figures for the same keys"}};
}

void report_gradient_stream(const RecordSet& records, const AttackInfo& info, Page& page) {
  Table table{.columns = {"scheme", "target", "settings", "unknown bits", "from the locked weights", "from random bytes", "common training", "right key", "record"}, .rows = {}};
  Plot plot{.name = info.name, .title = "test accuracy", .x_axis = "steps", .y_axis = "accuracy (%)", .y_from = 0, .y_to = 100, .curves = {}, .level = 10};
  std::vector<double> over_random, over_training;
  for (const SearchGroup& group : groups_of(records, info)) {
    const auto mean = [&](const std::string& path) { return summary_of(group, path).mean; };
    const double locked = mean("from_locked.final_accuracy"), random = mean("from_random_bytes.final_accuracy"), training = mean("common_training.final_accuracy");
    over_random.push_back(locked - random);
    over_training.push_back(locked - training);
    table.rows.push_back({group.first().scheme(), group.target(), group.settings.empty() ? "as usual" : group.settings, fixed(mean("from_locked.unknown_bits"), 0), percent(locked),
                          percent(random), percent(training), percent(mean("right_key_accuracy")), links(group, page)});
    for (const auto& [start, title] : {std::pair{"from_locked", ", locked"}, {"from_random_bytes", ", random bytes"}, {"common_training", ", common training"}})
      for (Curve& curve : mean_curves({group}, std::string(start) + ".step", std::string(start) + ".accuracy", 100)) {
        curve.title = group.first().scheme() + " " + group.first().model() + title;
        plot.curves.push_back(curve);
      }
  }
  page.paragraph("The key stream is relaxed, one unknown for each bit of each weight, and learnt on the same images as two controls: the same from random bytes instead of the locked ones, and "
                 "common training of a fresh float32 network. **Finding.** From the locked weights the accuracy lies " +
                 points(summarise(over_random).mean) + " points from that with random bytes and " + points(summarise(over_training).mean) + " points from common training, on average over " +
                 counted(table.rows.size(), "target") + ".");
  page.table(table);
  page.plot(plot);
}

}  // namespace nnlock::lab
