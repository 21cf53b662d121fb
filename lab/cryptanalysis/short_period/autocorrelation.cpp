// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/cryptanalysis/short_period/autocorrelation.hpp"

#include <bit>
#include <cmath>
#include <complex>
#include <utility>

namespace nnlock::lab {
namespace {

using Complex = std::complex<double>;

// The largest of the unit circle's points are the same for all stages: stage `half` takes every (size / 2 half)-th.
std::vector<Complex> roots(std::size_t size) {
  std::vector<Complex> points(size / 2);
  for (std::size_t i = 0; i < points.size(); ++i) points[i] = std::polar(1.0, -2 * std::acos(-1.0) * static_cast<double>(i) / static_cast<double>(size));
  return points;
}

// Cooley and Tukey, in place; the size is a power of two.
void transform(std::vector<Complex>& values) {
  const std::size_t size = values.size();
  for (std::size_t i = 1, j = 0; i < size; ++i) {
    std::size_t bit = size / 2;
    for (; (j & bit) != 0; bit /= 2) j ^= bit;
    j ^= bit;
    if (i < j) std::swap(values[i], values[j]);
  }
  const auto points = roots(size);
  for (std::size_t half = 1; half < size; half *= 2)
    for (std::size_t start = 0; start < size; start += 2 * half)
      for (std::size_t i = 0; i < half; ++i) {
        const Complex a = values[start + i], p = points[i * (size / (2 * half))], v = values[start + half + i];
        const Complex b(p.real() * v.real() - p.imag() * v.imag(), p.real() * v.imag() + p.imag() * v.real());  // operator* also looks for infinities
        values[start + i] = a + b, values[start + half + i] = a - b;
      }
}

}  // namespace

std::vector<double> autocorrelation(std::span<const double> values) {
  std::vector<Complex> spectrum(std::bit_ceil(2 * values.size()));  // twice as long: nothing wraps around
  for (std::size_t i = 0; i < values.size(); ++i) spectrum[i] = values[i];
  transform(spectrum);
  for (Complex& value : spectrum) value = std::norm(value);
  transform(spectrum);  // of an even, real sequence the transform is its own inverse, but for the size
  std::vector<double> sums(values.size());
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] = spectrum[i].real() / static_cast<double>(spectrum.size());
  return sums;
}

}  // namespace nnlock::lab
