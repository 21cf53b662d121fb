// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The criteria of S-boxes as they are recorded, printed and reported.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "lab/cryptanalysis/sbox/criteria.hpp"
#include "lab/json.hpp"
#include "lab/report/page.hpp"

namespace nnlock::lab {

// Those that have records, in the order of the report.
inline constexpr const char* kRecordedSboxes[] = {"aes", "aes-inverse", "present"};

Json to_json(const SboxCriteria& criteria);
SboxCriteria sbox_criteria_of(const Record& record);

// Each criterion by its name in the literature, with its figure.
using CriterionLine = std::pair<std::string, std::string>;
std::vector<CriterionLine> lines_of(const SboxCriteria& criteria);
// For a terminal: what `nnlock-lab sbox` prints.
std::string described(const SboxCriteria& criteria);

void report_sbox(const RecordSet& records, Page& page);

}  // namespace nnlock::lab
