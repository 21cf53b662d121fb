// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The report: all records of a folder as one page with plots. The same records give the same bytes.
#pragma once

#include "lab/report/page.hpp"
#include "lab/study.hpp"

namespace nnlock::lab {

// All attacks, on networks and then on files.
std::vector<const Study*> studies();

// Reads the records below `records` and writes `file`, with its plots beside it. Throws Failure. Returns the number of records.
std::size_t write_report(const Path& records, const Path& file);

// Parts of it, each in a file of its own.
void report_head(const RecordSet& records, Page& page);
void report_networks(const RecordSet& records, Page& page);

}  // namespace nnlock::lab
