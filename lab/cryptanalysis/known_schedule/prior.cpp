// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/cryptanalysis/known_schedule/prior.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "lab/failure.hpp"

namespace nnlock::lab {
namespace {

constexpr double kPenaltiesPerBit = 4, kMostPenalty = 63, kGenericShare = 0.01;

std::size_t width_of(Dtype dtype) {
  if (dtype == Dtype::i8) return 1;
  if (dtype == Dtype::bf16) return 2;
  if (dtype == Dtype::f32) return 4;
  throw Failure(std::string("no prior for weights of type ") + to_string(dtype), "priors are there for i8, bf16 and f32");
}

void normalise(BytePrior& prior) {
  double sum = 0;
  for (const double p : prior) sum += p;
  for (double& p : prior) p /= sum;
}

std::vector<BytePrior> heavy_tailed() {
  std::vector<BytePrior> bytes(1);
  for (int weight = -128; weight < 128; ++weight) {
    const double t = weight / 25.0;
    bytes[0][static_cast<std::uint8_t>(weight)] = weight == -128 ? 1e-9 : std::pow(1 + t * t / 3, -2);
  }
  return bytes;
}

// Byte histograms of floats over deviations 2^-8 .. 2^-2 in quarter octaves, by equal steps of the normal density.
std::vector<BytePrior> normals(std::size_t width) {
  std::vector<BytePrior> bytes(width);
  for (int quarter = -32; quarter <= -8; ++quarter)
    for (int step = -8000; step < 8000; ++step) {
      const double z = (step + 0.5) / 2000;
      const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(z * std::exp2(quarter / 4.0)));
      for (std::size_t i = 0; i < width; ++i) bytes[i][bits >> 8 * (4 - width + i) & 255] += std::exp(-z * z / 2);
    }
  // Low mantissa bytes carry nothing; the sum above sees them too coarsely.
  for (std::size_t i = 0; i + 2 < width; ++i) bytes[i].fill(1);
  for (BytePrior& byte : bytes) {
    normalise(byte);
    for (double& p : byte) p += 1e-6;
  }
  return bytes;
}

Penalty penalty_of(const BytePrior& prior) {
  const double best = *std::max_element(prior.begin(), prior.end());
  Penalty penalty{};
  for (std::size_t i = 0; i < 256; ++i) penalty[i] = static_cast<std::uint8_t>(std::min(kMostPenalty, std::round(kPenaltiesPerBit * std::log2(best / prior[i]))));
  return penalty;
}

Prior finished(Dtype dtype, std::vector<BytePrior> bytes, const std::string& source) {
  Prior prior{.dtype = dtype, .bytes = std::move(bytes), .penalties = {}, .source = source};
  for (BytePrior& byte : prior.bytes) {
    normalise(byte);
    prior.penalties.push_back(penalty_of(byte));
  }
  return prior;
}

}  // namespace

Prior generic_prior(Dtype dtype) { return finished(dtype, dtype == Dtype::i8 ? heavy_tailed() : normals(width_of(dtype)), "generic"); }

Prior normal_prior(double deviation) {
  constexpr double kWide = 0.02;
  std::vector<BytePrior> bytes(1);
  for (int weight = -127; weight < 128; ++weight) bytes[0][static_cast<std::uint8_t>(weight)] = std::exp(-weight * weight / (2 * deviation * deviation));
  normalise(bytes[0]);
  const Prior generic = generic_prior(Dtype::i8);
  for (std::size_t value = 0; value < 256; ++value) bytes[0][value] = (1 - kWide) * bytes[0][value] + kWide * generic.bytes[0][value];
  return finished(Dtype::i8, std::move(bytes), "normal, deviation " + std::to_string(static_cast<int>(deviation)));
}

Prior learnt_prior(Dtype dtype, std::span<const std::byte> weights, const std::string& source) {
  const std::size_t width = width_of(dtype);
  std::vector<BytePrior> bytes(width);
  for (std::size_t i = 0; i < weights.size(); ++i) bytes[i % width][std::to_integer<std::uint8_t>(weights[i])] += 1;
  const Prior generic = generic_prior(dtype);
  for (std::size_t i = 0; i < width; ++i) {
    normalise(bytes[i]);
    for (std::size_t value = 0; value < 256; ++value) bytes[i][value] = (1 - kGenericShare) * bytes[i][value] + kGenericShare * generic.bytes[i][value];
    if (i + 2 < width) bytes[i].fill(1);
  }
  return finished(dtype, std::move(bytes), source);
}

double information(const BytePrior& prior) {
  double bits = 8;
  for (const double p : prior) bits += p > 0 ? p * std::log2(p) : 0;
  return bits;
}

std::vector<std::uint16_t> limits_of(std::span<const BytePrior* const> bytes, std::span<const Penalty* const> penalties, double loss) {
  std::vector<std::uint16_t> limits;
  std::vector<double> sum = {1};  // distribution of the sum so far
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::vector<double> next(sum.size() + static_cast<std::size_t>(kMostPenalty), 0);
    std::array<double, 64> one{};
    for (std::size_t value = 0; value < 256; ++value) one[(*penalties[i])[value]] += (*bytes[i])[value];
    for (std::size_t a = 0; a < sum.size(); ++a)
      for (std::size_t b = 0; b < one.size(); ++b) next[a + b] += sum[a] * one[b];
    sum = std::move(next);
    double above = 0;
    std::size_t limit = sum.size() - 1;
    while (limit > 0 && above + sum[limit] < loss) above += sum[limit--];
    limits.push_back(static_cast<std::uint16_t>(limit));
  }
  return limits;
}

}  // namespace nnlock::lab
