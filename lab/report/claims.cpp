// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/report/claims.hpp"

#include "lab/report/page.hpp"

namespace nnlock::lab {
namespace {

struct Published {
  Claim claim;
  const char *source, *text;
};

// From abstracts, in our words: the full texts of NN-Lock and HPNN were not at hand, so no figure of theirs is compared but those of the abstracts.
constexpr Published kPublished[] = {
    {Claim::right_key, "NN-Lock, abstract", "Only a user with the right master key can use the locked model accurately, without harm to its performance."},
    {Claim::wrong_key, "NN-Lock, abstract", "With a wrong master key its accuracy is that of a random classifier, for various architectures and several datasets."},
    {Claim::any_model, "NN-Lock, abstract", "The internal structure of the model does not change, so the lock fits all existing implementations; shown on a Coral edge device."},
    {Claim::fine_tuning, "NN-Lock, abstract", "Robust against fine-tuning."},
    {Claim::genetic, "NN-Lock, abstract", "Robust against an approximation attack by a genetic algorithm."},
    {Claim::genetic_hpnn, "NN-Lock, abstract", "The same genetic algorithm has reasonable success against HPNN."},
    {Claim::other_attacks, "NN-Lock, abstract", "Evaluated against other families of attacks."},
    {Claim::hpnn_loss, "HPNN, abstract", "Unauthorised use costs 73.22 to 80.17 points of accuracy, across architectures and datasets."},
    {Claim::hpnn_fine_tuning, "HPNN, abstract", "Robust against fine-tuning."},
    {Claim::input_output, "Li et al., DAC 2024, abstract", "An attack by questions and answers extracts HPNN's key bit by bit."},
    {Claim::gradient, "LLA, AAAI 2026", "A gradient attack recovers up to 100 % of the key bits of such a lock, and does better than a genetic one."},
};

}  // namespace

const char* to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::agrees: return "agrees";
    case Verdict::partly: return "partly";
    case Verdict::differs: return "does not agree";
    case Verdict::undecided: return "not decided";
    case Verdict::not_measured: return "not measured";
  }
  return "";
}

Verdict verdict_of(std::size_t agreeing, std::size_t count) { return verdict_of(agreeing, count - agreeing, count); }

Verdict verdict_of(std::size_t agreeing, std::size_t contradicting, std::size_t count) {
  if (count == 0) return Verdict::not_measured;
  if (agreeing == count) return Verdict::agrees;
  if (agreeing > 0) return Verdict::partly;
  return contradicting > 0 ? Verdict::differs : Verdict::undecided;
}

void report_claims(const std::vector<Finding>& findings, Page& page) {
  page.heading(2, "What was claimed, and what came out");
  page.paragraph("The left side is what the abstracts say; the right side is computed from the records, verdicts included. The published evaluations are not available as code, and "
                 "the set-ups differ from ours: agreement means that the claim holds here.");
  Table table{.columns = {"claim", "source", "measured here", "verdict"}, .rows = {}};
  for (const Published& published : kPublished) {
    bool any = false;
    for (const Finding& finding : findings) {
      if (finding.claim != published.claim) continue;
      table.rows.push_back({any ? "" : published.text, any ? "" : published.source, finding.measured, to_string(finding.verdict)});
      any = true;
    }
    if (!any) table.rows.push_back({published.text, published.source, "no record yet", to_string(Verdict::not_measured)});
  }
  page.table(table);
}

}  // namespace nnlock::lab
