// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/cryptanalysis/malleability/section.hpp"

#include <map>

#include "lab/report/figures.hpp"

namespace nnlock::lab {
namespace {

struct Sum {
  double flips = 0, refused = 0, as_chosen = 0, otherwise = 0;
  void add(const Record& record, const std::string& path) {
    flips += record.number(path + ".flips"), refused += record.number(path + ".refused");
    as_chosen += record.number(path + ".as_chosen"), otherwise += record.number(path + ".otherwise");
  }
  std::vector<std::string> cells() const { return {fixed(flips, 0), fixed(refused, 0), fixed(as_chosen, 0), fixed(otherwise, 0)}; }
};

void add_rows(const Record& record, const std::string& list, const std::string& how, Table& table, const Page& page) {
  for (std::size_t i = 0; i < record.size(list); ++i) {
    const std::string path = list + "." + std::to_string(i);
    Sum sum;
    sum.add(record, path);
    std::vector<std::string> row = {record.scheme() + how, record.model(), record.text(path + ".region")};
    for (const std::string& cell : sum.cells()) row.push_back(cell);
    row.push_back(page.link(record));
    table.rows.push_back(std::move(row));
  }
}

std::string said(const std::string& scheme, const Sum& parameters, const Sum& all) {
  if (all.refused == all.flips) return "`" + scheme + "`: all " + fixed(all.flips, 0) + " flips are refused, wherever they are.";
  return "`" + scheme + "`: " + fixed(parameters.as_chosen, 0) + " of " + fixed(parameters.flips, 0) + " flips in parameters unlock to exactly the weight bit that was chosen, and nobody is told; " + fixed(all.refused, 0) + " of all " +
         fixed(all.flips, 0) + " are refused, by the model's format.";
}

}  // namespace

void report_tampering(const RecordSet& records, Page& page) {
  std::map<std::string, Sum> parameters, all;
  Table table{.columns = {"scheme", "model", "region", "flips", "refused", "opened as chosen", "opened otherwise", "record"}, .rows = {}};
  for (const Record& record : records) {
    add_rows(record, "outcome.opened", "", table, page);
    add_rows(record, "outcome.unauthenticated", ", not authenticated", table, page);
    for (std::size_t i = 0; !record.is_smoke() && i < record.size("outcome.opened"); ++i) {
      const std::string path = "outcome.opened." + std::to_string(i);
      all[record.scheme()].add(record, path);
      if (record.text(path + ".region") == "parameters") parameters[record.scheme()].add(record, path);
    }
  }
  std::vector<std::string> items;
  for (const auto& [scheme, sum] : all) items.push_back(said(scheme, parameters[scheme], sum));
  page.list(items);
  page.paragraph("One bit of the locked file each time, then opened with the right key. In parameters the bit is one of the weight: S(S⁻¹(w') ⊕ d). *opened as chosen*: the unlocked model is the plain one with that bit turned over. "
                 "*not authenticated*: what the right key would make of the same file if `nnlock-v1` compared no tag. Its layout `bytes` is a stream cipher and then just as soft; floats and wide integers keep to the range of their tensor "
                 "even so, and a flip aimed at their upper bits ends elsewhere or is refused.");
  page.table(table);
}

}  // namespace nnlock::lab
