// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What was published, for our figures to stand beside. An attack says in Attack::findings() what its records say about a claim.
#pragma once

#include <string>
#include <vector>

namespace nnlock::lab {

class Page;
class RecordSet;

enum class Claim {
  right_key,      // NN-Lock: with the right key the model works as before
  wrong_key,      // NN-Lock: with a wrong one it is a random classifier
  any_model,      // NN-Lock: no change to the structure, so any implementation takes it
  fine_tuning,    // NN-Lock withstands it
  genetic,        // NN-Lock withstands it
  genetic_hpnn,   // and HPNN does not, in the same abstract
  other_attacks,  // NN-Lock was evaluated against other families
  hpnn_loss,      // HPNN: what unauthorised use costs
  hpnn_fine_tuning,
  input_output,   // Li et al.: the key of HPNN comes out of questions and answers
  gradient,       // LLA: the gradient attack finds HPNN's key, and does better than the genetic one
};

enum class Verdict { agrees, partly, differs, undecided, not_measured };

struct Finding {
  Claim claim;
  Verdict verdict;       // of the records, not of the author
  std::string measured;  // Markdown: figures, with links to records
};

const char* to_string(Verdict verdict);
// agrees when all of `count` cells do, differs when none does.
Verdict verdict_of(std::size_t agreeing, std::size_t count);
// Where cells may also let nothing be said, as when a bound is too wide: none of those counts for or against.
Verdict verdict_of(std::size_t agreeing, std::size_t contradicting, std::size_t count);

// The table of claims, each with its findings.
void report_claims(const std::vector<Finding>& findings, Page& page);

}  // namespace nnlock::lab
