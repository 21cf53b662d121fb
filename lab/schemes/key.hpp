// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// A key under test, of any length: bits, counted from the lowest bit of the first byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lab/random.hpp"

namespace nnlock::lab {

struct Key {
  std::vector<std::uint8_t> bytes;

  std::size_t bits() const { return 8 * bytes.size(); }
  bool bit(std::size_t i) const { return (bytes[i / 8] >> (i % 8) & 1) != 0; }
  void flip(std::size_t i) { bytes[i / 8] = static_cast<std::uint8_t>(bytes[i / 8] ^ 1u << (i % 8)); }
  friend bool operator==(const Key&, const Key&) = default;
};

Key random_key(std::size_t bits, Random& random);
// A key that differs in exactly `distance` bits, at most key.bits(), chosen at random.
Key key_at_distance(const Key& key, std::size_t distance, Random& random);
std::size_t distance(const Key& a, const Key& b);  // bits that differ, of keys of one length

}  // namespace nnlock::lab
