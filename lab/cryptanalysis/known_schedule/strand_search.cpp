// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// A tree over the eight bytes of a state: y0, z3 (-> y4), z0 (-> z4), y1 (-> y5), z1 (-> z5), y2 (-> y6), z2 (-> z6), y3 (-> y7, z7 and all that
// follow). A guess g and what it makes known are g and g ^ c, so the weights behind them differ by something known, d: for each d the 256 pairs of weights
// are sorted once, and a node looks at none of its children but those that stay within the limits.
#include "lab/cryptanalysis/known_schedule/strand_search.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <tuple>

#include "lab/schemes/aes_schedule.hpp"

namespace nnlock::lab {
namespace {

constexpr std::size_t kMostSurvivors = 64;
constexpr std::size_t kLevels = 6;  // guesses z0, y1, z1, y2, z2, y3, each with a partner four steps on

// Pairs of weights (w, w ^ d), the likeliest first.
struct Pairs {
  std::array<std::array<std::uint8_t, 256>, 256> weight;
  std::array<std::array<std::uint8_t, 256>, 256> penalty;  // of both together, at most 126
};

Pairs pairs_of(const Penalty& first, const Penalty& second) {
  Pairs pairs;
  for (unsigned d = 0; d < 256; ++d) {
    auto& order = pairs.weight[d];
    const auto both = [&](std::uint8_t w) { return static_cast<std::uint8_t>(first[w] + second[w ^ d]); };
    for (unsigned w = 0; w < 256; ++w) order[w] = static_cast<std::uint8_t>(w);
    std::sort(order.begin(), order.end(), [&](std::uint8_t a, std::uint8_t b) { return std::tuple(both(a), a) < std::tuple(both(b), b); });
    for (unsigned i = 0; i < 256; ++i) pairs.penalty[d][i] = both(order[i]);
  }
  return pairs;
}

// What stays the same for all states.
struct Tables {
  std::array<std::shared_ptr<const Pairs>, kLevels> pairs;
  std::array<std::uint8_t, kLevels> masked, difference;  // of the guess; of guess and partner, the constant included
  std::array<std::uint16_t, kLevels> limit;
};

Tables tables_of(const Strand& strand) {
  Tables tables;
  for (std::size_t level = 0; level < kLevels; ++level) {
    const bool is_z = level % 2 == 0;
    const auto& steps = is_z ? strand.z : strand.y;
    const std::size_t t = (level + 1) / 2;
    const Step &guess = steps[t], &partner = steps[t + 4];
    tables.masked[level] = guess.masked;
    tables.difference[level] = static_cast<std::uint8_t>(guess.masked ^ partner.masked ^ (is_z ? 0 : partner.constant));
    tables.limit[level] = strand.limits[2 * level + 4];
    for (std::size_t before = 0; before < level && !tables.pairs[level]; ++before) {
      const std::size_t u = (before + 1) / 2;
      const auto& others = before % 2 == 0 ? strand.z : strand.y;
      if (others[u].penalty == guess.penalty && others[u + 4].penalty == partner.penalty) tables.pairs[level] = tables.pairs[before];
    }
    if (!tables.pairs[level]) tables.pairs[level] = std::make_shared<Pairs>(pairs_of(*guess.penalty, *partner.penalty));
  }
  return tables;
}

class StrandSearcher {
 public:
  StrandSearcher(const Strand& strand, const Tables& tables, std::atomic<std::uint64_t>& spent, std::uint64_t most_nodes)
      : strand_(strand), tables_(tables), spent_(spent), most_nodes_(most_nodes) {}

  void first(std::uint8_t y0) {
    y_[0] = y0;
    const unsigned penalty = penalty_of(strand_.y[0], y0);
    if (penalty > strand_.limits[0]) return;
    for (unsigned z3 = 0; z3 < 256; ++z3) {
      z_[3] = static_cast<std::uint8_t>(z3);
      y_[4] = static_cast<std::uint8_t>(y0 ^ sbox_[z3] ^ strand_.y[4].constant);
      const unsigned both = penalty + penalty_of(strand_.z[3], z_[3]) + penalty_of(strand_.y[4], y_[4]);
      if (both <= strand_.limits[2]) descend<0>(both);
      if (nodes_ > (1u << 20)) settle();
      if (stopped_) return;
    }
    settle();
  }

  std::vector<StrandSurvivor> survivors;

  static void keep_best(std::vector<StrandSurvivor>& all) {
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return std::tie(a.penalty, a.state.y, a.state.z) < std::tie(b.penalty, b.state.y, b.state.z); });
    all.resize(std::min(all.size(), kMostSurvivors));
  }

 private:
  static unsigned penalty_of(const Step& step, std::uint8_t x) { return (*step.penalty)[step.masked ^ x]; }

  void settle() {
    stopped_ = (spent_ += nodes_) > most_nodes_;
    nodes_ = 0;
  }

  template <std::size_t Level>
  void descend(unsigned penalty) {
    constexpr bool kIsZ = Level % 2 == 0;
    constexpr std::size_t t = (Level + 1) / 2;
    const std::uint8_t through = sbox_[kIsZ ? y_[t + 4] : z_[t + 3]];
    const auto d = static_cast<std::uint8_t>(tables_.difference[Level] ^ through);
    const auto& weights = tables_.pairs[Level]->weight[d];
    const auto& penalties = tables_.pairs[Level]->penalty[d];
    for (std::size_t i = 0; i < 256; ++i) {
      const unsigned both = penalty + penalties[i];
      if (both > tables_.limit[Level]) return;
      const auto guess = static_cast<std::uint8_t>(weights[i] ^ tables_.masked[Level]);
      (kIsZ ? z_ : y_)[t] = guess;
      (kIsZ ? z_ : y_)[t + 4] = static_cast<std::uint8_t>(guess ^ through ^ (kIsZ ? 0 : strand_.y[t + 4].constant));
      if constexpr (Level + 1 < kLevels) {
        descend<Level + 1>(both);
        if constexpr (Level == 2) {
          if (nodes_ > (1u << 20)) settle();
        }
        if (stopped_) return;
      } else {
        to_the_end(both);
      }
    }
  }

  void to_the_end(unsigned penalty) {
    ++nodes_;
    std::array<std::uint8_t, 4> y = {y_[4], y_[5], y_[6], y_[7]}, z = {z_[4], z_[5], z_[6], z_[3]};  // the last four, at [t mod 4]
    for (std::size_t t = 7; t < strand_.y.size(); ++t) {
      if (t > 7) {
        y[t & 3] = static_cast<std::uint8_t>(y[t & 3] ^ sbox_[z[(t - 1) & 3]] ^ strand_.y[t].constant);
        penalty += penalty_of(strand_.y[t], y[t & 3]);
        if (penalty > strand_.limits[2 * t]) return;
      }
      z[t & 3] ^= sbox_[y[t & 3]];
      penalty += penalty_of(strand_.z[t], z[t & 3]);
      if (penalty > strand_.limits[2 * t + 1]) return;
    }
    survivors.push_back({{{y_[0], y_[1], y_[2], y_[3]}, {z_[0], z_[1], z_[2], z_[3]}}, penalty});
    if (survivors.size() >= 2 * kMostSurvivors) keep_best(survivors);
  }

  const Strand& strand_;
  const Tables& tables_;
  std::atomic<std::uint64_t>& spent_;
  const std::uint64_t most_nodes_;
  const SBox& sbox_ = aes_sbox();
  std::array<std::uint8_t, 8> y_{}, z_{};
  std::uint64_t nodes_ = 0;
  bool stopped_ = false;
};

void check(const Strand& strand) {
  if (strand.y.size() < kStrandSteps || strand.z.size() != strand.y.size() || strand.limits.size() != 2 * strand.y.size())
    throw std::invalid_argument("a strand of too few steps, or without limits");
}

// Share of 256 uniform bytes' sums that stay within a limit: the distribution after one more byte.
std::vector<double> convolved(const std::vector<double>& sum, const Penalty& penalty) {
  std::vector<double> next(sum.size() + 63, 0);
  for (std::size_t a = 0; a < sum.size(); ++a)
    for (const std::uint8_t one : penalty) next[a + one] += sum[a] / 256;
  return next;
}

}  // namespace

std::vector<std::size_t> strand_order(std::size_t steps) {
  std::vector<std::size_t> order = {0, 7, 8};                                             // y0, z3, y4
  for (const std::size_t guess : {1u, 2u, 3u, 4u, 5u, 6u}) order.insert(order.end(), {guess, guess + 8});  // z0 z4, y1 y5, ..., y3 y7
  for (std::size_t i = 15; i < 2 * steps; ++i) order.push_back(i);
  return order;
}

StrandResult search_strand(const Strand& strand, const StrandOptions& options) {
  check(strand);
  const Tables tables = tables_of(strand);
  std::array<std::uint8_t, 256> firsts;  // likeliest first
  for (unsigned i = 0; i < 256; ++i) firsts[i] = static_cast<std::uint8_t>(i);
  const auto penalty = [&](std::uint8_t y0) { return (*strand.y[0].penalty)[strand.y[0].masked ^ y0]; };
  std::stable_sort(firsts.begin(), firsts.end(), [&](std::uint8_t a, std::uint8_t b) { return penalty(a) < penalty(b); });
  std::atomic<unsigned> next{0};
  std::atomic<std::uint64_t> spent{0};
  std::mutex mutex;
  StrandResult result;
  const auto work = [&] {
    StrandSearcher searcher(strand, tables, spent, options.most_nodes);
    for (unsigned i = next++; i < 256 && spent <= options.most_nodes; i = next++) searcher.first(firsts[i]);
    const std::lock_guard guard(mutex);
    result.survivors.insert(result.survivors.end(), searcher.survivors.begin(), searcher.survivors.end());
  };
  {
    std::vector<std::jthread> others;
    for (unsigned i = 1; i < options.threads; ++i) others.emplace_back(work);
    work();
  }
  result.nodes = spent;
  result.complete = spent <= options.most_nodes;
  StrandSearcher::keep_best(result.survivors);
  return result;
}

double expected_nodes(const Strand& strand) {
  check(strand);
  const auto order = strand_order(strand.y.size());
  std::vector<double> sum = {1};
  double most = 0;
  for (std::size_t i = 0; i < 15; ++i) {
    const Step& step = order[i] % 2 == 0 ? strand.y[order[i] / 2] : strand.z[order[i] / 2];
    sum = convolved(sum, *step.penalty);
    const auto end = std::min<std::size_t>(sum.size(), strand.limits[i] + std::size_t{1});
    double within = 0;
    for (std::size_t a = 0; a < end; ++a) within += sum[a];
    if (i == 0 || i % 2 == 0) most = std::max(most, 8.0 * (static_cast<double>(i) / 2 + 1) + std::log2(std::max(within, 1e-300)));
  }
  return most;
}

}  // namespace nnlock::lab
