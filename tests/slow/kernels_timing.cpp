// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Whether time tells keys or data apart: kernels run on one key and one buffer, or on random ones, in random order, and Welch's t-test compares the two
// classes of times (O. Reparaz, J. Balasch, I. Verbauwhede, "Dude, is my code constant time?", 2017). A slow lane: times belong to a machine, and a
// busy one hides small differences. What no run can show is that there is none.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <vector>

#include "kernels/kernels_testing.hpp"

using namespace nnlock::kernels;
using testing_tools::Bytes;
using testing_tools::noise;

namespace {

constexpr std::size_t kBytes = 1024, kPool = 256, kRounds = 200;
constexpr double kLeaks = 10;  // |t| beyond which the authors call it a leak
constexpr double kKept = 0.9;  // the fastest share of times: interruptions are no property of a kernel
constexpr int kRepeats = 3;    // a leak shows each time

struct Input {
  bool fixed = false;
  Bytes key, data;
};

// Both classes lie side by side, so that fetching them takes the same time.
std::vector<Input> pool(std::uint64_t seed) {
  const Bytes fixed_key = noise(32, 1), fixed_data = noise(kBytes, 2), coins = noise(kPool, seed);
  std::vector<Input> inputs;
  for (std::size_t i = 0; i < kPool; ++i) {
    const bool fixed = (coins[i] & 1) != 0;
    inputs.push_back({fixed, fixed ? fixed_key : noise(32, seed + 2 * i + 1), fixed ? fixed_data : noise(kBytes, seed + 2 * i + 2)});
  }
  return inputs;
}

double welch(const std::vector<double> (&times)[2]) {
  double mean[2] = {}, error[2] = {};
  for (int c = 0; c < 2; ++c) {
    const auto n = static_cast<double>(times[c].size());
    for (const double t : times[c]) mean[c] += t / n;
    for (const double t : times[c]) error[c] += (t - mean[c]) * (t - mean[c]) / (n - 1) / n;
  }
  return (mean[0] - mean[1]) / std::sqrt(error[0] + error[1] + 1e-12);
}

using Timed = std::function<void(const Input&)>;

// `prepare` is not timed.
double t_of(const Timed& prepare, const Timed& timed, std::uint64_t seed) {
  std::vector<std::pair<double, bool>> all;
  for (std::size_t round = 0; round < kRounds; ++round)
    for (const Input& input : pool(seed + round * 2 * kPool)) {
      prepare(input);
      const auto start = std::chrono::steady_clock::now();
      timed(input);
      all.emplace_back(std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count(), input.fixed);
    }
  auto sorted = all;
  const auto limit = sorted.begin() + static_cast<std::ptrdiff_t>(kKept * static_cast<double>(sorted.size()));
  std::nth_element(sorted.begin(), limit, sorted.end());
  std::vector<double> times[2];
  for (const auto& [time, fixed] : all)
    if (time <= limit->first) times[fixed ? 1 : 0].push_back(time);
  return welch(times);
}

// The least |t| of several runs: chance does not repeat itself.
double least_t(const Timed& prepare, const Timed& timed) {
  double least = HUGE_VAL;
  for (int i = 0; i < kRepeats && least > kLeaks; ++i) least = std::min(least, std::abs(t_of(prepare, timed, 1000003 * static_cast<std::uint64_t>(i + 1))));
  return least;
}

int failures = 0;

// Counts what is not as expected.
double judged(double t, bool leak_expected) {
  failures += (t > kLeaks) != leak_expected;
  return t;
}

void check(const Kernel& kernel) {
  Bytes out(kBytes);
  KeyState state;
  const Timed expand = [&](const Input& input) { kernel.expand(input.key.data(), state); };
  const double expanding = judged(least_t([](const Input&) {}, expand), false);
  const double locking = judged(least_t(expand, [&](const Input& input) { kernel.lock(state, 0, input.data.data(), out.data(), kBytes); }), false);
  const double unlocking = judged(least_t(expand, [&](const Input& input) { kernel.unlock(state, 0, input.data.data(), out.data(), kBytes); }), false);
  std::printf("-- |t| of %s: expand %.1f, lock %.1f, unlock %.1f\n", kernel.name, expanding, locking, unlocking);
}

// A comparison that ends at the first difference must be seen.
void control() {
  const Bytes secret = noise(kBytes, 2);
  volatile std::size_t equal = 0;
  const double t = least_t([](const Input&) {}, [&](const Input& input) {
    std::size_t i = 0;
    while (i < kBytes && input.data[i] == secret[i]) ++i;
    equal = i;
  });
  std::printf("-- |t| of the control, a comparison that ends early: %.0f\n", judged(t, true));
}

}  // namespace

int main() {
  control();
  for (const Suite suite : {Suite::aes256, Suite::chacha20})
    for (const Kernel* kernel : compiled(suite))
      if (runnable(*kernel)) check(*kernel);
      else std::printf("-- not covered: %s, this CPU lacks its instructions\n", kernel->name);
  std::printf("-- |t| above %.0f in each of %d runs would be a leak; %zu inputs of %zu bytes a run; %s\n", kLeaks, kRepeats, kPool * kRounds, kBytes, feature_names(cpu_features()).c_str());
  std::puts(failures == 0 ? "passed" : "failed");
  return failures == 0 ? 0 : 1;
}
