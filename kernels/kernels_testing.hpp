// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// For tests of kernels: noise, buffers with guards, and what kind of build this is.
#pragma once

#include <algorithm>
#include <cstring>

#include "kernels/kernels_oracle.hpp"

namespace nnlock::kernels::testing_tools {

using oracle::Bytes;
using oracle::Key;

// Debug and sanitizer builds are ten times slower: they take samples of the largest products.
#if !defined(__OPTIMIZE__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool slow_build = true;
#elif defined(__has_feature)
inline constexpr bool slow_build = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
inline constexpr bool slow_build = false;
#endif

// Bytes without a pattern, the same at every run (splitmix64).
inline Bytes noise(std::size_t n, std::uint64_t seed) {
  Bytes bytes(n);
  for (std::uint8_t& byte : bytes) {
    seed += 0x9e3779b97f4a7c15;
    std::uint64_t z = seed;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    byte = static_cast<std::uint8_t>(z >> 56);
  }
  return bytes;
}

inline Key some_key(std::uint64_t seed) {
  const Bytes bytes = noise(32, seed);
  Key key;
  std::copy(bytes.begin(), bytes.end(), key.begin());
  return key;
}

inline bool same(const std::uint8_t* a, const std::uint8_t* b, std::size_t n) { return n == 0 || std::memcmp(a, b, n) == 0; }

// A buffer with guard bytes on both sides, misaligned on purpose.
class Guarded {
 public:
  explicit Guarded(std::size_t capacity) : bytes_(capacity + 2 * guard), canaries_(guard, canary) {}
  std::uint8_t* at(std::size_t misalign) { return bytes_.data() + guard + misalign; }
  // The n bytes at p become those at `from` (or zero), and the guards around them are renewed.
  void fill(std::uint8_t* p, const std::uint8_t* from, std::size_t n) {
    std::memset(p - guard, canary, n + 2 * guard);
    if (n == 0) return;
    if (from != nullptr) {
      std::memcpy(p, from, n);
    } else {
      std::memset(p, 0, n);
    }
  }
  // Nothing around the n bytes at p has changed.
  bool intact(const std::uint8_t* p, std::size_t n) const {
    return same(p - guard, canaries_.data(), guard) && same(p + n, canaries_.data(), guard);
  }

 private:
  static constexpr std::uint8_t canary = 0xa5;
  static constexpr std::size_t guard = 64;
  Bytes bytes_;
  Bytes canaries_;
};

}  // namespace nnlock::kernels::testing_tools
