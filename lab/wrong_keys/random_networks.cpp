// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/wrong_keys/random_networks.hpp"

#include <bit>

#include "kernels/numbers.hpp"
#include "lab/weights/forms.hpp"
#include "lock/select.hpp"

namespace nnlock::lab {
namespace {

void fill_bytes(std::span<std::byte> bytes, Random& random) {
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random.below(256));
}

// The layout that the locker gives this tensor, with all that the record then shows of it.
lock::Parameter layout_of(torch::Tensor& tensor, Dtype dtype) {
  const lock::Elements elements = lock::elements_of(dtype);
  const kernels::NumberKernel& numbers = *kernels::compiled_numbers().back();
  const auto* const bytes = static_cast<const std::uint8_t*>(tensor.data_ptr());
  const auto count = static_cast<std::size_t>(tensor.numel());
  lock::ElementStats stats;
  if (dtype == Dtype::f32) numbers.scan_floats(elements.dtype, bytes, count, stats.floats);
  else numbers.scan_integers(elements.width, bytes, count, stats.integers);
  lock::Parameter parameter{.length = tensor.nbytes()};
  lock::choose_layout(parameter, elements, stats);
  return parameter;
}

void fill(std::span<float> values, const kernels::Finite& finite, Random& random) {
  for (float& value : values) {
    const auto position = static_cast<std::uint32_t>(random.below(finite.ring()));
    const bool zero = finite.lo == 0 || (finite.zero && position == 0);
    const std::uint32_t exponent = zero ? 0 : finite.lo + position - (finite.zero ? 1 : 0);
    const auto sign = static_cast<std::uint32_t>(finite.keeps_sign ? 0 : random.below(2));
    value = std::bit_cast<float>(sign << 31 | exponent << 23 | static_cast<std::uint32_t>(random.below(1u << 23)));
  }
}

void fill(std::span<std::int32_t> values, const kernels::Range& range, Random& random) {
  const std::int64_t first = range.negative ? -(std::int64_t{1} << range.bits) : 0;
  for (std::int32_t& value : values) value = static_cast<std::int32_t>(first + static_cast<std::int64_t>(random.below(std::uint64_t{1} << free_bits(range))));
}

template <class T>
std::span<T> elements(torch::Tensor& tensor) {
  return {tensor.data_ptr<T>(), static_cast<std::size_t>(tensor.numel())};
}

// Everything else byte by byte.
void fill_as_locked(torch::Tensor& tensor, Random& random) {
  const bool floats = tensor.scalar_type() == torch::kFloat32;
  if (!floats && tensor.scalar_type() != torch::kInt32) return fill_bytes(values_of(tensor), random);
  const lock::Parameter layout = layout_of(tensor, floats ? Dtype::f32 : Dtype::i32);
  if (layout.layout == lock::Layout::finite) fill(elements<float>(tensor), layout.finite(), random);
  else if (layout.layout == lock::Layout::range) fill(elements<std::int32_t>(tensor), layout.range(), random);
  else fill_bytes(values_of(tensor), random);
}

}  // namespace

Weights random_weights(const Weights& like, Scramble scramble, Random& random) {
  Weights weights;
  for (const auto& [name, value] : like) {
    auto drawn = value.clone();
    if (!is_scale(name)) {
      if (scramble == Scramble::finite) fill_as_locked(drawn, random);
      else fill_bytes(values_of(drawn), random);
    }
    weights.push_back({name, drawn});
  }
  return weights;
}

}  // namespace nnlock::lab
