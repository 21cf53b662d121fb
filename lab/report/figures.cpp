// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/report/figures.hpp"

#include <cmath>
#include <cstdio>

namespace nnlock::lab {

std::string fixed(std::optional<double> value, int digits) {
  if (!value || !std::isfinite(*value)) return kNoFigure;
  const double unit = std::pow(10, -digits);
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, std::abs(*value) < unit / 2 ? 0.0 : *value);
  return text;
}

std::string percent(std::optional<double> share, int digits) { return share ? fixed(100 * *share, digits) : kNoFigure; }

std::string points(std::optional<double> difference, int digits) {
  const std::string text = percent(difference, digits);
  return text[0] >= '0' && text[0] <= '9' ? "+" + text : text;
}

std::string probability(std::optional<double> p) { return p && *p < 0.001 ? "< 0.001" : fixed(p, p && *p < 0.1 ? 3 : 2); }

std::string counted(std::size_t count, const std::string& thing) { return std::to_string(count) + " " + thing + (count == 1 ? "" : "s"); }

double two_sided_bound(double probability) {
  double low = 0, high = 40;
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (std::erfc(middle / std::sqrt(2.0)) > probability ? low : high) = middle;
  }
  return high;
}

namespace {

// The probability from 0 to t, by Simpson's rule over the angle whose tangent is t / sqrt(freedom): there the density is a power of the cosine.
double student_from_zero(double t, double freedom) {
  constexpr int kParts = 400;
  const double angle = std::atan(t / std::sqrt(freedom)), width = angle / kParts;
  const auto density = [&](double x) { return std::pow(std::cos(x), freedom - 1); };
  double sum = density(0) + density(angle);
  for (int i = 1; i < kParts; ++i) sum += (i % 2 == 1 ? 4 : 2) * density(width * i);
  const double scale = std::exp(std::lgamma((freedom + 1) / 2) - std::lgamma(freedom / 2)) / std::sqrt(std::acos(-1.0));
  return scale * sum * width / 3;
}

}  // namespace

double one_sided_t_bound(double probability, std::size_t freedom) {
  double low = 0, high = 1e6;
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (0.5 - student_from_zero(middle, static_cast<double>(freedom)) > probability ? low : high) = middle;
  }
  return high;
}

double level_of_each(double level, std::size_t tests) { return -std::expm1(std::log1p(-level) / static_cast<double>(tests)); }

}  // namespace nnlock::lab
