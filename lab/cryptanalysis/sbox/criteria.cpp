// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/cryptanalysis/sbox/criteria.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>

#include "lab/failure.hpp"
#include "lab/files.hpp"
#include "lab/schemes/aes_schedule.hpp"

namespace nnlock::lab {
namespace {

using Table = std::span<const std::uint8_t>;

bool odd(unsigned x) { return (std::popcount(x) & 1) != 0; }

unsigned bits_of(Table sbox) {
  const unsigned bits = static_cast<unsigned>(std::countr_zero(sbox.size()));
  if (!std::has_single_bit(sbox.size()) || bits < 3 || bits > 8) throw Failure("an S-box of " + std::to_string(sbox.size()) + " values", "give 8, 16, 32, 64, 128 or 256 bytes");
  std::vector<bool> seen(sbox.size());
  for (std::size_t x = 0; x < sbox.size(); ++x) {
    if (sbox[x] >= sbox.size() || seen[sbox[x]]) throw Failure("no permutation: the value at " + std::to_string(x) + " is there twice or too large", "give each value once");
    seen[sbox[x]] = true;
  }
  return bits;
}

// Sum over x of (-1)^(mask.S(x) + a.x) for every a: Walsh and Hadamard's transform of one component.
std::vector<int> walsh(Table sbox, unsigned mask) {
  std::vector<int> sum(sbox.size());
  for (std::size_t x = 0; x < sbox.size(); ++x) sum[x] = odd(mask & sbox[x]) ? -1 : 1;
  for (std::size_t half = 1; half < sum.size(); half *= 2)
    for (std::size_t i = 0; i < sum.size(); ++i)
      if ((i & half) == 0) {
        const int a = sum[i], b = sum[i | half];
        sum[i] = a + b, sum[i | half] = a - b;
      }
  return sum;
}

unsigned largest_walsh(Table sbox, unsigned mask) {
  unsigned largest = 0;
  for (const int value : walsh(sbox, mask)) largest = std::max(largest, static_cast<unsigned>(std::abs(value)));
  return largest;
}

unsigned nonlinearity(Table sbox, unsigned mask) { return (static_cast<unsigned>(sbox.size()) - largest_walsh(sbox, mask)) / 2; }

// Degree of one component: the largest number of variables in a term of its algebraic normal form (Moebius transform).
unsigned degree(Table sbox, unsigned mask) {
  std::vector<bool> term(sbox.size());
  for (std::size_t x = 0; x < sbox.size(); ++x) term[x] = odd(mask & sbox[x]);
  for (std::size_t half = 1; half < term.size(); half *= 2)
    for (std::size_t i = 0; i < term.size(); ++i)
      if ((i & half) != 0) term[i] = term[i] != term[i ^ half];
  unsigned most = 0;
  for (std::size_t i = 0; i < term.size(); ++i)
    if (term[i]) most = std::max(most, static_cast<unsigned>(std::popcount(i)));
  return most;
}

unsigned differential_uniformity(Table sbox) {
  unsigned most = 0;
  for (unsigned a = 1; a < sbox.size(); ++a) {
    std::vector<unsigned> count(sbox.size());
    for (unsigned x = 0; x < sbox.size(); ++x) most = std::max(most, ++count[sbox[x] ^ sbox[x ^ a]]);
  }
  return most;
}

// Cid and others, Eurocrypt 2018: the largest entry of the boomerang connectivity table outside its first row and column.
unsigned boomerang_uniformity(Table sbox) {
  const auto inverse = inverse_of(sbox);
  unsigned most = 0;
  for (unsigned a = 1; a < sbox.size(); ++a)
    for (unsigned b = 1; b < sbox.size(); ++b) {
      unsigned count = 0;
      for (unsigned x = 0; x < sbox.size(); ++x) count += (inverse[sbox[x] ^ b] ^ inverse[sbox[x ^ a] ^ b]) == a;
      most = std::max(most, count);
    }
  return most;
}

// Share of inputs for which flipping input bit `in` flips the component.
double avalanche(Table sbox, unsigned in, unsigned mask) {
  unsigned flips = 0;
  for (unsigned x = 0; x < sbox.size(); ++x) flips += odd(mask & (sbox[x] ^ sbox[x ^ 1u << in]));
  return flips / static_cast<double>(sbox.size());
}

Spread spread(const std::vector<double>& values) {
  const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
  double sum = 0;
  for (const double value : values) sum += value;
  return {*least, sum / static_cast<double>(values.size()), *greatest};
}

void bit_criteria(Table sbox, SboxCriteria& criteria) {
  std::vector<double> single, pairs;
  criteria.bit_independence_nonlinearity = static_cast<unsigned>(sbox.size());
  for (unsigned i = 0; i < criteria.bits; ++i) {
    for (unsigned in = 0; in < criteria.bits; ++in) single.push_back(avalanche(sbox, in, 1u << i));
    for (unsigned j = i + 1; j < criteria.bits; ++j) {
      const unsigned mask = 1u << i | 1u << j;
      criteria.bit_independence_nonlinearity = std::min(criteria.bit_independence_nonlinearity, nonlinearity(sbox, mask));
      double sum = 0;
      for (unsigned in = 0; in < criteria.bits; ++in) sum += avalanche(sbox, in, mask);
      pairs.push_back(sum / criteria.bits);
    }
  }
  criteria.strict_avalanche = spread(single);
  criteria.bit_independence_avalanche = spread(pairs);
}

std::vector<unsigned> cycles(Table sbox) {
  std::vector<bool> seen(sbox.size());
  std::vector<unsigned> lengths;
  for (unsigned start = 0; start < sbox.size(); ++start) {
    unsigned length = 0;
    for (unsigned x = start; !seen[x]; x = sbox[x], ++length) seen[x] = true;
    if (length > 0) lengths.push_back(length);
  }
  std::sort(lengths.begin(), lengths.end());
  return lengths;
}

}  // namespace

std::vector<std::uint8_t> inverse_of(std::span<const std::uint8_t> sbox) {
  bits_of(sbox);
  std::vector<std::uint8_t> inverse(sbox.size());
  for (std::size_t x = 0; x < sbox.size(); ++x) inverse[sbox[x]] = static_cast<std::uint8_t>(x);
  return inverse;
}

SboxCriteria sbox_criteria(std::span<const std::uint8_t> sbox) {
  const auto size = static_cast<unsigned>(sbox.size());
  SboxCriteria criteria;
  criteria.bits = bits_of(sbox);
  criteria.nonlinearity = size;
  criteria.least_degree = criteria.bits;
  for (unsigned mask = 1; mask < size; ++mask) {
    criteria.nonlinearity = std::min(criteria.nonlinearity, nonlinearity(sbox, mask));
    criteria.largest_linear_bias = std::max(criteria.largest_linear_bias, largest_walsh(sbox, mask) / 2);
    criteria.least_degree = std::min(criteria.least_degree, degree(sbox, mask));
  }
  criteria.differential_uniformity = differential_uniformity(sbox);
  criteria.boomerang_uniformity = boomerang_uniformity(sbox);
  bit_criteria(sbox, criteria);
  for (unsigned x = 0; x < size; ++x) {
    criteria.fixed_points += sbox[x] == x;
    criteria.opposite_points += sbox[x] == (x ^ (size - 1));
  }
  criteria.cycles = cycles(sbox);
  return criteria;
}

std::vector<std::uint8_t> sbox_named(const std::string& name) {
  if (name == "aes") return {aes_sbox().begin(), aes_sbox().end()};
  if (name == "aes-inverse") return {aes_inverse_sbox().begin(), aes_inverse_sbox().end()};
  // Bogdanov and others, CHES 2007, section 3.
  if (name == "present") return {0xc, 0x5, 0x6, 0xb, 0x9, 0x0, 0xa, 0xd, 0x3, 0xe, 0xf, 0x8, 0x4, 0x7, 0x1, 0x2};
  const Bytes file = read_file(name);
  std::vector<std::uint8_t> sbox;
  for (const std::byte byte : file) sbox.push_back(std::to_integer<std::uint8_t>(byte));
  try {
    bits_of(sbox);
  } catch (const Failure& failure) {
    throw Failure(name + ": " + failure.what(), failure.hint());
  }
  return sbox;
}

}  // namespace nnlock::lab
