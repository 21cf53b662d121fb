// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Files beside an output that are there while it is written. A process that is told to stop takes its own away; what a killed process
// left, the next one does that writes the same output.
#pragma once

#include <string>

namespace nnlock::lock {

enum class Sibling {
  temporary,  // an output until it is complete: OUT.nnlock-<64 random bits in hex>
  kept,       // what an output replaced, until all outputs of the command are complete: OUT.nnlock-kept-<hex>
};

// A name beside `path` that nobody else uses.
std::string sibling_name(const std::string& path, Sibling kind);

// Marks an open sibling as in use, for as long as this descriptor stays open.
enum class Hold {
  held,
  lost,        // somebody else has marked it, or it has no name any more
  impossible,  // this file system has no marks (flock): nothing is ever taken for abandoned there
};
Hold hold_sibling(int fd);

// Removes siblings of `path` that nobody holds: a killed process left them. Only regular files of this user.
void remove_abandoned(const std::string& path, Sibling kind);

void remember_unfinished(const std::string& path);
void forget_unfinished(const std::string& path);

}  // namespace nnlock::lock
