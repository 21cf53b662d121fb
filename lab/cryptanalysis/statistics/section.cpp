// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/cryptanalysis/statistics/section.hpp"

#include <map>

#include "lab/report/figures.hpp"

namespace nnlock::lab {
namespace {

struct Score {
  std::size_t passing = 0, streams = 0;
};

std::vector<std::string> row_of(const Record& record, const std::string& at, const Page& page) {
  const auto number = [&](const char* name) { return record.number(at + "." + name); };
  return {record.scheme(), record.model() + (record.is_smoke() ? " (smoke)" : ""), record.text(at + ".stream"), fixed(number("bytes"), 0), fixed(number("entropy"), 4),
          fixed(number("chi_square"), 0), probability(number("chi_square_probability")), probability(number("serial_probability")), fixed(number("adjacent_correlation"), 4),
          probability(number("adjacent_probability")), fixed(number("coinciding_lag"), 0), fixed(number("coincidence_z"), 1), record.at(at + ".passes").flag() ? "yes" : "no", page.link(record)};
}

std::string scores_of(const std::map<std::string, Score>& streams) {
  std::string text;
  for (const auto& [stream, score] : streams)
    text += (text.empty() ? "" : "; ") + stream + ": " + std::to_string(score.passing) + " of " + std::to_string(score.streams);
  return text;
}

}  // namespace

void report_statistics(const RecordSet& records, Page& page) {
  Table table{.columns = {"scheme", "model", "stream", "bytes", "entropy (bits)", "chi-square", "p", "serial p", "adjacent correlation", "p", "strongest lag", "z", "passes", "record"}, .rows = {}};
  std::map<std::string, std::map<std::string, Score>> schemes;
  std::map<std::string, Score> plain;
  for (const Record& record : records)
    for (std::size_t i = 0; i < record.size("outcome.streams"); ++i) {
      const std::string at = "outcome.streams." + std::to_string(i), stream = record.text(at + ".stream");
      if (stream != "plain" || plain[record.model()].streams == 0) table.rows.push_back(row_of(record, at, page));
      if (stream == "plain") ++plain[record.model()].streams;
      if (record.is_smoke() || stream == "plain") continue;
      Score& score = schemes[record.scheme()][stream];
      ++score.streams, score.passing += record.at(at + ".passes").flag();
    }
  page.paragraph(
      "int8 weights only: other types `nnlock-v1` keeps in the range of their tensor, which shows. *zeros, locked*: the same model with all parameters 0, so that nothing but the key stream is left. "
      "A stream *passes* when chi-square of its bytes, the serial test of neighbouring pairs, the correlation of neighbours and equal bytes at any of 519 lags all do, at a level of 0.1 % together. "
      "Plain weights and key streams that repeat are there to show that the tests see something.");
  std::vector<std::string> items;
  for (const auto& [scheme, streams] : schemes) items.push_back("`" + scheme + "` passes: " + scores_of(streams) + ".");
  if (!items.empty()) page.list(items);
  page.paragraph(
      "Such tests say nothing about the strength of a lock. By them the locked bytes of `nnlock-2022` are no more conspicuous than those of `nnlock-v1`, and its key is recovered from them alone (see Ciphertext only). "
      "Most words of its raw key stream are the XOR of two earlier ones, which tests of matrix ranks notice and these do not. What NIST SP 800-22 and dieharder say of longer streams, "
      "before and behind the S-box, is in tests/slow/key-streams.txt, made by the slow lane `key-streams`.");
  page.table(table);
}

}  // namespace nnlock::lab
