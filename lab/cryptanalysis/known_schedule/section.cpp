// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/cryptanalysis/known_schedule/section.hpp"

#include <algorithm>
#include <map>

#include "lab/report/figures.hpp"

namespace nnlock::lab {
namespace {

bool says(const Record& record, const char* path) { return record.at(path).flag(); }
const char* yes_or_no(bool yes) { return yes ? "yes" : "no"; }

// By how much the likeliest state of any strand is likelier than chance, in bits, over all attempts.
std::string best_bits(const Record& record) {
  double best = 0;
  const auto look = [&](const std::string& path) {
    for (const double bits : record.numbers(path)) best = std::max(best, bits);
  };
  if (record.find("outcome.bits") != nullptr) look("outcome.bits");
  for (std::size_t i = 0; i < record.size("outcome.attempts"); ++i) look("outcome.attempts." + std::to_string(i) + ".bits");
  return fixed(best, 0);
}

std::string attempts_of(const Record& record) {
  if (const auto tried = record.number_if("outcome.tried")) return fixed(*tried, 0) + (says(record, "outcome.complete") ? "" : ", given up");
  return std::to_string(record.size("outcome.attempts"));
}

void say_why_not(const RecordSet& records, Page& page) {
  std::vector<std::string> items;
  for (const Record& record : records)
    if (record.find("outcome.why") != nullptr) items.push_back("`" + record.scheme() + "`, " + record.model() + ": " + record.text("outcome.why") + " (" + page.link(record) + ").");
  if (items.empty()) return;
  page.paragraph("Why it stopped where it did not succeed:");
  page.list(items);
}

void sum_up(const std::map<std::string, std::vector<const Record*>>& schemes, Page& page) {
  std::vector<std::string> items;
  for (const auto& [scheme, records] : schemes) {
    std::size_t found = 0;
    std::vector<double> seconds;
    for (const Record* record : records) {
      if (!says(*record, "outcome.unlocks")) continue;
      ++found;
      seconds.push_back(record->number("seconds"));
    }
    std::string text = "`" + scheme + "`: " + std::to_string(found) + " of " + std::to_string(records.size()) + " files fully unlocked";
    if (found > 0) {
      std::sort(seconds.begin(), seconds.end());
      text += ", median " + fixed(seconds[seconds.size() / 2], 1) + " s, slowest " + fixed(seconds.back(), 1) + " s (locking and checking included)";
    }
    items.push_back(text + ".");
  }
  page.list(items);
}

}  // namespace

void report_ciphertext_only(const RecordSet& records, Page& page) {
  Table table{.columns = {"scheme", "model", "seed", "type", "prior", "bits given", "attempts", "best strand (bits)", "key found", "file unlocked", "s", "record"}, .rows = {}};
  std::map<std::string, std::vector<const Record*>> schemes;
  for (const Record& record : records) {
    table.rows.push_back({record.scheme(), record.model(), fixed(record.number("seed"), 0), record.text("outcome.dtype"), record.text("outcome.prior"),
                          fixed(record.number("outcome.given_bits"), 0), attempts_of(record), best_bits(record),
                          yes_or_no(says(record, "outcome.key_found")), yes_or_no(says(record, "outcome.unlocks")), fixed(record.number("seconds"), 1), page.link(record)});
    if (!record.is_smoke()) schemes[record.scheme()].push_back(&record);
  }
  sum_up(schemes, page);
  page.paragraph("*best strand*: by how many bits the likeliest state of any strand is likelier than chance; the best of 2³² wrong states has about 32, and a strand counts as found from 40; with AES-256, where states have 64 bits, from 80. "
                 "*attempts*: tensors and limits tried; with AES-256 stretches of 384 weights, under the assumption that they lie close together (deviations 6, 8, 10, 12).");
  page.table(table);
  say_why_not(records, page);
}

void report_known_plaintext(const RecordSet& records, Page& page) {
  Table table{.columns = {"scheme", "model", "seed", "guess that held", "tensor", "blocks tried", "key right", "file unlocked", "record"}, .rows = {}};
  std::map<std::string, std::vector<const Record*>> schemes;
  for (const Record& record : records) {
    const bool found = says(record, "outcome.key_found");
    table.rows.push_back({record.scheme(), record.model(), fixed(record.number("seed"), 0), found ? record.text("outcome.guess") : "none", found ? record.text("outcome.tensor") : kNoFigure,
                          found ? fixed(record.number("outcome.blocks_tried"), 0) : kNoFigure, yes_or_no(says(record, "outcome.key_is_right")),
                          yes_or_no(says(record, "outcome.unlocks")), page.link(record)});
    if (!record.is_smoke()) schemes[record.scheme()].push_back(&record);
  }
  sum_up(schemes, page);
  page.table(table);
}

std::vector<Finding> findings_of_key_recovery(const RecordSet& records, const std::string& what) {
  std::map<std::string, std::vector<const Record*>> schemes;
  for (const Record& record : records) schemes[record.scheme()].push_back(&record);
  std::vector<Finding> findings;
  for (const auto& [scheme, some] : schemes) {
    const auto opened = static_cast<std::size_t>(std::count_if(some.begin(), some.end(), [](const Record* record) { return says(*record, "outcome.unlocks"); }));
    findings.push_back({Claim::other_attacks, opened > 0 ? Verdict::differs : Verdict::agrees, "`" + scheme + "`, " + what + ": " + std::to_string(opened) + " of " + std::to_string(some.size()) + " files unlocked"});
  }
  return findings;
}

}  // namespace nnlock::lab
