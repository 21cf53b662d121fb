// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "lab/report/claims.hpp"
#include "lab/report/page.hpp"

namespace nnlock::lab {

void report_ciphertext_only(const RecordSet& records, Page& page);
void report_known_plaintext(const RecordSet& records, Page& page);

// NN-Lock's claim to withstand attacks, scheme by scheme: a file that unlocks speaks against it.
std::vector<Finding> findings_of_key_recovery(const RecordSet& records, const std::string& what);

}  // namespace nnlock::lab
