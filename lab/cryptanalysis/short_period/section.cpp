// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/cryptanalysis/short_period/section.hpp"

#include <algorithm>
#include <map>

#include "lab/report/figures.hpp"

namespace nnlock::lab {
namespace {

bool found(const Record& record) { return record.at("outcome.period_found").flag(); }

// An int8 weight has one byte; a float has its sign and most of its exponent in the highest, the last in the file.
std::string bytes_right(const Record& record) {
  if (!found(record)) return kNoFigure;
  const auto shares = record.numbers("outcome.verdict.bytes_right");
  std::string text = percent(shares.back());
  for (std::size_t i = shares.size() - 1; i > 0; --i) text += ", " + percent(shares[i - 1]);
  return text;
}

std::vector<std::string> row_of(const Record& record, const Page& page) {
  const auto figure = [&](const char* path, int digits) { return fixed(record.number_if(path), digits); };
  return {record.scheme(), record.model() + (record.is_smoke() ? " (smoke)" : ""), record.text("outcome.dtype"), figure("outcome.period", 0), fixed(record.number("outcome.z"), 1),
          figure("outcome.samples.median", 0), percent(record.number_if("outcome.verdict.key_bytes_right")), bytes_right(record),
          percent(record.number_if("outcome.verdict.weights_readable")), record.at("outcome.unlocks").flag() ? "yes" : "no", page.link(record)};
}

// What each scheme came to, over its full records.
struct Sum {
  std::size_t records = 0, periods = 0, right_periods = 0, unlocked = 0;
  double least_readable = 1, greatest_readable = 0, greatest_z = 0;
  void add(const Record& record) {
    ++records, periods += found(record), unlocked += record.at("outcome.unlocks").flag();
    greatest_z = std::max(greatest_z, record.number("outcome.z"));
    if (!found(record)) return;
    right_periods += record.at("outcome.verdict.period_holds").flag();
    const double readable = record.numbers("outcome.verdict.bytes_right").back();
    least_readable = std::min(least_readable, readable), greatest_readable = std::max(greatest_readable, readable);
  }
  std::string text(const std::string& scheme) const {
    const std::string files = " in " + std::to_string(periods) + " of " + std::to_string(records) + " files";
    if (periods == 0) return "`" + scheme + "`: a period found" + files + "; the strongest lag of all has z = " + fixed(greatest_z, 1) + ", and nothing is recovered.";
    return "`" + scheme + "`: a period found" + files + ", a true one in " + std::to_string(right_periods) + "; weights (of floats, the highest byte) readable: " + percent(least_readable) + " to " +
           percent(greatest_readable) + " %, " + std::to_string(unlocked) + " files unlocked to the last byte.";
  }
};

}  // namespace

void report_short_period(const RecordSet& records, Page& page) {
  Table table{.columns = {"scheme", "model", "type", "period found", "z", "bytes a column", "key bytes right (%)", "right by byte of a weight, highest first (%)", "weights readable (%)",
                          "file unlocked", "record"},
              .rows = {}};
  std::map<std::pair<std::string, std::string>, Sum> sums;
  for (const Record& record : records) {
    table.rows.push_back(row_of(record, page));
    if (!record.is_smoke()) sums[{record.scheme(), record.text("outcome.dtype")}].add(record);
  }
  page.paragraph(
      "Everything comes from the locked file and from what quantised weights look like in general: zeros, values of ±127 where a channel has its largest weight, no -128, and int32 biases "
      "whose upper bytes are all zeros or all ones. *z*: by how many standard deviations the strongest lag stands out; a period is claimed from 8. *Bytes a column*: the median number of bytes under one key byte "
      "that tell anything; a few say little, unless most weights are 0. Guessing gives 0.4 % of key bytes. Mantissa bytes of floats tell nothing unless weights are 0, so of a float mostly the highest byte, with sign and exponent, can be "
      "had.");
  std::vector<std::string> items;
  for (const auto& [target, sum] : sums) items.push_back(sum.text(target.first + "`, `" + target.second));
  if (!items.empty()) page.list(items);
  page.table(table);
}

}  // namespace nnlock::lab
