// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/cryptanalysis/short_period/period.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "lab/cryptanalysis/known_schedule/evidence.hpp"
#include "lab/cryptanalysis/short_period/autocorrelation.hpp"

namespace nnlock::lab {
namespace {

constexpr double kLeastPairs = 512;  // below, a sum is not yet normal

double sign_of(unsigned bits) { return (std::popcount(bits) & 1) != 0 ? -1 : 1; }

// The signs where they tell, less their mean in each tensor; 0 elsewhere. A scheme that keeps numbers in a range leaves tensors with a mean of their own, which
// is no period.
std::vector<double> centred_signs(const MaskedStream& stream, const Prior& prior, const Character& character, std::uint64_t length) {
  std::vector<double> signs(length);
  for (const auto& piece : stream.pieces) {
    if (piece.span.dtype != prior.dtype || piece.at >= length) continue;
    const std::uint64_t end = std::min(piece.at + piece.span.length, length);
    double sum = 0, count = 0;
    for (std::uint64_t i = piece.at + character.byte; i < end; i += prior.width()) {
      signs[i] = sign_of(stream.bytes[i] & character.mask);
      sum += signs[i], ++count;
    }
    for (std::uint64_t i = piece.at + character.byte; i < end; i += prior.width()) signs[i] -= sum / count;
  }
  return signs;
}

}  // namespace

Character telling_character(const Prior& prior) {
  Character best;
  for (std::size_t byte = 0; byte < prior.width(); ++byte)
    for (unsigned mask = 1; mask < 256; ++mask) {
      double mean = 0;
      for (unsigned value = 0; value < 256; ++value) mean += prior.bytes[byte][value] * sign_of(value & mask);
      if (std::abs(mean) > best.bias) best = {byte, static_cast<std::uint8_t>(mask), std::abs(mean)};
    }
  return best;
}

PeriodSearch find_period(const MaskedStream& stream, const Prior& prior, std::uint64_t most_bytes) {
  const std::uint64_t length = std::min<std::uint64_t>(stream.bytes.size(), most_bytes);
  std::vector<double> signs = centred_signs(stream, prior, telling_character(prior), length);
  const auto sums = autocorrelation(signs);
  for (double& sign : signs) sign *= sign;
  const auto variances = autocorrelation(signs);  // of those sums, if the key stream's signs were coins
  PeriodSearch search;
  for (std::uint64_t lag = 1; lag < length; ++lag) {
    if (variances[lag] < kLeastPairs) continue;
    ++search.lags;
    const double z = sums[lag] / std::sqrt(variances[lag]);
    if (z > search.z) search.z = z, search.strongest_lag = lag, search.correlation = sums[lag] / variances[lag];
  }
  if (search.z < kPeriodZ) return search;
  // A short period shows at all lags, weakly, as its few signs are not quite balanced; at its multiples alone it shows in full.
  for (std::uint64_t lag = search.strongest_lag; lag > 0; --lag)
    if (variances[lag] >= kLeastPairs && sums[lag] / variances[lag] >= search.correlation / 2) search.period = lag;
  return search;
}

}  // namespace nnlock::lab
