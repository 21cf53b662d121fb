// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The master key of a model locked with the endless AES-128 expansion, from the locked file alone.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lab/cryptanalysis/known_schedule/prior.hpp"
#include "lab/schemes/published_lock.hpp"

namespace nnlock::lab {

// A run of round keys that lies inside one tensor.
struct Region {
  std::size_t piece = 0;       // of the stream
  std::uint64_t first_round = 0, rounds = 0;
  double fan_in = 0;           // elements for each output of the tensor
};
// Where to begin, best first, from shapes alone: the more elements share an output, the narrower they are spread against their largest.
// `rounds` for int8; floats get more, since fewer of their bytes tell anything.
std::vector<Region> regions(const MaskedStream& stream, Dtype dtype, std::uint64_t rounds);

struct RecoveryOptions {
  std::uint64_t rounds = 96;     // round keys looked at, 16 bytes each
  std::size_t most_regions = 6;  // tried before giving up
  // How often one limit may drop the true state, pass by pass. A sharp pass over all regions is cheap; wider limits come only when no
  // region showed, in each diagonal, a state far likelier than the best of 2^32 wrong ones.
  std::vector<double> losses = {0.03, 0.003, 0.0003};
  unsigned threads = 1;
  std::string kernel;           // of the search
  std::function<bool()> stop;   // asked between searches, if there is one: true gives up
  // Diagonals' first bytes, given away to shorten a search in a test: 8 key bits each. Empty: nothing is given.
  std::optional<std::vector<std::uint8_t>> given_first_bytes;
};

struct RegionAttempt {
  Region region;
  double loss = 0;
  std::array<std::size_t, 4> survivors{};
  std::array<double, 4> bits{};   // by which the best survivor of each diagonal is likelier than a random one
  std::uint64_t states = 0;
};

struct Recovery {
  std::optional<Key> key;
  double verified_bits = 0;  // evidence a byte over the whole stream for the key found, against uniform bytes
  std::vector<RegionAttempt> attempts;
};

// Sees nothing but the stream and the prior. A key is returned only when the bytes it gives all over the file look like weights.
Recovery recover_key(const MaskedStream& stream, const Prior& prior, const RecoveryOptions& options);

}  // namespace nnlock::lab
