// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// All states of one strand of the AES-256 expansion, 2^64 of them. Each guessed byte but the first makes two bytes of the recurrence known, so where
// weights lie close together the tree stays narrow (README.md).
#pragma once

#include <cstdint>
#include <vector>

#include "lab/cryptanalysis/known_schedule/search.hpp"

namespace nnlock::lab {

inline constexpr std::size_t kStrandSteps = 8;  // at least; then all bytes of the state have been used

// y and z at kStrandSteps or more steps in a row, and how large the sum of penalties may become: limits[i] after the first i+1 bytes in the order of
// the search.
struct Strand {
  std::vector<Step> y, z;
  std::vector<std::uint16_t> limits;  // 2 x steps
};
// The order in which the search knows the bytes: index 2t for y of step t, 2t+1 for z.
std::vector<std::size_t> strand_order(std::size_t steps);

struct StrandSurvivor {
  StrandState state;
  std::uint32_t penalty = 0;
};

struct StrandResult {
  std::vector<StrandSurvivor> survivors;  // least penalty first, at most 64
  std::uint64_t nodes = 0;                // states of all eight bytes that were looked at
  bool complete = true;                   // false: given up at `most_nodes`
};

struct StrandOptions {
  std::uint64_t most_nodes = ~std::uint64_t{0};
  unsigned threads = 1;
};
// Throws std::invalid_argument for a strand that is too short or has no limits.
StrandResult search_strand(const Strand& strand, const StrandOptions& options);

// log2 of the nodes that random bytes cost under these limits at the most, on average: each limit taken by itself. The true state adds next to nothing.
double expected_nodes(const Strand& strand);

}  // namespace nnlock::lab
