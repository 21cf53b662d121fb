// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What the scans see, by which a locker chooses attributes and a reader checks them.
#include "kernels/numbers_testing.hpp"

namespace nnlock::kernels {
namespace {

using namespace testing_tools;

using Scan = NumberKernels;

FloatStats expected_floats(Float dtype, const std::uint8_t* p, std::size_t count) {
  const oracle::Dtype d = oracle::describe(dtype);
  FloatStats stats;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t x = oracle::get(p + i * d.bytes, d.bytes);
    const auto e = static_cast<std::uint32_t>((x >> d.mantissa) & ((std::uint64_t{1} << d.exponent_bits) - 1));
    if (e == 0) stats.zero = true;
    if (e != 0) stats.least_exponent = std::min(stats.least_exponent, e);
    stats.greatest_exponent = std::max(stats.greatest_exponent, e);
    stats.negative = stats.negative || (x >> (8 * d.bytes - 1)) != 0;
  }
  return stats;
}

IntegerStats expected_integers(std::size_t width, const std::uint8_t* p, std::size_t count) {
  IntegerStats stats;
  const std::uint64_t all = width == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * width)) - 1;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t x = oracle::get(p + i * width, static_cast<unsigned>(width));
    const bool negative = (x >> (8 * width - 1)) != 0;
    stats.negative = stats.negative || negative;
    stats.magnitudes |= negative ? ~x & all : x;
    stats.values |= x;
  }
  return stats;
}

void expect_equal(const FloatStats& a, const FloatStats& b, const std::string& where) {
  ASSERT_EQ(a.least_exponent, b.least_exponent) << where;
  ASSERT_EQ(a.greatest_exponent, b.greatest_exponent) << where;
  ASSERT_EQ(a.zero, b.zero) << where;
  ASSERT_EQ(a.negative, b.negative) << where;
}
void expect_equal(const IntegerStats& a, const IntegerStats& b, const std::string& where) {
  ASSERT_EQ(a.negative, b.negative) << where;
  ASSERT_EQ(a.magnitudes, b.magnitudes) << where;
  ASSERT_EQ(a.values, b.values) << where;
}

// One element that stands out, in every place, of every kind; nothing around it is looked at.
TEST_P(Scan, OneFloatAnywhere) {
  for (Float dtype : dtypes) {
    const unsigned width = static_cast<unsigned>(width_of(dtype));
    const std::uint64_t middle = exponent_ones(dtype) / 2, unit = std::uint64_t{1} << mantissa_bits(dtype);
    const std::uint64_t sign = std::uint64_t{1} << (8 * width - 1);
    for (std::size_t count : {1U, 3U, 16U, 31U, 32U, 33U, 64U, 65U, 129U, 200U}) {
      for (std::uint64_t x : {std::uint64_t{0}, std::uint64_t{1}, sign, unit, sign | (middle * unit), (middle - 1) * unit + 1,
                              (middle + 1) * unit, exponent_ones(dtype) * unit, exponent_ones(dtype) * unit + 1}) {
        for (std::size_t i = 0; i < count; ++i) {
          Bytes bytes((count + 2) * width, 0xff);  // on both sides: a negative NaN
          for (std::size_t j = 1; j <= count; ++j) oracle::put(&bytes[j * width], width, middle * unit + 5);
          oracle::put(&bytes[(i + 1) * width], width, x);
          FloatStats stats;
          numbers_->scan_floats(dtype, &bytes[width], count, stats);
          expect_equal(stats, expected_floats(dtype, &bytes[width], count), std::string(name_of(dtype)) + ", element " + std::to_string(i));
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

TEST_P(Scan, OneIntegerAnywhere) {
  for (std::size_t width : {2U, 4U, 8U}) {
    for (std::size_t count : {1U, 3U, 16U, 31U, 32U, 33U, 64U, 65U, 129U}) {
      for (unsigned bit = 0; bit < 8 * width; ++bit) {
        const std::size_t i = (bit * 31U) % count;
        for (bool complement : {false, true}) {
          Bytes bytes((count + 2) * width, 0);
          std::fill(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(width), std::uint8_t{0xff});
          std::fill(bytes.end() - static_cast<std::ptrdiff_t>(width), bytes.end(), std::uint8_t{0xff});
          const std::uint64_t x = std::uint64_t{1} << bit;
          oracle::put(&bytes[(i + 1) * width], static_cast<unsigned>(width), complement ? ~x : x);
          IntegerStats stats;
          numbers_->scan_integers(width, &bytes[width], count, stats);
          expect_equal(stats, expected_integers(width, &bytes[width], count), "width " + std::to_string(width) + ", bit " + std::to_string(bit));
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

// Scans of parts merge to the scan of the whole; a scan of nothing changes nothing.
TEST_P(Scan, Merges) {
  const Bytes bytes = noise(8 * 4000, 31);
  for (Float dtype : dtypes) {
    const std::size_t width = width_of(dtype);
    FloatStats stats;
    numbers_->scan_floats(dtype, nullptr, 0, stats);
    expect_equal(stats, FloatStats{}, "nothing");
    for (std::size_t at = 0, n = 1; at < 4000; at += n, n = std::min<std::size_t>(n * 5 % 1543 + 1, 4000 - at)) {
      numbers_->scan_floats(dtype, &bytes[at * width], n, stats);
      expect_equal(stats, expected_floats(dtype, bytes.data(), at + n), name_of(dtype));
      if (HasFatalFailure()) return;
    }
  }
  for (std::size_t width : {2U, 4U, 8U}) {
    IntegerStats stats;
    numbers_->scan_integers(width, nullptr, 0, stats);
    expect_equal(stats, IntegerStats{}, "nothing");
    numbers_->scan_integers(width, &bytes[width], 1, stats);
    numbers_->scan_integers(width, bytes.data(), 1, stats);
    expect_equal(stats, expected_integers(width, bytes.data(), 2), "two parts");
    if (HasFatalFailure()) return;
  }
}

// holds() agrees with the oracle on every exponent and sign against rings of all kinds.
TEST_P(Scan, HoldsWhatTheOracleAllows) {
  std::size_t held = 0, refused = 0;
  for (Float dtype : dtypes) {
    const unsigned width = static_cast<unsigned>(width_of(dtype));
    const auto top = static_cast<std::uint16_t>(exponent_ones(dtype) - 1);
    for (const Finite& finite : {Finite{dtype, 1, top, true, false}, Finite{dtype, 1, top, false, true}, Finite{dtype, 0, 0, true, false},
                                 Finite{dtype, 7, 7, false, false}, Finite{dtype, 5, 9, true, true}}) {
      for (std::uint64_t e = 0; e <= exponent_ones(dtype); ++e) {
        for (std::uint64_t sign : {0U, 1U}) {
          const std::uint64_t x = (e << mantissa_bits(dtype)) | (sign << (8 * width - 1)) | 1;
          std::uint8_t bytes[8];
          oracle::put(bytes, width, x);
          const bool expected = oracle::allowed(finite, x);
          ASSERT_EQ(holds(*numbers_, finite, bytes, width), expected) << text(finite) << ", exponent " << e << ", sign " << sign;
          ++(expected ? held : refused);
        }
      }
    }
  }
  EXPECT_GT(held, 1000U);
  EXPECT_GT(refused, 1000U);
}

INSTANTIATE_TEST_SUITE_P(All, Scan, testing::ValuesIn(number_subjects), label);

}  // namespace
}  // namespace nnlock::kernels
