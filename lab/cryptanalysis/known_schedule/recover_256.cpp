// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/cryptanalysis/known_schedule/recover_256.hpp"

#include <algorithm>
#include <cmath>

#include "lab/cryptanalysis/known_schedule/evidence.hpp"
#include "lab/cryptanalysis/known_schedule/recover.hpp"
#include "lab/cryptanalysis/known_schedule/strand_search.hpp"
#include "lab/failure.hpp"

namespace nnlock::lab {
namespace {

constexpr std::size_t kSteps = 12;            // of 32 bytes, under limits
constexpr std::uint64_t kScoredSteps = 64;    // looked at to tell a true strand from the best of 2^64 wrong ones, where the tensor has them
constexpr double kCertain = 80;               // bits; the best of 2^64 wrong states has about 64
constexpr std::uint64_t kStride = 4;          // steps from one stretch to the next
constexpr double kLooseLoss = 0.01;           // once one strand is found, the others are worth more time

struct Stretch {
  std::size_t piece = 0;
  std::uint64_t first = 0;  // step
};

// Stretches of tensors with many weights for each output come first: there one weight of a channel is far out, and the rest close together.
std::vector<Stretch> stretches_of(const MaskedStream& stream) {
  std::vector<Stretch> all;
  for (const Region& region : regions(stream, Dtype::i8, 2 * kSteps)) {
    const auto& piece = stream.pieces[region.piece];
    const std::uint64_t end = (piece.at + piece.span.length) / 32;
    for (std::uint64_t first = (piece.at + 31) / 32; first + kSteps <= end; first += kStride) all.push_back({region.piece, first});
  }
  return all;
}

Strand strand_of(const MaskedStream& stream, const Stretch& stretch, const Prior& prior, unsigned j, const std::vector<std::uint16_t>& limits) {
  Strand strand{.y = {}, .z = {}, .limits = limits};
  for (std::uint64_t t = stretch.first; t < stretch.first + kSteps; ++t) {
    strand.y.push_back({stream.bytes[strand_position_y(j, t)], t == 0 ? std::uint8_t{0} : diagonal_constant(j, t), &prior.penalties[0]});
    strand.z.push_back({stream.bytes[strand_position_z(j, t)], 0, &prior.penalties[0]});
  }
  return strand;
}

std::vector<std::uint16_t> limits_for(const Prior& prior, double loss) {
  return limits_of(std::vector<const BytePrior*>(2 * kSteps, &prior.bytes[0]), std::vector<const Penalty*>(2 * kSteps, &prior.penalties[0]), loss);
}

// Bits by which the weights under this state are likelier than uniform bytes, to the end of the tensor or kScoredSteps.
double bits_of(const MaskedStream& stream, const Stretch& stretch, const Prior& generic, unsigned j, const StrandState& state) {
  const auto& piece = stream.pieces[stretch.piece];
  const std::uint64_t end = std::min((piece.at + piece.span.length) / 32, stretch.first + kScoredSteps);
  const auto bits = [&](std::uint64_t position, std::uint8_t x) { return std::log2(256 * generic.bytes[0][stream.bytes[position] ^ x]); };
  Word y = state.y, z = state.z;
  double sum = 0;
  for (std::uint64_t t = stretch.first; t < end; ++t) {
    const std::uint64_t i = t - stretch.first;
    if (i >= 4) {
      y[i & 3] = static_cast<std::uint8_t>(y[i & 3] ^ aes_sbox()[z[(i - 1) & 3]] ^ diagonal_constant(j, t));
      z[i & 3] ^= aes_sbox()[y[i & 3]];
    }
    sum += bits(strand_position_y(j, t), y[i & 3]) + bits(strand_position_z(j, t), z[i & 3]);
  }
  return sum;
}

class Recoverer {
 public:
  Recoverer(const MaskedStream& stream, const Recovery256Options& options) : stream_(stream), options_(options), generic_(generic_prior(Dtype::i8)) {}

  Recovery256 run() {
    const auto stretches = stretches_of(stream_);
    if (stretches.empty()) throw Failure("no int8 tensor of at least " + std::to_string(32 * (kSteps + 1)) + " bytes", "choose another file");
    found_.stretches = stretches.size();
    for (const StretchAssumption& assumption : options_.passes)
      if (pass(stretches, assumption)) break;
    return found_;
  }

 private:
  bool pass(const std::vector<Stretch>& stretches, const StretchAssumption& assumption) {
    const Prior prior = normal_prior(assumption.deviation);
    const auto sharp = limits_for(prior, assumption.loss), loose = limits_for(prior, kLooseLoss);
    found_.expected_nodes.push_back(expected_nodes(strand_of(stream_, stretches[0], prior, 0, sharp)));
    for (const Stretch& stretch : stretches) {
      if (options_.stop && options_.stop()) {
        found_.complete = false;
        return true;
      }
      ++found_.tried;
      if (all_strands(stretch, prior, sharp, loose)) {
        found_.tensor = stream_.pieces[stretch.piece].span.name;
        found_.assumption = assumption;
        return true;
      }
      if (!found_.complete) return true;
    }
    return false;
  }

  // The first strand under sharp limits decides whether the others are looked for, under loose ones.
  bool all_strands(const Stretch& stretch, const Prior& prior, const std::vector<std::uint16_t>& sharp, const std::vector<std::uint16_t>& loose) {
    std::array<StrandState, 4> states{};
    for (unsigned j = 0; j < 4; ++j)
      if (!one_strand(stretch, prior, j, sharp, states[j]) && (j == 0 || !one_strand(stretch, prior, j, loose, states[j]))) return false;
    const Key key = key_from_strands(states, stretch.first);
    const double each = evidence_for(stream_, generic_, key).each();
    if (each < kLeastEvidence) return false;
    found_.key = key;
    found_.verified_bits = each;
    return true;
  }

  bool one_strand(const Stretch& stretch, const Prior& prior, unsigned j, const std::vector<std::uint16_t>& limits, StrandState& state) {
    if (found_.nodes >= options_.most_nodes) return found_.complete = false;
    const StrandResult result = search_strand(strand_of(stream_, stretch, prior, j, limits), {.most_nodes = options_.most_nodes - found_.nodes, .threads = options_.threads});
    found_.nodes += result.nodes;
    found_.complete = result.complete;
    double best = 0;
    for (const StrandSurvivor& survivor : result.survivors) {
      const double bits = bits_of(stream_, stretch, generic_, j, survivor.state);
      if (bits <= best) continue;
      best = bits;
      state = survivor.state;
    }
    found_.bits[j] = best;
    return best >= kCertain;
  }

  const MaskedStream& stream_;
  const Recovery256Options& options_;
  const Prior generic_;
  Recovery256 found_;
};

}  // namespace

Recovery256 recover_key_256(const MaskedStream& stream, const Recovery256Options& options) { return Recoverer(stream, options).run(); }

}  // namespace nnlock::lab
