// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Runs a cell on a network and keeps what came out: one JSON record a cell.
#pragma once

#include "lab/attack.hpp"
#include "lab/record_file.hpp"
#include "lab/workshop.hpp"

namespace nnlock::lab {

// Runs the cell and writes its record, which appears only when it is complete. False when a record was there already: then nothing is
// done. Throws Failure when the attack does not fit the target, or something is missing.
bool run_cell(const Cell& cell, const Places& places, const Log& log);

}  // namespace nnlock::lab
