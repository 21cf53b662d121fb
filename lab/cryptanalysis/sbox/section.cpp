// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/cryptanalysis/sbox/section.hpp"

#include <algorithm>
#include <cmath>

#include "lab/report/figures.hpp"

namespace nnlock::lab {
namespace {

// Shares are counts of inputs over a common number of them, which says more than the digits that a record keeps.
Json to_json(const Spread& spread, unsigned of) {
  Json json;
  json["of"] = of;
  json["least"] = std::llround(spread.least * of);
  json["mean"] = std::llround(spread.mean * of);
  json["greatest"] = std::llround(spread.greatest * of);
  return json;
}

Spread spread_of(const Record& record, const std::string& path) {
  const double of = record.number(path + ".of");
  return {record.number(path + ".least") / of, record.number(path + ".mean") / of, record.number(path + ".greatest") / of};
}

unsigned whole(const Record& record, const char* name) { return static_cast<unsigned>(record.number(std::string("outcome.") + name)); }

std::string text_of(const Spread& spread) { return fixed(spread.mean, 5) + " (" + fixed(spread.least, 4) + " to " + fixed(spread.greatest, 4) + ")"; }

// Lengths that come up more than once are counted: 256 fixed points are "256 x 1".
std::string text_of(const std::vector<unsigned>& cycles) {
  std::string text;
  for (std::size_t i = 0; i < cycles.size();) {
    const auto next = static_cast<std::size_t>(std::upper_bound(cycles.begin(), cycles.end(), cycles[i]) - cycles.begin());
    text += (i == 0 ? "" : ", ") + (next - i > 1 ? std::to_string(next - i) + " x " : "") + std::to_string(cycles[i]);
    i = next;
  }
  return text;
}

}  // namespace

Json to_json(const SboxCriteria& criteria) {
  const unsigned bits = criteria.bits, pairs_of_outputs = bits * (bits - 1) / 2;
  Json json;
  json["bits"] = criteria.bits;
  json["nonlinearity"] = criteria.nonlinearity;
  json["differential_uniformity"] = criteria.differential_uniformity;
  json["largest_linear_bias"] = criteria.largest_linear_bias;
  json["strict_avalanche"] = to_json(criteria.strict_avalanche, bits * bits << bits);
  json["bit_independence_nonlinearity"] = criteria.bit_independence_nonlinearity;
  json["bit_independence_avalanche"] = to_json(criteria.bit_independence_avalanche, pairs_of_outputs * bits << bits);
  json["least_degree"] = criteria.least_degree;
  json["boomerang_uniformity"] = criteria.boomerang_uniformity;
  json["fixed_points"] = criteria.fixed_points;
  json["opposite_points"] = criteria.opposite_points;
  json["cycles"] = Json::array(criteria.cycles);
  return json;
}

SboxCriteria sbox_criteria_of(const Record& record) {
  SboxCriteria criteria{.bits = whole(record, "bits"),
                        .nonlinearity = whole(record, "nonlinearity"),
                        .differential_uniformity = whole(record, "differential_uniformity"),
                        .largest_linear_bias = whole(record, "largest_linear_bias"),
                        .strict_avalanche = spread_of(record, "outcome.strict_avalanche"),
                        .bit_independence_nonlinearity = whole(record, "bit_independence_nonlinearity"),
                        .bit_independence_avalanche = spread_of(record, "outcome.bit_independence_avalanche"),
                        .least_degree = whole(record, "least_degree"),
                        .boomerang_uniformity = whole(record, "boomerang_uniformity"),
                        .fixed_points = whole(record, "fixed_points"),
                        .opposite_points = whole(record, "opposite_points"),
                        .cycles = {}};
  for (const double length : record.numbers("outcome.cycles")) criteria.cycles.push_back(static_cast<unsigned>(length));
  return criteria;
}

std::vector<CriterionLine> lines_of(const SboxCriteria& criteria) {
  const auto inputs = 1u << criteria.bits;
  const auto share = [&](unsigned count) { return std::to_string(count) + " of " + std::to_string(inputs) + " = " + fixed(count / static_cast<double>(inputs), 6); };
  return {{"values", std::to_string(inputs)},
          {"nonlinearity, least of all components", std::to_string(criteria.nonlinearity)},
          {"differential uniformity", share(criteria.differential_uniformity)},
          {"largest linear bias", share(criteria.largest_linear_bias)},
          {"strict avalanche, mean (least to greatest)", text_of(criteria.strict_avalanche)},
          {"bit independence, nonlinearity", std::to_string(criteria.bit_independence_nonlinearity)},
          {"bit independence, avalanche", text_of(criteria.bit_independence_avalanche)},
          {"algebraic degree, least of all components", std::to_string(criteria.least_degree)},
          {"boomerang uniformity", std::to_string(criteria.boomerang_uniformity)},
          {"fixed points", std::to_string(criteria.fixed_points)},
          {"opposite points", std::to_string(criteria.opposite_points)},
          {"lengths of cycles", text_of(criteria.cycles)}};
}

std::string described(const SboxCriteria& criteria) {
  const auto lines = lines_of(criteria);
  std::size_t width = 0;
  for (const auto& [name, figure] : lines) width = std::max(width, name.size());
  std::string text;
  for (const auto& [name, figure] : lines) text += name + std::string(width - name.size() + 2, ' ') + figure + "\n";
  return text;
}

void report_sbox(const RecordSet& records, Page& page) {
  page.paragraph(
      "All figures are counted over all inputs, none is estimated. *Strict avalanche*: share of inputs for which flipping one input bit flips one output bit, over all pairs of bits; half "
      "is ideal. *Bit independence*: the same, and the nonlinearity, of sums of two output bits. *Opposite points*: S(x) is x with all bits flipped. "
      "Such criteria speak of rounds of a block cipher. NN-Lock's S-box comes last and is public, so anyone takes it away: S⁻¹(w') = w ^ k, and neither these figures nor better ones make the lock any stronger.");
  Table table{.columns = {"criterion"}, .rows = {}};
  const auto add = [&](std::size_t row, const std::string& name, const std::string& figure) {
    if (table.rows.size() <= row) table.rows.push_back({name});
    table.rows[row].push_back(figure);
  };
  for (const char* sbox : kRecordedSboxes)
    for (const Record& record : records) {
      if (record.text("outcome.sbox") != sbox) continue;
      table.columns.push_back("`" + std::string(sbox) + "`" + (record.is_smoke() ? " (smoke)" : ""));
      const auto lines = lines_of(sbox_criteria_of(record));
      for (std::size_t i = 0; i < lines.size(); ++i) add(i, lines[i].first, lines[i].second);
      add(lines.size(), "record", page.link(record));
    }
  page.table(table);
}

}  // namespace nnlock::lab
