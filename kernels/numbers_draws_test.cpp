// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The draws of exponents: that the method is as even as claimed, and that every number kernel draws by it.
#include <cmath>

#include "kernels/numbers_testing.hpp"

namespace nnlock::kernels {
namespace {

using namespace testing_tools;

using Draws = NumberKernels;

// The method with words of 16 bits: of all 2^16 words each outcome of d draws gets 2^16 / n^d, rounded up or down. With 64 bits
// it is the same sum, so its probability is within 2^-64 of n^-d.
TEST(DrawMethod, EvenWithinOneWord) {
  unsigned tried = 0;
  for (std::uint32_t n = 1; n <= 255; ++n) {
    std::uint64_t outcomes = 1;
    for (unsigned d = 1; d <= 4; ++d) {
      outcomes *= n;
      if (outcomes > 0x10000) break;
      std::vector<std::uint32_t> counts(outcomes, 0);
      for (std::uint32_t word = 0; word < 0x10000; ++word) {
        std::uint32_t u = word;
        std::uint64_t outcome = 0;
        for (unsigned i = 0; i < d; ++i) {
          outcome = outcome * n + (u * n >> 16);
          u = u * n & 0xffff;
        }
        ++counts.at(outcome);
      }
      for (std::uint32_t count : counts) ASSERT_LT(std::abs(count - 65536.0 / static_cast<double>(outcomes)), 1.0) << n << ", " << d;
      ++tried;
    }
  }
  EXPECT_GT(tried, 255U);
}

// Plain elements whose exponent is the first of the ring: locked, their exponent tells the draw.
class DrawnRing {
 public:
  DrawnRing(Float dtype, std::uint32_t n) : finite_{dtype, 1, static_cast<std::uint16_t>(n), false, false} {}
  const Finite& finite() const { return finite_; }
  Bytes plain(std::size_t count) const {
    const std::size_t width = width_of(finite_.dtype);
    Bytes all(count * width, 0);
    for (std::size_t i = 0; i < count; ++i) {
      oracle::put(&all[i * width], static_cast<unsigned>(width), std::uint64_t{1} << mantissa_bits(finite_.dtype));
    }
    return all;
  }
  std::size_t draw(const Bytes& locked, std::size_t i) const {
    const unsigned width = static_cast<unsigned>(width_of(finite_.dtype));
    return ((oracle::get(&locked[i * width], width) >> mantissa_bits(finite_.dtype)) & exponent_ones(finite_.dtype)) - 1;
  }

 private:
  Finite finite_;
};

// Words on both sides of every kind of boundary, for every n: where floor(u n / 2^64), floor(u n^2 / 2^64) and so on change.
std::vector<std::uint64_t> hard_words(std::uint64_t n) {
  std::vector<std::uint64_t> words = {0, 1, 0xffffffff, 0x100000000, ~std::uint64_t{0}, ~std::uint64_t{0} - 1};
  const Bytes bits = noise(16 * 24, n);
  oracle::Wide outcomes = 1;
  for (unsigned d = 1; d <= 4; ++d) {
    outcomes *= n;
    for (std::size_t i = 0; i < 24; ++i) {
      const auto j = static_cast<std::uint64_t>(oracle::get(&bits[16 * i], 8) % outcomes);
      const oracle::Wide two64 = oracle::Wide{1} << 64;
      const auto boundary = static_cast<std::uint64_t>((two64 * j + outcomes - 1) / outcomes);  // ceil(j 2^64 / n^d)
      words.push_back(boundary);
      words.push_back(boundary - 1);
    }
  }
  while (words.size() % 16 != 0) words.push_back(oracle::get(&bits[words.size() % 64], 8));
  return words;
}

TEST_P(Draws, ExactAtBoundaries) {
  for (Float dtype : dtypes) {
    const std::uint64_t per_word = dtype == Float::f64 ? 2 : 4;
    for (std::uint32_t n = 1; n < exponent_ones(dtype); n += dtype == Float::f64 ? 13 : 1) {
      const std::vector<std::uint64_t> words = hard_words(n);
      Bytes a(8 * words.size());
      for (std::size_t i = 0; i < words.size(); ++i) oracle::put(&a[8 * i], 8, words[i]);
      const DrawnRing ring(dtype, n);
      Bytes bytes = ring.plain(per_word * words.size());
      const Bytes k(bytes.size(), 0);
      ASSERT_TRUE(numbers_->lock_finite(ring.finite(), k.data(), a.data(), bytes.data(), bytes.data(), per_word * words.size()));
      for (std::size_t i = 0; i < per_word * words.size(); ++i) {
        ASSERT_EQ(ring.draw(bytes, i), oracle::draw(words[i / per_word], n, i % per_word + 1))
            << name_of(dtype) << ", n " << n << ", word " << words[i / per_word] << ", draw " << i % per_word;
      }
    }
  }
}

// Less than five standard deviations above its mean. Keys are fixed, so the outcome is too.
void expect_even(const std::vector<std::size_t>& counts, std::size_t total) {
  const double expected = static_cast<double>(total) / static_cast<double>(counts.size());
  double chi_square = 0;
  for (std::size_t count : counts) chi_square += std::pow(static_cast<double>(count) - expected, 2) / expected;
  const double freedom = static_cast<double>(counts.size()) - 1;
  EXPECT_LT(chi_square, freedom + 5 * std::sqrt(2 * freedom));
  EXPECT_GT(chi_square, freedom - 5 * std::sqrt(2 * freedom));
}

TEST_P(Draws, ChiSquare) {
  const std::size_t count = std::size_t{1} << 20;
  for (Suite suite : {Suite::aes256, Suite::chacha20}) {
    const Keyed keyed(suite, *numbers_, 77);
    for (Float dtype : {Float::f16, Float::f32}) {
      for (std::uint32_t n : {2U, 3U, 17U, 30U, 127U, 254U}) {
        if (n >= exponent_ones(dtype)) continue;
        const DrawnRing ring(dtype, n);
        const Bytes locked = apply(lock_finite, keyed.streams, ring.finite(), 0, ring.plain(count)).bytes;
        std::vector<std::size_t> single(n, 0), pairs(n * n, 0);
        for (std::size_t i = 0; i < count; ++i) ++single.at(ring.draw(locked, i));
        for (std::size_t i = 0; i + 2 < count; i += 3) ++pairs.at(ring.draw(locked, i) * n + ring.draw(locked, i + 1));
        SCOPED_TRACE(std::string(name_of(dtype)) + ", n " + std::to_string(n));
        expect_even(single, count);
        expect_even(pairs, count / 3);  // neighbours, in one word and in two
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Draws, testing::ValuesIn(number_subjects), label);

}  // namespace
}  // namespace nnlock::kernels
