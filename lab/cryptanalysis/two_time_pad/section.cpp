// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/cryptanalysis/two_time_pad/section.hpp"

#include <map>

#include "lab/report/figures.hpp"

namespace nnlock::lab {
namespace {

// {"right": .., "of": ..} as a percentage.
std::string share(const Record& record, const std::string& path) {
  const double of = record.number_if(path + ".of").value_or(0);
  return of == 0 ? kNoFigure : percent(record.number(path + ".right") / of);
}

std::string scheme_of(const Record& record) {
  return record.scheme() == "nnlock-v1" ? "nnlock-v1, lock id " + record.text("attack.budget.lock_id") : record.scheme();
}

void versions_table(const RecordSet& records, Page& page) {
  Table table{.columns = {"scheme", "model", "changed (%)", "weights", "unchanged seen (%)", "wrongly", "first known: weights (%)", "first known: changes (%)", "base known: key stream (%)",
                          "base known: changes (%)", "key from base, both files unlocked", "record"},
              .rows = {}};
  for (const Record& record : records)
    table.rows.push_back({scheme_of(record), record.model(), percent(std::stod(record.text("attack.budget.changed"))), fixed(record.number("outcome.weights"), 0),
                          share(record, "outcome.unchanged_seen"), fixed(record.number("outcome.unchanged_seen.wrongly"), 0), share(record, "outcome.first_known.weights"),
                          share(record, "outcome.first_known.changes"), share(record, "outcome.base_known.key_stream"), share(record, "outcome.base_known.changes"),
                          record.at("outcome.base_known.unlocks_both").flag() ? "yes, block " + fixed(record.number("outcome.base_known.blocks_tried"), 0) : "no", page.link(record)});
  page.heading(3, "One version known, or the base");
  page.paragraph("*unchanged seen*: weights that stayed and whose locked bytes say so; *wrongly*: weights that moved though they say they stayed. *first known*: the second version read with the first one in hand, "
                 "all its weights and those that moved. *base known*: the first version is the base with as many weights moved, the second is the first likewise. Where the two agree the key "
                 "stream is taken to be locked byte XOR base, and *key stream* is the share of these weights for which that is right; *changes* takes the first version for the base where they differ. Neither uses the key "
                 "schedule; the last column does. Chance finds 0.4 % of int8 weights.");
  page.paragraph("`nnlock-v1` draws a lock id for each file. One that is used again, which only a lab can do, is a two-time pad as well, as far as the keys are the same: they hang on the ranges of all tensors too, and a "
                 "version that widens or narrows one of them gets others. Its floats are read here as those of the published lock; the draws of their exponents would tell more.");
  page.table(table);
}

void unknown_table(const RecordSet& records, Page& page) {
  Table table{.columns = {"scheme", "model", "type", "changed (%)", "pairs of", "pairs", "right by guess (%)", "right (%)", "right but for the order (%)", "tries by guess", "tries", "record"}, .rows = {}};
  const auto add = [&](const Record& record, const std::string& path, const char* what) {
    if (record.find(path) == nullptr) return;
    const double pairs = record.number(path + ".pairs");
    const auto mean = [&](const char* name) { return record.number(path + "." + name) / pairs; };
    table.rows.push_back({scheme_of(record), record.model(), record.text("outcome.type"), percent(std::stod(record.text("attack.budget.changed"))), what, fixed(pairs, 0), percent(mean("right_by_guess")),
                          percent(mean("right")), percent(mean("right_either_way")), fixed(mean("tries_without"), 1), fixed(mean("tries"), 1), page.link(record)});
  };
  for (const Record& record : records) {
    add(record, "outcome.versions_unknown", "versions");
    add(record, "outcome.models_unknown", "models");
  }
  page.heading(3, "Nothing known");
  page.paragraph("The likeliest pair of weights for each difference, by the generic prior of the ciphertext-only attack. *versions*: weights that moved (int8: the prior also knows share and size of the steps); *models*: this "
                 "model and another one under the same key. Of float32 the byte with sign and exponent. *guess*: the likeliest weight without any difference. *tries*: how many values someone tries who begins with the "
                 "likeliest until the weight comes up, in the mean; where the files share no key stream the difference misleads, and there are more. The prior does not know models with many zeros, or with tiny weights, and there a plain guess of zero may be better.");
  page.table(table);
}

}  // namespace

void report_two_time_pad(const RecordSet& records, Page& page) {
  std::map<std::string, std::vector<const Record*>> schemes;
  for (const Record& record : records)
    if (!record.is_smoke()) schemes[scheme_of(record)].push_back(&record);
  std::vector<std::string> items;
  for (const auto& [scheme, some] : schemes) {
    double seen = 0, stayed = 0, right = 0, moved = 0, unlocked = 0;
    for (const Record* record : some) {
      seen += record->number("outcome.unchanged_seen.right"), stayed += record->number("outcome.unchanged_seen.of");
      right += record->number("outcome.first_known.changes.right"), moved += record->number("outcome.first_known.changes.of");
      unlocked += record->at("outcome.base_known.unlocks_both").flag();
    }
    items.push_back("`" + scheme + "`: " + percent(seen / stayed) + " % of the unchanged weights are seen to be so, " + percent(moved == 0 ? 0 : right / moved) +
                    " % of the changes are read with the other version in hand, and the public base gives the key of both files in " + fixed(unlocked, 0) + " of " + counted(some.size(), "cell") + ".");
  }
  page.list(items);
  versions_table(records, page);
  unknown_table(records, page);
}

}  // namespace nnlock::lab
