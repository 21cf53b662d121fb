// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The criteria by which the literature judges S-boxes. They speak of rounds of a cipher; of a lock whose S-box is public and comes last
// they say nothing (scheme-facts: S cancels), and the lab computes them to show exactly that.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace nnlock::lab {

struct Spread {
  double least = 0, mean = 0, greatest = 0;
};

struct SboxCriteria {
  unsigned bits = 0;
  unsigned nonlinearity = 0;           // least over all components: distance from affine functions
  unsigned differential_uniformity = 0;
  unsigned largest_linear_bias = 0;    // of 2^bits inputs, how far from half of them a linear equation may hold
  Spread strict_avalanche;             // share of inputs for which flipping one input bit flips one output bit, over all pairs of bits
  unsigned bit_independence_nonlinearity = 0;  // least over sums of two output bits
  Spread bit_independence_avalanche;   // for each sum of two output bits: mean over flipped input bits; over all sums
  unsigned least_degree = 0;           // algebraic, over all components
  unsigned boomerang_uniformity = 0;
  unsigned fixed_points = 0;           // S(x) = x
  unsigned opposite_points = 0;        // S(x) = not x
  std::vector<unsigned> cycles;        // lengths, ascending
};

// A permutation of 2^n values, n = 3..8, one value a byte. Throws Failure when it is none.
SboxCriteria sbox_criteria(std::span<const std::uint8_t> sbox);
std::vector<std::uint8_t> inverse_of(std::span<const std::uint8_t> sbox);  // throws Failure when it is no permutation

// aes, aes-inverse, present, or the name of a file of 16 or 256 bytes. Throws Failure.
std::vector<std::uint8_t> sbox_named(const std::string& name);

}  // namespace nnlock::lab
