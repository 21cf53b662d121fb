// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What the report says about repair.
#pragma once

#include <vector>

#include "lab/report/claims.hpp"
#include "lab/report/page.hpp"

namespace nnlock::lab {

void report_repair(const RecordSet& records, Page& page);
std::vector<Finding> findings_of_repair(const RecordSet& records);

}  // namespace nnlock::lab
