// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The genetic attacks' sections of the report.
#pragma once

#include "lab/attack.hpp"

namespace nnlock::lab {

void report_genetic(const RecordSet& records, const AttackInfo& info, Page& page);
std::vector<Finding> findings_of_genetic(const RecordSet& records, const AttackInfo& info);
void report_genetic_weights(const RecordSet& records, const AttackInfo& info, Page& page);

}  // namespace nnlock::lab
