// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/malleability/section.hpp"

#include <map>

#include "lab/report/figures.hpp"

namespace nnlock::lab {
namespace {

std::string scheme_of(const Record& record) { return record.scheme() + (record.text("attack.budget.authentication") == "skipped" ? ", not authenticated" : ""); }

// One row of an outcome's list: a change planted in one class, or not.
struct Plant {
  double answered_before = 0, others_before = 0;
  std::optional<double> answered, others;
  double tries = 0, flips = 0;
  bool keeps_others() const { return others && *others >= others_before - kOthersMayLose; }
};

std::vector<Plant> plants(const Record& record, const std::string& kind) {
  std::vector<Plant> all;
  for (std::size_t i = 0; i < record.size("outcome." + kind); ++i) {
    const std::string at = "outcome." + kind + "." + std::to_string(i) + ".";
    all.push_back({record.number(at + "before.answered"), record.number(at + "before.others"), record.number_if(at + "after.answered"), record.number_if(at + "after.others"),
                   record.number_if(at + "tries").value_or(0), record.number_if(at + "flips").value_or(0)});
  }
  return all;
}

bool planted(const Plant& plant, const std::string& kind) {
  if (!plant.answered) return false;
  if (kind == "always") return *plant.answered >= kAlways;
  if (kind == "never") return *plant.answered == 0 && plant.keeps_others();
  return *plant.answered >= kRedirected && plant.keeps_others();
}

struct Tally {
  std::size_t done = 0, first_try = 0, all = 0;
};

Tally tally(const Record& record, const std::string& kind) {
  Tally count;
  for (const Plant& plant : plants(record, kind)) {
    ++count.all;
    if (!planted(plant, kind)) continue;
    ++count.done, count.first_try += plant.tries == 1;
  }
  return count;
}

std::string text_of(const Tally& count, bool tries) {
  return std::to_string(count.done) + " of " + std::to_string(count.all) + (tries && count.done > 0 ? " (" + std::to_string(count.first_try) + " at once)" : "");
}

std::string means_of(const std::vector<Plant>& some) {
  double before = 0, after = 0, others_before = 0, others = 0;
  for (const Plant& plant : some) {
    if (!plant.answered) return kNoFigure;
    before += plant.answered_before, after += *plant.answered, others_before += plant.others_before, others += *plant.others;
  }
  const auto n = static_cast<double>(some.size());
  return percent(before / n) + " → " + percent(after / n) + "; others " + percent(others_before / n) + " → " + percent(others / n);
}

}  // namespace

void report_malleability(const RecordSet& records, Page& page) {
  Table table{.columns = {"scheme", "target", "always", "never", "redirected", "redirected, means (%)", "flips", "files refused", "record"}, .rows = {}};
  struct Sum {
    Tally always, never, redirected;
  };
  std::map<std::string, Sum> sums;
  for (const Record& record : records) {
    const auto redirections = plants(record, "redirected");
    double flips = 0;
    for (const Plant& plant : redirections) flips += plant.flips;
    const Tally always = tally(record, "always"), never = tally(record, "never"), redirected = tally(record, "redirected");
    table.rows.push_back({scheme_of(record), record.model() + ", " + record.weights(), text_of(always, true), text_of(never, true), text_of(redirected, false), means_of(redirections),
                          fixed(flips / static_cast<double>(redirections.size()), 1), fixed(record.number("outcome.files_refused"), 0) + " of " + fixed(record.number("outcome.files_loaded"), 0), page.link(record)});
    if (record.is_smoke()) continue;
    Sum& sum = sums[scheme_of(record)];
    for (const auto& [into, from] : {std::pair(&sum.always, always), std::pair(&sum.never, never), std::pair(&sum.redirected, redirected)})
      into->done += from.done, into->first_try += from.first_try, into->all += from.all;
  }
  std::vector<std::string> items;
  for (const auto& [scheme, sum] : sums)
    items.push_back("`" + scheme + "`: one class for all images planted in " + text_of(sum.always, true) + " cases, a class never answered in " + text_of(sum.never, true) + ", one class answered as another in " +
                    text_of(sum.redirected, false) + ".");
  page.list(items);
  page.paragraph("The attacker turns over bits of the last layer in the locked file and has a device with the key that loads any file; weights and key stay unknown. *always*: the highest exponent bit of one bias (int32: bit 30), planted when " +
                 percent(kAlways) + " % of the test images get that class; *never*: the same with the other sign, no image may get that class and the other classes may lose " + percent(kOthersMayLose, 0) +
                 " points. The sign of a bias is unknown: where the first file goes the wrong way, a second one does it (*at once*: without that). *redirected*: each class as the next, flips of single weights kept when the device's logits come nearer (cross-entropy); planted when " +
                 percent(kRedirected, 0) + " % of the class get the other and the rest loses no more than " + percent(kOthersMayLose, 0) + " points. *means*: over classes, images of the class that get the other, and right answers to all others.");
  page.table(table);
}

}  // namespace nnlock::lab
