// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Layout items of a record (spec/record-v1.md section 3.4).
#pragma once

#include "lock/cbor.hpp"
#include "lock/record.hpp"

namespace nnlock::lock {

// Reads the layout of `p`, whose other fields are read and checked; struct descriptions go into core.blocks. Judges in the order of
// section 3.4. The reader fails with bad_record or unsupported.
void read_layout(CborReader& in, Core& core, Parameter& p);

void write_layout(CborWriter& out, const Core& core, const Parameter& p);

}  // namespace nnlock::lock
