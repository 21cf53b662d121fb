// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lab/report/page.hpp"

namespace nnlock::lab {

// What counts as planted, in shares of test images.
inline constexpr double kAlways = 0.999, kRedirected = 0.5, kOthersMayLose = 0.05;

void report_malleability(const RecordSet& records, Page& page);

}  // namespace nnlock::lab
