// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "formats/codec.hpp"
#include "nnlock/lock.hpp"

namespace nnlock {

std::vector<FormatFacts> known_formats() { return formats::facts_of_all(); }

}  // namespace nnlock
