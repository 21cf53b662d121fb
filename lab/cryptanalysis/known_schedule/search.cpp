// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// A tree whose branches are bytes of the state, in the order that makes bytes of the recurrence known soonest:
// x0 and x3 give x4 (2^16 nodes), x1 gives x5 (2^24), x2 gives x6 and all that follow (2^32, in vectors of 256).
#include "lab/cryptanalysis/known_schedule/search.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <tuple>

#include "lab/cryptanalysis/known_schedule/kernel.hpp"
#include "lab/failure.hpp"
#include "lab/schemes/aes_schedule.hpp"

namespace nnlock::lab {
namespace {

using search_detail::Kernel;
using search_detail::Node;
using search_detail::Tables;

constexpr std::size_t kMostSurvivors = 64;

struct NamedKernel {
  const char* name;
  Kernel kernel;
};

std::vector<NamedKernel> kernels() {
  std::vector<NamedKernel> all;
  if (search_detail::has_avx512_gfni()) all.push_back({"avx512_gfni", search_detail::avx512_gfni});
  if (search_detail::has_avx2_aes()) all.push_back({"avx2_aes", search_detail::avx2_aes});
  all.push_back({"portable", search_detail::portable});
  return all;
}

Kernel kernel_named(const std::string& name) {
  for (const NamedKernel& kernel : kernels())
    if (name.empty() || name == kernel.name) return kernel.kernel;
  std::string known;
  for (const NamedKernel& kernel : kernels()) known += std::string(known.empty() ? "" : ", ") + kernel.name;
  throw Failure("no search kernel called " + name + " runs here", "leave it out, or name one of these: " + known);
}

Tables tables_of(const Diagonal& diagonal) {
  Tables tables{};
  for (std::size_t i = 0; i < kFirstSteps; ++i) {
    const Step& step = diagonal.steps[i];
    tables.steps[i] = step;
    tables.by_nibble[i].fill(255);
    for (unsigned weight = 0; weight < 256; ++weight) {
      const auto half = static_cast<std::uint8_t>((*step.penalty)[weight] / 2);
      tables.by_x[i][weight ^ step.masked] = half;
      auto& least = tables.by_nibble[i][weight >> 4];
      least = std::min(least, half);
    }
  }
  std::iota(tables.x2.begin(), tables.x2.end(), std::uint8_t{0});
  std::stable_sort(tables.x2.begin(), tables.x2.end(), [&](std::uint8_t a, std::uint8_t b) { return tables.by_x[2][a] < tables.by_x[2][b]; });
  for (std::size_t i = 0; i < 256; ++i) tables.x2_penalty[i] = tables.by_x[2][tables.x2[i]];
  const auto order = search_order(diagonal.steps.size());
  for (std::size_t i = 0; i < kFirstSteps; ++i) tables.limit[order[i]] = static_cast<std::uint8_t>(std::min(255, diagonal.limits[i] / 2));
  return tables;
}

// One thread's share of the search.
class Searcher {
 public:
  Searcher(const Diagonal& diagonal, const Tables& tables, Kernel kernel) : diagonal_(diagonal), tables_(tables), kernel_(kernel) {}

  void first(std::uint8_t x0) {
    for (unsigned x3 = 0; x3 < 256; ++x3) {
      Node node{.x0 = x0, .x3 = static_cast<std::uint8_t>(x3)};
      unsigned penalty = tables_.by_x[0][x0] + tables_.by_x[3][x3];
      if (penalty > tables_.limit[3]) continue;
      node.x4 = static_cast<std::uint8_t>(x0 ^ sbox_[x3] ^ tables_.steps[4].constant);
      penalty += tables_.by_x[4][node.x4];
      if (penalty <= tables_.limit[4]) second(node, penalty);
    }
  }

  std::vector<Survivor> survivors;
  std::uint64_t states = 0;

 private:
  void second(Node node, unsigned penalty_before) {
    for (unsigned x1 = 0; x1 < 256; ++x1) {
      unsigned penalty = penalty_before + tables_.by_x[1][x1];
      if (penalty > tables_.limit[1]) continue;
      node.x1 = static_cast<std::uint8_t>(x1);
      node.x5 = static_cast<std::uint8_t>(x1 ^ sbox_[node.x4] ^ tables_.steps[5].constant);
      penalty += tables_.by_x[5][node.x5];
      if (penalty > tables_.limit[5]) continue;
      node.penalty = static_cast<std::uint8_t>(penalty);
      third(node);
    }
  }

  void third(const Node& node) {
    std::uint8_t alive[256];
    const unsigned count = kernel_(tables_, node, alive);
    states += 256;  // of one x0, x1, x3
    for (unsigned i = 0; i < count; ++i) to_the_end({node.x0, node.x1, alive[i], node.x3});
  }

  void to_the_end(const Word& state) {
    std::uint32_t penalty = 0;
    std::array<std::uint8_t, 4> x = state;  // the last four, at [step mod 4]
    for (std::size_t i = 0; i < 4; ++i) penalty += (*diagonal_.steps[i].penalty)[diagonal_.steps[i].masked ^ x[i]];
    for (std::size_t i = 4; i < diagonal_.steps.size(); ++i) {
      const Step& step = diagonal_.steps[i];
      x[i & 3] = static_cast<std::uint8_t>(x[i & 3] ^ sbox_[x[(i - 1) & 3]] ^ step.constant);
      penalty += (*step.penalty)[step.masked ^ x[i & 3]];
      if (penalty > diagonal_.limits[i] && i >= 6) return;  // from step 6 on the search order is that of the steps
    }
    survivors.push_back({state, penalty});
    if (survivors.size() >= 2 * kMostSurvivors) keep_best(survivors);
  }

 public:
  static void keep_best(std::vector<Survivor>& all) {
    std::sort(all.begin(), all.end(), [](const Survivor& a, const Survivor& b) { return std::tie(a.penalty, a.state) < std::tie(b.penalty, b.state); });
    all.resize(std::min(all.size(), kMostSurvivors));
  }

 private:
  const Diagonal& diagonal_;
  const Tables& tables_;
  Kernel kernel_;
  const SBox& sbox_ = aes_sbox();
};

}  // namespace

std::vector<std::size_t> search_order(std::size_t steps) {
  std::vector<std::size_t> order = {0, 3, 4, 1, 5, 2};
  for (std::size_t i = 6; i < steps; ++i) order.push_back(i);
  return order;
}

SearchResult search(const Diagonal& diagonal, const SearchOptions& options) {
  if (diagonal.steps.size() < kFirstSteps || diagonal.limits.size() != diagonal.steps.size()) throw std::invalid_argument("a diagonal of too few steps, or without limits");
  const Tables tables = tables_of(diagonal);
  const Kernel kernel = kernel_named(options.kernel);
  std::atomic<unsigned> next{options.first_from};
  std::mutex mutex;
  SearchResult result;
  const auto work = [&] {
    Searcher searcher(diagonal, tables, kernel);
    for (unsigned x0 = next++; x0 < options.first_to; x0 = next++) searcher.first(static_cast<std::uint8_t>(x0));
    const std::lock_guard guard(mutex);
    result.survivors.insert(result.survivors.end(), searcher.survivors.begin(), searcher.survivors.end());
    result.states += searcher.states;
  };
  {
    std::vector<std::jthread> others;
    for (unsigned i = 1; i < options.threads; ++i) others.emplace_back(work);
    work();
  }
  Searcher::keep_best(result.survivors);
  return result;
}

std::vector<std::string> search_kernels() {
  std::vector<std::string> names;
  for (const NamedKernel& kernel : kernels()) names.emplace_back(kernel.name);
  return names;
}

}  // namespace nnlock::lab
