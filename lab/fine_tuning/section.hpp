// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What the report says about fine-tuning.
#pragma once

#include <string>
#include <vector>

#include "lab/report/claims.hpp"
#include "lab/report/page.hpp"

namespace nnlock::lab {

// `starts` are those compared with random initialisation, the first of them above all: locked and wrong_key, or public.
void report_fine_tuning(const RecordSet& records, const std::vector<std::string>& starts, Page& page);
std::vector<Finding> findings_of_fine_tuning(const RecordSet& records);

}  // namespace nnlock::lab
