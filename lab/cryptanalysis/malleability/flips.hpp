// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Bits of weights turned over through the lock, without the key. w' = S(w ^ k) with S public, so S(S^-1(w') ^ d) unlocks to w ^ d.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lab/schemes/published_lock.hpp"

namespace nnlock::lab {

struct Flip {
  std::uint64_t offset = 0;  // in the locked file as it is stored
  std::uint8_t bits = 0;     // of the weight byte there
};
void apply(const Flip& flip, Bytes& locked);

// Where parameters lie in a locked file as it is stored, with a record in it or not. Everyone can see that.
std::vector<ParamSpan> stored_parameters(const Bytes& locked, const StaysPlain& stays_plain = {});

// What each byte of a locked file is.
enum class Region { parameters, record, structure };
const char* to_string(Region region);
std::vector<Region> regions_of(const Bytes& locked);

}  // namespace nnlock::lab
