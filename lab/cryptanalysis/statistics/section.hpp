// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lab/report/page.hpp"

namespace nnlock::lab {

void report_statistics(const RecordSet& records, Page& page);

}  // namespace nnlock::lab
