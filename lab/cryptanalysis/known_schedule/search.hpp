// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// All states of one diagonal, tried against the locked bytes it covers; a state is given up as soon as the weights that it makes
// become too improbable.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lab/cryptanalysis/known_schedule/schedule.hpp"

namespace nnlock::lab {

// How improbable a weight byte is: quarters of a bit below the most probable one, 0 to 63.
using Penalty = std::array<std::uint8_t, 256>;

// One byte of the diagonal.
struct Step {
  std::uint8_t masked = 0;    // w ^ x: the locked byte through the inverse S-box
  std::uint8_t constant = 0;  // of the recurrence; unused in the first four
  const Penalty* penalty = nullptr;
};

// At least kFirstSteps steps, and how large the sum of penalties may become: limits[i] after step i, in search order (x2 comes after
// x5, see search.cpp), limits of one run of steps in one place.
struct Diagonal {
  std::vector<Step> steps;
  std::vector<std::uint16_t> limits;
};
inline constexpr std::size_t kFirstSteps = 16;  // tried side by side in vectors
// The steps in the order in which the search knows their bytes.
std::vector<std::size_t> search_order(std::size_t steps);

struct Survivor {
  Word state{};               // x of the first four steps
  std::uint32_t penalty = 0;  // sum over all steps
};

struct SearchResult {
  std::vector<Survivor> survivors;  // least penalty first, at most 64
  std::uint64_t states = 0;         // that reached the vectors; each was one of 2^32
};

// The 2^32 states, or those whose first byte is in [first_from, first_to). Throws std::invalid_argument for a malformed diagonal.
struct SearchOptions {
  unsigned first_from = 0, first_to = 256;
  unsigned threads = 1;
  std::string kernel;  // one of search_kernels(); empty: the fastest that runs here
};
SearchResult search(const Diagonal& diagonal, const SearchOptions& options);
std::vector<std::string> search_kernels();  // that run on this machine, fastest first

}  // namespace nnlock::lab
