// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/cryptanalysis/known_schedule/recover.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "lab/cryptanalysis/known_schedule/evidence.hpp"
#include "lab/schemes/aes_schedule.hpp"

namespace nnlock::lab {
namespace {

constexpr double kCertain = 40;                 // bits; the best of 2^32 wrong states has about 32

Diagonal diagonal_of(const MaskedStream& stream, const Region& region, const Prior& prior, unsigned j, double loss) {
  const auto& piece = stream.pieces[region.piece];
  Diagonal diagonal;
  std::vector<const BytePrior*> bytes;
  std::vector<const Penalty*> penalties;
  std::vector<std::size_t> classes;
  for (std::uint64_t t = region.first_round; t < region.first_round + region.rounds; ++t) {
    const std::uint64_t position = diagonal_position(j, t);
    classes.push_back(byte_class(piece, position, prior.width()));
    diagonal.steps.push_back({stream.bytes[position], t == 0 ? std::uint8_t{0} : diagonal_constant(j, t), &prior.penalties[classes.back()]});
  }
  for (const std::size_t step : search_order(diagonal.steps.size())) {
    bytes.push_back(&prior.bytes[classes[step]]);
    penalties.push_back(&prior.penalties[classes[step]]);
  }
  diagonal.limits = limits_of(bytes, penalties, loss);
  return diagonal;
}

// Every combination of the best few survivors; the one under which the whole file looks most like weights.
void choose(const std::array<SearchResult, 4>& found, const MaskedStream& stream, const Prior& prior, std::uint64_t t0, Recovery& recovery) {
  constexpr std::size_t kBest = 2;  // of each diagonal; a wrong second one is rare
  std::array<std::size_t, 4> n{};
  for (std::size_t j = 0; j < 4; ++j) n[j] = std::min(kBest, found[j].survivors.size());
  for (std::size_t pick = 0; pick < n[0] * n[1] * n[2] * n[3]; ++pick) {
    std::array<Word, 4> states{};
    for (std::size_t j = 0, rest = pick; j < 4; rest /= n[j], ++j) states[j] = found[j].survivors[rest % n[j]].state;
    const Key key = key_from_diagonals(states, t0);
    const double each = evidence_for(stream, prior, key).each();
    if (each < kLeastEvidence || each <= recovery.verified_bits) continue;
    recovery.key = key;
    recovery.verified_bits = each;
  }
}

double bits_of(const Diagonal& diagonal, const Survivor& survivor, const MaskedStream& stream, const Region& region, const Prior& prior, unsigned j) {
  double bits = 0;
  Word x = survivor.state;
  for (std::size_t i = 0; i < diagonal.steps.size(); ++i) {
    if (i >= 4) x[i & 3] = static_cast<std::uint8_t>(x[i & 3] ^ aes_sbox()[x[(i - 1) & 3]] ^ diagonal.steps[i].constant);
    const std::size_t byte = byte_class(stream.pieces[region.piece], diagonal_position(j, region.first_round + i), prior.width());
    bits += std::log2(256 * prior.bytes[byte][diagonal.steps[i].masked ^ x[i & 3]]);
  }
  return bits;
}

bool search_diagonal(const MaskedStream& stream, const Prior& prior, unsigned j, double loss, const RecoveryOptions& options, RegionAttempt& tried, SearchResult& found) {
  SearchOptions search_options{.threads = options.threads, .kernel = options.kernel};
  if (options.given_first_bytes) {
    search_options.first_from = (*options.given_first_bytes)[j];
    search_options.first_to = search_options.first_from + 1;
  }
  const Diagonal diagonal = diagonal_of(stream, tried.region, prior, j, loss);
  found = search(diagonal, search_options);
  tried.states += found.states;
  tried.survivors[j] = found.survivors.size();
  if (found.survivors.empty()) return false;
  tried.bits[j] = bits_of(diagonal, found.survivors[0], stream, tried.region, prior, j);
  return tried.bits[j] >= kCertain;
}

// All four diagonals, or nothing: one that shows no certain state ends the attempt.
bool attempt(const MaskedStream& stream, const Region& region, const Prior& prior, double loss, const RecoveryOptions& options, Recovery& recovery) {
  RegionAttempt tried{.region = region, .loss = loss};
  std::array<SearchResult, 4> found;
  bool all = true;
  for (unsigned j = 0; j < 4 && all; ++j) {
    all = search_diagonal(stream, prior, j, loss, options, tried, found[j]);
    // Once one diagonal is found the others are worth the widest limits.
    if (!all && j > 0 && loss > options.losses.back()) all = search_diagonal(stream, prior, j, options.losses.back(), options, tried, found[j]);
  }
  if (all) choose(found, stream, prior, region.first_round, recovery);
  recovery.attempts.push_back(tried);
  return recovery.key.has_value();
}

}  // namespace

std::vector<Region> regions(const MaskedStream& stream, Dtype dtype, std::uint64_t rounds) {
  std::vector<Region> all;
  for (std::size_t i = 0; i < stream.pieces.size(); ++i) {
    const auto& [span, at] = stream.pieces[i];
    const std::uint64_t first = (at + 15) / 16, end = (at + span.length) / 16;
    if (span.dtype != dtype || end < first + rounds) continue;
    // Outputs are the first dimension, or the last of a depthwise convolution, whose first is 1.
    const double outputs = span.shape.empty() ? 1 : static_cast<double>(span.shape.front() == 1 ? span.shape.back() : span.shape.front());
    const double elements = std::accumulate(span.shape.begin(), span.shape.end(), 1.0, [](double a, std::uint64_t b) { return a * static_cast<double>(b); });
    all.push_back({i, first + (end - first - rounds) / 2, rounds, elements / std::max(1.0, outputs)});
  }
  std::stable_sort(all.begin(), all.end(), [](const Region& a, const Region& b) { return a.fan_in > b.fan_in; });
  return all;
}

Recovery recover_key(const MaskedStream& stream, const Prior& prior, const RecoveryOptions& options) {
  Recovery recovery;
  auto candidates = regions(stream, prior.dtype, options.rounds * prior.width());
  candidates.resize(std::min(options.most_regions, candidates.size()));
  for (const double loss : options.losses)
    for (const Region& region : candidates)
      if ((options.stop && options.stop()) || attempt(stream, region, prior, loss, options, recovery)) return recovery;
  return recovery;
}

}  // namespace nnlock::lab
