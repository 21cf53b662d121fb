// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The inner loop of the search: 256 values of x2 at once.
#pragma once

#include <array>
#include <cstdint>

#include "lab/cryptanalysis/known_schedule/search.hpp"

namespace nnlock::lab::search_detail {

// What stays the same for all states of one diagonal. Penalties and limits are halved and rounded down, so that sums of kFirstSteps of
// them fit a byte; a state within the true limits is within these.
struct Tables {
  std::array<Step, kFirstSteps> steps;
  std::array<std::uint8_t, kFirstSteps> limit;                 // of the sum after each step
  alignas(64) std::array<Penalty, kFirstSteps> by_x;           // penalty of x at each step
  alignas(64) std::array<std::array<std::uint8_t, 16>, kFirstSteps> by_nibble;  // the least of 16 weights that share the upper nibble
  alignas(64) std::array<std::uint8_t, 256> x2, x2_penalty;    // all values of x2, the likeliest first
};

// x0, x1, x3, x4, x5 and the sum of their penalties; lists in `alive` the values of x2 that may lead on and returns how many there are.
// A kernel may list one that has lost already, but must not drop one that has not.
struct Node {
  std::uint8_t x0 = 0, x1 = 0, x3 = 0, x4 = 0, x5 = 0, penalty = 0;
};
using Kernel = unsigned (*)(const Tables& tables, const Node& node, std::uint8_t* alive);

unsigned portable(const Tables& tables, const Node& node, std::uint8_t* alive);
unsigned avx2_aes(const Tables& tables, const Node& node, std::uint8_t* alive);
unsigned avx512_gfni(const Tables& tables, const Node& node, std::uint8_t* alive);
bool has_avx2_aes();
bool has_avx512_gfni();

}  // namespace nnlock::lab::search_detail
