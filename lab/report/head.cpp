// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What the reader of the report has to know first: what there is, and how it was measured.
#include <map>
#include <set>

#include "lab/report/figures.hpp"
#include "lab/report/report.hpp"

namespace nnlock::lab {
namespace {

std::string join(const std::set<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ", ") + item;
  return text.empty() ? kNoFigure : text;
}

void count_records(const RecordSet& records, Page& page) {
  std::map<std::string, std::size_t> commits;
  std::size_t smoke = 0;
  for (const Record& record : records) {
    ++commits[record.text("commit")];
    smoke += record.is_smoke();
  }
  std::string text = counted(records.all().size(), "record");
  if (smoke > 0) text += ", " + std::to_string(smoke) + " of them of smoke effort: they show that the lab works, and nothing else";
  text += ". A record holds the attack's budget, its seed, the command that makes it again, and the commit it was made with.";
  page.paragraph(text);
  std::string made;
  for (const auto& [commit, count] : commits) made += (made.empty() ? "" : ", ") + ("`" + commit + "` (" + std::to_string(count) + ")");
  if (!made.empty()) page.paragraph("Commits: " + made + ". `+changes` means that files of the program differed from the commit.");
}

void list_datasets(const RecordSet& records, Page& page) {
  struct Dataset {
    std::set<std::string> shares, images, models;
    std::size_t records = 0;
  };
  std::map<std::string, Dataset> datasets;
  for (const Record& record : records) {
    Dataset& dataset = datasets[record.dataset()];
    ++dataset.records;
    dataset.models.insert(record.model());
    if (const auto share = record.number_if("target.training_set_share")) dataset.shares.insert(percent(*share, 0) + " %");
    if (const auto images = record.number_if("test_images")) dataset.images.insert(fixed(*images, 0));
  }
  Table table{.columns = {"dataset", "share of its training set that was there", "test images measured", "models", "records"}, .rows = {}};
  for (const auto& [name, dataset] : datasets)
    table.rows.push_back({name, join(dataset.shares), join(dataset.images), join(dataset.models), std::to_string(dataset.records)});
  page.table(table);
}

}  // namespace

void report_head(const RecordSet& records, Page& page) {
  page.heading(1, "The lab's report");
  page.paragraph("Made by `nnlock-lab report` from the records of the lab, and by nothing else: same records, same report. lab/README.md says how they are made.");
  count_records(records, page);
  list_datasets(records, page);
  page.heading(2, "How to read the figures");
  page.list({
      "*Accuracy* is in percent, on the same balanced subset of the test set in each record (the first 100 images of each class, where the table above says 1000), so one "
      "image is 0.1 points, and an accuracy of 90 % has a standard error of about 0.9 points. An answer is the first largest logit; a NaN counts as larger than any number, so a "
      "network of NaNs answers the first class always. Any network that gives one answer to all images (entropy 0) has exactly the accuracy of chance.",
      "*Wrong keys* are drawn uniformly. *mean ± sd* is over keys or networks, and the sd is that of single ones; *z* is how many "
      "standard errors the mean lies from chance.",
      "*Random networks* have the shapes and types of the network and weights drawn at random: every byte for the published form (`nnlock-2022`), the ranges that the locked tensors show "
      "for `nnlock-v1`. *Initialised networks* are fresh ones by the usual initialiser, in float32. Nobody who has to do without the key should do better than these. The answers of one random network "
      "hang together, so single keys scatter more than a coin would; the comparison is with random networks, and *KS p* is the probability (Kolmogorov and Smirnov) of two samples at least as far apart "
      "when both come from one distribution.",
      "*Limits*: small networks and images; one trained network for each row unless seeds say otherwise; training within hours on a few processors; int8 is simulated except where a runtime is "
      "named. A training set that was not there in full makes weaker networks, and makes shares of it smaller than in the literature.",
  });
}

}  // namespace nnlock::lab
