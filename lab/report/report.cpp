// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/report/report.hpp"

#include <algorithm>
#include <iterator>

#include "lab/attack.hpp"
#include "lab/cryptanalysis/analysis.hpp"
#include "lab/report/claims.hpp"

namespace nnlock::lab {
namespace {

// What the attacker knows and may spend; the budget is that of full effort, and each record has its own.
std::string terms_of(const AttackInfo& info) {
  std::string text = info.knows.empty() ? "Knows: how the scheme works" : "Knows:";
  for (const Knows known : info.knows) text += std::string(known == info.knows.front() ? " " : ", ") + to_string(known);
  if (info.budget.empty()) return text + ".";
  text += ". Budget:";
  for (const Parameter& parameter : info.budget) text += (&parameter == &info.budget.front() ? " `" : ", `") + parameter.name + "=" + parameter.full + "`";
  return text + " unless a record says otherwise.";
}

void report_study(const Study& study, const RecordSet& records, Page& page) {
  std::string title = study.info().name;
  title[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(title[0])));
  for (char& c : title) c = c == '-' || c == '_' ? ' ' : c;
  page.heading(2, title);
  page.paragraph("`" + study.info().name + "`: " + study.info().summary + ". " + terms_of(study.info()));
  const RecordSet own = records.of(study.info().name);
  if (own.empty()) page.paragraph("No record yet.");
  else study.report(own, page);
}

}  // namespace

std::vector<const Study*> studies() {
  std::vector<const Study*> all(attacks().begin(), attacks().end());
  all.insert(all.end(), analyses().begin(), analyses().end());
  return all;
}

std::size_t write_report(const Path& records, const Path& file) {
  const RecordSet all = RecordSet::read(records, {dataset_names(), model_names(), scheme_names()});
  Page page(file, records);
  report_head(all, page);
  // Smoke cells show that the lab works; no claim is judged by them.
  const RecordSet full = all.where([](const Record& record) { return !record.is_smoke(); });
  std::vector<Finding> findings;
  for (const Study* study : studies())
    for (const Finding& finding : study->findings(full.of(study->info().name), page)) findings.push_back(finding);
  report_claims(findings, page);
  report_networks(all, page);
  for (const Study* study : studies()) report_study(*study, all, page);
  page.write();
  return all.all().size();
}

}  // namespace nnlock::lab
