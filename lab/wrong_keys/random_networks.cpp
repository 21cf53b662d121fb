// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/wrong_keys/random_networks.hpp"

#include <algorithm>
#include <bit>

#include "lab/weights/forms.hpp"

namespace nnlock::lab {
namespace {

constexpr std::uint32_t kAllOnes = 255;  // exponent field of infinities and NaN

struct Ring {
  std::uint32_t low = kAllOnes, high = 0;  // nonzero exponent fields
  bool zero = false, negative = false;
  std::uint32_t size() const { return (high < low ? 0 : high - low + 1) + (zero ? 1 : 0); }
};

Ring ring_of(std::span<const float> values) {
  Ring ring;
  for (const float value : values) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t exponent = bits >> 23 & 255;
    ring.negative |= bits >> 31 != 0;
    if (exponent == 0) ring.zero = true;
    else ring.low = std::min(ring.low, exponent), ring.high = std::max(ring.high, exponent);
  }
  if (values.size() < 256) ring.low = std::min(ring.low, 119u), ring.high = std::max(ring.high, 127u);
  return ring;
}

void fill_bytes(std::span<std::byte> bytes, Random& random) {
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random.below(256));
}

void fill_finite(std::span<float> values, Random& random) {
  const Ring ring = ring_of(values);
  if (ring.high == kAllOnes) return fill_bytes(std::as_writable_bytes(values), random);
  for (float& value : values) {
    const auto position = static_cast<std::uint32_t>(random.below(ring.size()));
    const std::uint32_t exponent = ring.zero && position == 0 ? 0 : ring.low + position - (ring.zero ? 1 : 0);
    const auto sign = static_cast<std::uint32_t>(ring.negative ? random.below(2) : 0);
    value = std::bit_cast<float>(sign << 31 | exponent << 23 | static_cast<std::uint32_t>(random.below(1u << 23)));
  }
}

void fill_range(std::span<std::int32_t> values, Random& random) {
  const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
  const bool negative = *least < 0;
  std::int64_t limit = 128;
  while (limit <= *greatest || -limit > *least) limit *= 2;
  const std::int64_t first = negative ? -limit : 0;
  for (std::int32_t& value : values) value = static_cast<std::int32_t>(first + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(limit - first))));
}

template <class T>
std::span<T> elements(torch::Tensor& tensor) {
  return {tensor.data_ptr<T>(), static_cast<std::size_t>(tensor.numel())};
}

}  // namespace

Weights random_weights(const Weights& like, Scramble scramble, Random& random) {
  Weights weights;
  for (const auto& [name, value] : like) {
    auto drawn = value.clone();
    if (!is_scale(name)) {
      if (scramble == Scramble::finite && drawn.scalar_type() == torch::kFloat32) fill_finite(elements<float>(drawn), random);
      else if (scramble == Scramble::finite && drawn.scalar_type() == torch::kInt32) fill_range(elements<std::int32_t>(drawn), random);
      else fill_bytes(values_of(drawn), random);
    }
    weights.push_back({name, drawn});
  }
  return weights;
}

}  // namespace nnlock::lab
