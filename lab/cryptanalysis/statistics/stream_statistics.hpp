// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// How far a stream of bytes is from uniform, independent ones, as the literature on locks and ciphers measures it.
#pragma once

#include <cstdint>
#include <span>

namespace nnlock::lab {

struct StreamStatistics {
  std::uint64_t bytes = 0;
  double entropy = 0;                  // of single bytes, in bits: 8 at most, and a little less for any sample
  double chi_square = 0;               // of single bytes, 255 degrees of freedom
  double chi_square_probability = 0;   // of one at least as large from uniform bytes
  unsigned serial_bits = 0;            // serial test (Knuth): pairs of neighbours, so many upper bits of each that every pair is expected five times
  double serial_probability = 0;
  double adjacent_correlation = 0;     // of each byte with the next
  double adjacent_probability = 0;     // of one at least as far from 0
  std::uint64_t coinciding_lag = 0;    // at which bytes are equal most beyond chance, of 1 to 512 and the powers of two to 65,536
  double coincidence_z = 0;
  double coincidence_probability = 0;  // of any lag as strong

  static constexpr double kLevel = 0.001;  // of all four tests together
  bool passes() const;
};

// Of at least 4,096 bytes; std::invalid_argument for fewer.
StreamStatistics statistics_of(std::span<const std::uint8_t> bytes);

// In bits, of the distribution that these counts show.
double entropy_of(std::span<const std::uint64_t> counts);

// The probability that a chi-square of so many degrees of freedom is at least this large (Wilson and Hilferty's approximation).
double chi_square_tail(double chi_square, double freedom);

}  // namespace nnlock::lab
