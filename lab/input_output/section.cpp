// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/input_output/section.hpp"

#include <algorithm>

#include "lab/report/figures.hpp"

namespace nnlock::lab {
namespace {

bool whole_key(const Record& record) { return record.number("outcome.bits_that_matter_right") == record.number("outcome.bits_that_matter"); }

std::string part(const Record& record, const std::string& right, const std::string& all) {
  return fixed(record.number("outcome." + right), 0) + " of " + fixed(record.number("outcome." + all), 0);
}

std::string steps_of(const Record& record) { return record.text("attack.budget.algebraic") == "0" ? "learning" : "algebra, learning"; }

struct Tally {
  std::size_t whole = 0, proved = 0, proved_wrong = 0;
  double most_questions = 0;
};

Tally tally(const RecordSet& records) {
  Tally sum;
  for (const Record& record : records) {
    const bool proved = record.at("outcome.key_proved").flag();
    sum.whole += whole_key(record);
    sum.proved += proved;
    sum.proved_wrong += proved && !whole_key(record);
    sum.most_questions = std::max(sum.most_questions, record.number("used.oracle_questions"));
  }
  return sum;
}

std::string summary(const RecordSet& records) {
  const Tally sum = tally(records);
  return "every bit that matters in " + std::to_string(sum.whole) + " of " + counted(records.all().size(), "cell") + ", with at most " + fixed(sum.most_questions, 0) +
         " questions and no training image";
}

void cell_table(const RecordSet& records, Page& page) {
  Table table{.columns = {"dataset", "model", "scheme", "seed", "steps", "questions", "bits right", "of those that matter", "proved", "same answers (%)", "right key (%)",
                          "recovered (%)", "record"},
              .rows = {}};
  for (const Record& record : records)
    table.rows.push_back({record.dataset(), record.model(), record.scheme(), fixed(record.number("seed"), 0), steps_of(record), fixed(record.number("used.oracle_questions"), 0),
                          part(record, "bits_right", "bits"), part(record, "bits_that_matter_right", "bits_that_matter"),
                          record.at("outcome.key_proved").flag() ? "yes" : "no", percent(record.number("outcome.same_answers")),
                          percent(record.number("outcome.right_key.accuracy")), percent(record.number("outcome.recovered.accuracy")), page.link(record)});
  page.table(table);
}

// One row for each step, of the first cell of each model and scheme.
void stage_table(const RecordSet& records, Page& page) {
  Table table{.columns = {"model", "scheme", "step", "check", "questions so far", "bits certain", "of these right", "bits proposed right", "distance", "record"}, .rows = {}};
  for (const Record& record : records) {
    if (record.number("seed") != 1) continue;
    for (std::size_t i = 0; i < record.size("outcome.stages"); ++i) {
      const std::string stage = "outcome.stages." + std::to_string(i) + ".";
      const bool passed = record.at(stage + "check_passed").flag();
      table.rows.push_back({record.model(), record.scheme(), record.text(stage + "stage"), passed ? "passed" : "no", fixed(record.number(stage + "questions"), 0),
                            fixed(record.number(stage + "bits_certain"), 0), fixed(record.number(stage + "bits_certain_right"), 0),
                            fixed(record.number(stage + "bits_proposed_right"), 0), fixed(record.number_if(stage + "distance"), 4), page.link(record)});
    }
  }
  page.heading(3, "Step by step");
  page.paragraph("`probe` is the algebraic step on a dense layer, `fit` the learning step, `check in front of` the test of a group, `fresh questions` the test of the whole key. "
                 "What is certain is the attacker's belief after the check; how much of it is right is the judge's count, which the attacker does not see. The distance is that of all "
                 "logits, as a share of their variance.");
  page.table(table);
}

}  // namespace

void report_input_output(const RecordSet& records, Page& page) {
  page.paragraph("Of the published attack the abstract is public; this one follows its outline. Questions are images made of random numbers. With the bits in front of a dense layer known, "
                 "an input can be moved so that one pre-activation alone moves: the oracle's logits follow if the unit is on and stay if it is off, which is the key bit. Where that "
                 "does not work (convolutions), all open bits are relaxed and fitted to logits, and believed when a check passes that needs no key. A key is *proved* when all logits "
                 "are equal on fresh questions. A bit *matters* when logits for made-up images change with it.");
  const Tally sum = tally(records);
  page.paragraph("**Finding.** HPNN's key: " + summary(records) + ". Proved to the attacker in " + std::to_string(sum.proved) + ", and wrongly so in " + std::to_string(sum.proved_wrong) +
                 ". Schemes without sign bits are refused: there is nothing inside the network that logits could tell.");
  cell_table(records, page);
  stage_table(records, page);
}

std::vector<Finding> input_output_findings(const RecordSet& records) {
  if (records.empty()) return {};
  return {{Claim::input_output, verdict_of(tally(records).whole, records.all().size()), "`hpnn`: " + summary(records)}};
}

}  // namespace nnlock::lab
