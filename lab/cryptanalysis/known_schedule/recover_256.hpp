// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The master key of a model locked with the endless AES-256 expansion, from the locked file alone: where a stretch of some hundred weights lies
// close together, its 64-bit strands can be searched.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lab/cryptanalysis/known_schedule/prior.hpp"
#include "lab/schemes/published_lock.hpp"

namespace nnlock::lab {

// int8: how close together a stretch is assumed to lie, and how often one limit may drop the true state. One pass over the file each.
struct StretchAssumption {
  double deviation = 0, loss = 0;
};

struct Recovery256Options {
  std::vector<StretchAssumption> passes = {{6, 0.1}, {8, 0.3}, {10, 0.3}, {12, 0.3}};
  std::uint64_t most_nodes = std::uint64_t{1} << 36;  // in all, then it gives up
  unsigned threads = 1;
  std::function<bool()> stop;  // asked between stretches, if there is one: true gives up
};

struct Recovery256 {
  std::optional<Key> key;
  double verified_bits = 0;    // evidence a byte over the whole stream for the key found, against uniform bytes
  std::size_t stretches = 0;   // of the file
  std::size_t tried = 0;       // over all passes
  std::uint64_t nodes = 0;
  bool complete = true;        // false: given up at `most_nodes`
  std::vector<double> expected_nodes;  // log2, for a strand of each pass
  std::string tensor;          // where the key was found, and under which assumption
  StretchAssumption assumption;
  std::array<double, 4> bits{};  // of evidence for each strand there
};

// Sees nothing but the stream. int8 only: Failure for a stream without int8 weights in it. In floats one byte of four tells anything, and the tree grows
// beyond 2^44 (README.md).
Recovery256 recover_key_256(const MaskedStream& stream, const Recovery256Options& options);

}  // namespace nnlock::lab
