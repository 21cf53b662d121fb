// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The section of distillation.
#pragma once

#include "lab/report/page.hpp"

namespace nnlock::lab {

void report_distillation(const RecordSet& records, Page& page);

}  // namespace nnlock::lab
