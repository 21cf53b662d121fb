// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Outputs that have a temporary name, so that a process that is told to stop can take them away. Only file systems without
// unnamed files (O_TMPFILE) need it.
#pragma once

#include <string>

namespace nnlock::lock {

void remember_unfinished(const std::string& path);
void forget_unfinished(const std::string& path);

}  // namespace nnlock::lock
