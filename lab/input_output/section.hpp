// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The section of the input-output attack, and what its records say about the published one.
#pragma once

#include "lab/report/claims.hpp"
#include "lab/report/page.hpp"

namespace nnlock::lab {

void report_input_output(const RecordSet& records, Page& page);
std::vector<Finding> input_output_findings(const RecordSet& records);

}  // namespace nnlock::lab
