// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

namespace nnlock::lab {

// Where a cell says how far it is, a line at a time.
using Log = std::function<void(const std::string& line)>;

}  // namespace nnlock::lab
