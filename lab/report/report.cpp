// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/report/report.hpp"

#include <algorithm>
#include <iterator>

#include "lab/attack.hpp"
#include "lab/report/claims.hpp"

namespace nnlock::lab {
namespace {

// What the attacker knows and may spend; the budget is that of full effort, and each record has its own.
std::string terms_of(const AttackInfo& info) {
  std::string text = "Knows:";
  for (const Knows known : info.knows) text += std::string(known == info.knows.front() ? " " : ", ") + to_string(known);
  if (info.budget.empty()) return text + ".";
  text += ". Budget:";
  for (const Parameter& parameter : info.budget) text += (&parameter == &info.budget.front() ? " `" : ", `") + parameter.name + "=" + parameter.full + "`";
  return text + " unless a record says otherwise.";
}

void report_attack(const Attack& attack, const RecordSet& records, Page& page) {
  std::string title = attack.info().name;
  title[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(title[0])));
  for (char& c : title) c = c == '-' || c == '_' ? ' ' : c;
  page.heading(2, title);
  page.paragraph("`" + attack.info().name + "`: " + attack.info().summary + ". " + terms_of(attack.info()));
  const RecordSet own = records.of(attack.info().name);
  if (own.empty()) page.paragraph("No record yet.");
  else attack.report(own, page);
}

// Smoke cells show that the lab works; no claim is judged by them.
RecordSet of_full_effort(const RecordSet& records) {
  std::vector<Record> some;
  std::copy_if(records.begin(), records.end(), std::back_inserter(some), [](const Record& record) { return !record.is_smoke(); });
  return RecordSet(some);
}

}  // namespace

std::size_t write_report(const Path& records, const Path& file) {
  const RecordSet all = RecordSet::read(records);
  Page page(file, records);
  report_head(all, page);
  const RecordSet full = of_full_effort(all);
  std::vector<Finding> findings;
  for (const Attack* attack : attacks())
    for (const Finding& finding : attack->findings(full.of(attack->info().name), page)) findings.push_back(finding);
  report_claims(findings, page);
  report_networks(all, page);
  for (const Attack* attack : attacks()) report_attack(*attack, all, page);
  page.write();
  return all.all().size();
}

}  // namespace nnlock::lab
