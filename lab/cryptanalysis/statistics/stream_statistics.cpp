// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/cryptanalysis/statistics/stream_statistics.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "lab/report/figures.hpp"

namespace nnlock::lab {
namespace {

using Bytes8 = std::span<const std::uint8_t>;

// Wilson and Hilferty: the cube root of a chi-square is close to normal.
double chi_square_z(double chi_square, double freedom) {
  const double spread = 2 / (9 * freedom);
  return (std::cbrt(chi_square / freedom) - (1 - spread)) / std::sqrt(spread);
}

double upper_tail(double z) { return std::erfc(z / std::sqrt(2.0)) / 2; }

double chi_square_of(std::span<const std::uint64_t> counts, double total) {
  const double expected = total / static_cast<double>(counts.size());
  double sum = 0;
  for (const std::uint64_t count : counts) sum += (static_cast<double>(count) - expected) * (static_cast<double>(count) - expected) / expected;
  return sum;
}

void single_bytes(Bytes8 bytes, StreamStatistics& statistics) {
  std::array<std::uint64_t, 256> counts{};
  for (const std::uint8_t byte : bytes) ++counts[byte];
  const auto total = static_cast<double>(bytes.size());
  statistics.entropy = entropy_of(counts);
  statistics.chi_square = chi_square_of(counts, total);
  statistics.chi_square_probability = chi_square_tail(statistics.chi_square, 255);
}

void pairs(Bytes8 bytes, StreamStatistics& statistics) {
  const std::size_t pairs = bytes.size() / 2;
  unsigned bits = 8;
  while (std::size_t{5} << 2 * bits > pairs) --bits;
  std::vector<std::uint64_t> counts(std::size_t{1} << 2 * bits);
  for (std::size_t i = 0; i < 2 * pairs; i += 2) ++counts[static_cast<std::size_t>(bytes[i] >> (8 - bits)) << bits | bytes[i + 1] >> (8 - bits)];
  statistics.serial_bits = bits;
  statistics.serial_probability = chi_square_tail(chi_square_of(counts, static_cast<double>(pairs)), static_cast<double>(counts.size() - 1));
}

void neighbours(Bytes8 bytes, StreamStatistics& statistics) {
  double mean = 0, variance = 0, covariance = 0;
  for (const std::uint8_t byte : bytes) mean += byte;
  mean /= static_cast<double>(bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    variance += (bytes[i] - mean) * (bytes[i] - mean);
    if (i + 1 < bytes.size()) covariance += (bytes[i] - mean) * (bytes[i + 1] - mean);
  }
  statistics.adjacent_correlation = variance == 0 ? 1 : covariance / variance;  // bytes that never change follow from each other
  statistics.adjacent_probability = 2 * upper_tail(std::abs(statistics.adjacent_correlation) * std::sqrt(static_cast<double>(bytes.size())));
}

void coincidences(Bytes8 bytes, StreamStatistics& statistics) {
  std::vector<std::size_t> lags;
  for (std::size_t lag = 1; lag <= 512; ++lag) lags.push_back(lag);
  for (std::size_t lag = 1024; lag <= 65'536 && lag < bytes.size() / 2; lag *= 2) lags.push_back(lag);
  for (const std::size_t lag : lags) {
    const std::size_t count = bytes.size() - lag;
    std::size_t equal = 0;
    for (std::size_t i = 0; i < count; ++i) equal += bytes[i] == bytes[i + lag];
    // That many or more of a Poisson number is what a chi-square is below; a normal approximation has too light a tail here.
    const double z = -chi_square_z(static_cast<double>(count) / 128, 2 * static_cast<double>(std::max<std::size_t>(equal, 1)));
    if (statistics.coinciding_lag == 0 || z > statistics.coincidence_z) statistics.coinciding_lag = lag, statistics.coincidence_z = z;
  }
  statistics.coincidence_probability = -std::expm1(static_cast<double>(lags.size()) * std::log1p(-upper_tail(statistics.coincidence_z)));
}

}  // namespace

double chi_square_tail(double chi_square, double freedom) { return upper_tail(chi_square_z(chi_square, freedom)); }

bool StreamStatistics::passes() const {
  const double level = level_of_each(kLevel, 4);
  return std::min({chi_square_probability, serial_probability, adjacent_probability, coincidence_probability}) >= level;
}

double entropy_of(std::span<const std::uint64_t> counts) {
  double total = 0, bits = 0;
  for (const std::uint64_t count : counts) total += static_cast<double>(count);
  for (const std::uint64_t count : counts)
    if (count > 0) bits -= static_cast<double>(count) / total * std::log2(static_cast<double>(count) / total);
  return bits;
}

StreamStatistics statistics_of(Bytes8 bytes) {
  if (bytes.size() < 4096) throw std::invalid_argument("statistics of fewer than 4,096 bytes");
  StreamStatistics statistics{.bytes = bytes.size()};
  single_bytes(bytes, statistics);
  pairs(bytes, statistics);
  neighbours(bytes, statistics);
  coincidences(bytes, statistics);
  return statistics;
}

}  // namespace nnlock::lab
