// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/schemes/key.hpp"

#include <bit>
#include <numeric>
#include <utility>

namespace nnlock::lab {

Key random_key(std::size_t bits, Random& random) {
  Key key{std::vector<std::uint8_t>(bits / 8)};
  for (auto& byte : key.bytes) byte = static_cast<std::uint8_t>(random.below(256));
  return key;
}

Key key_at_distance(const Key& key, std::size_t distance, Random& random) {
  std::vector<std::size_t> places(key.bits());
  std::iota(places.begin(), places.end(), 0);
  Key other = key;
  for (std::size_t i = 0; i < distance; ++i) {  // the first steps of a shuffle
    std::swap(places[i], places[i + random.below(places.size() - i)]);
    other.flip(places[i]);
  }
  return other;
}

std::size_t distance(const Key& a, const Key& b) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < a.bytes.size(); ++i) count += static_cast<std::size_t>(std::popcount(static_cast<unsigned>(a.bytes[i] ^ b.bytes[i])));
  return count;
}

}  // namespace nnlock::lab
