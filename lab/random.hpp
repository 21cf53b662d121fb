// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Deterministic random numbers, the same with every standard library. Each use draws from a stream of its own, named by a label,
// so that more draws in one place change nothing in another.
#pragma once

#include <cstdint>
#include <string_view>

namespace nnlock::lab {

// SplitMix64 (Steele, Lea, Flood 2014).
class Random {
 public:
  Random(std::uint64_t seed, std::string_view label) : state_(seed * 0x9e3779b97f4a7c15u) {
    for (const char c : label) state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001b3u;  // FNV-1a
    next();
  }
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  // 0 to n - 1, n > 0, with a bias of at most n / 2^64.
  std::uint64_t below(std::uint64_t n) {
    const std::uint64_t x = next();  // the high half of the 128-bit product x * n, from 32-bit halves
    const std::uint64_t low = (x & 0xffffffffu) * (n & 0xffffffffu), a = (x >> 32) * (n & 0xffffffffu), b = (x & 0xffffffffu) * (n >> 32);
    const std::uint64_t middle = (low >> 32) + (a & 0xffffffffu) + (b & 0xffffffffu);
    return (x >> 32) * (n >> 32) + (a >> 32) + (b >> 32) + (middle >> 32);
  }
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }  // [0, 1)

 private:
  std::uint64_t state_;
};

}  // namespace nnlock::lab
