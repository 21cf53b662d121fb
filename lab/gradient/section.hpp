// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The gradient attacks' sections of the report.
#pragma once

#include "lab/attack.hpp"

namespace nnlock::lab {

void report_gradient(const RecordSet& records, const AttackInfo& info, Page& page);
std::vector<Finding> findings_of_gradient(const RecordSet& records, const AttackInfo& info);
void report_gradient_stream(const RecordSet& records, const AttackInfo& info, Page& page);

}  // namespace nnlock::lab
