// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lab/report/page.hpp"

namespace nnlock::lab {

void report_two_time_pad(const RecordSet& records, Page& page);

}  // namespace nnlock::lab
