// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/distillation/section.hpp"

#include <algorithm>
#include <map>

#include "lab/report/figures.hpp"

namespace nnlock::lab {
namespace {

double accuracy(const Record& record, const std::string& student) { return record.number("outcome." + student + ".accuracy"); }

void plots(const RecordSet& records, Page& page) {
  std::map<std::string, std::vector<const Record*>> networks;
  for (const Record& record : records)
    if (!record.is_smoke()) networks[record.dataset() + "-" + record.model()].push_back(&record);
  for (auto& [network, cells] : networks) {
    std::sort(cells.begin(), cells.end(), [](const Record* a, const Record* b) { return a->number("outcome.questions") < b->number("outcome.questions"); });
    Plot plot{.name = "distillation-" + network, .title = network + ": a fresh network taught by the device, or by labels", .x_axis = "images (thousands)", .y_axis = "accuracy (%)",
              .curves = {}, .level = 100 * accuracy(*cells.front(), "right_key")};
    for (const char* student : {"logits", "answers", "labels"}) {
      Curve curve{.title = student, .points = {}};
      for (const Record* cell : cells) curve.points.push_back({cell->number("outcome.questions") / 1000, 100 * accuracy(*cell, student)});
      plot.curves.push_back(curve);
    }
    page.plot(plot);
  }
}

}  // namespace

void report_distillation(const RecordSet& records, Page& page) {
  page.paragraph("**Out of the lock's reach.** A customer with a key may ask as often as they like, and what is learned is the function, not the file: no lock of weights, this one "
                 "included, can prevent it. A rate limit, or giving answers in place of logits, is what a device can do. The attacker has neither the locked file nor labels; "
                 "`labels` is the same network trained on the same images with their labels and no device.");
  plots(records, page);
  Table table{.columns = {"dataset", "model", "scheme", "questions", "right key (%)", "from logits (%)", "same answers (%)", "from answers (%)", "same answers (%)", "from labels (%)",
                          "logits over labels", "record"},
              .rows = {}};
  std::size_t better = 0;
  double least = 1, greatest = -1;
  for (const Record& record : records) {
    const double gain = accuracy(record, "logits") - accuracy(record, "labels");
    better += gain > 0;
    least = std::min(least, gain), greatest = std::max(greatest, gain);
    table.rows.push_back({record.dataset(), record.model(), record.scheme(), fixed(record.number("outcome.questions"), 0), percent(accuracy(record, "right_key")),
                          percent(accuracy(record, "logits")), percent(record.number("outcome.logits.same_answers")), percent(accuracy(record, "answers")),
                          percent(record.number("outcome.answers.same_answers")), percent(accuracy(record, "labels")), points(gain), page.link(record)});
  }
  page.paragraph("**Finding.** Learning from the device's logits is worth " + points(least) + " to " + points(greatest) + " points against learning from labels; it is better in " +
                 std::to_string(better) + " of " + counted(records.all().size(), "cell") + ".");
  page.table(table);
}

}  // namespace nnlock::lab
