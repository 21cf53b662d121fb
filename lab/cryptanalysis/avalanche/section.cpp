// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/cryptanalysis/avalanche/section.hpp"

#include "lab/report/figures.hpp"

namespace nnlock::lab {
namespace {

std::string range(const Record& record, const std::string& path) {
  return percent(record.number(path + ".least")) + " to " + percent(record.number(path + ".greatest"));
}

// Differing bits, block by block of the standard's expanded key, then behind it.
Curve curve_of(const Record& record, const std::string& at) {
  Curve curve{.title = record.scheme(), .points = {}};
  for (const double share : record.numbers(at + ".standard_blocks")) curve.points.push_back({.x = static_cast<double>(curve.points.size() + 1), .y = 100 * share});
  return curve;
}

}  // namespace

void report_avalanche(const RecordSet& records, Page& page) {
  Table table{.columns = {"scheme", "key bits flipped", "bits that differ in bytes 1–16 (%)", "17–32 (%)", "33–64 (%)", "to the end of the standard's length (%)", "later (%)",
                          "of single keys (%)", "equal bytes later (%)", "of single keys (%)", "record"},
              .rows = {}};
  Plot plot{.name = "avalanche", .title = "Key-stream bits that one flipped key bit changes", .x_axis = "block of 16 bytes", .y_axis = "bits that differ (%)", .y_from = 0, .y_to = 60, .curves = {}, .level = 50};
  for (const Record& record : records)
    for (std::size_t i = 0; i < record.size("outcome.distances"); ++i) {
      const std::string at = "outcome.distances." + std::to_string(i);
      const auto blocks = record.numbers(at + ".standard_blocks");
      double rest = 0;
      for (std::size_t block = 4; block < blocks.size(); ++block) rest += blocks[block] / static_cast<double>(blocks.size() - 4);
      table.rows.push_back({record.scheme() + (record.is_smoke() ? " (smoke)" : ""), fixed(record.number(at + ".distance"), 0), percent(blocks.at(0)), percent(blocks.at(1)),
                            percent((blocks.at(2) + blocks.at(3)) / 2), percent(rest), percent(record.number(at + ".later.mean")), range(record, at + ".later"),
                            percent(record.number(at + ".equal_bytes.mean")), range(record, at + ".equal_bytes"), page.link(record)});
      if (!record.is_smoke() && record.number(at + ".distance") == 1) plot.curves.push_back(curve_of(record, at));
    }
  page.paragraph(
      "A good key stream differs in 50 % of its bits, and 0.4 % of its bytes are equal by chance, from the first byte on and however near the keys are. In `nnlock-2022` the first bytes are "
      "the key itself; a flipped bit spreads over a few round keys, and never reaches the whole stream. Where the key stream is equal, weights come out right: what near keys do to accuracy is in the "
      "section on wrong keys. For `nnlock-v1` the same weights are locked under both keys with one lock id, and int8 bytes compared.");
  page.plot(plot);
  page.table(table);
}

}  // namespace nnlock::lab
