// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/effort.hpp"

#include "lab/failure.hpp"

namespace nnlock::lab {

const char* to_string(Effort effort) { return effort == Effort::smoke ? "smoke" : "full"; }

Effort effort_named(const std::string& name) {
  for (const Effort effort : {Effort::smoke, Effort::full})
    if (name == to_string(effort)) return effort;
  throw Failure("no effort is called " + name, "use smoke or full");
}

}  // namespace nnlock::lab
