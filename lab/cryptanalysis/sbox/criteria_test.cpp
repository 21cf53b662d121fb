// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/cryptanalysis/sbox/criteria.hpp"

#include <gtest/gtest.h>

#include "lab/failure.hpp"
#include "lab/files.hpp"

namespace nnlock::lab {
namespace {

// What the two boxes of AES share.
void expect_aes(const SboxCriteria& criteria) {
  EXPECT_EQ(criteria.nonlinearity, 112u);
  EXPECT_EQ(criteria.differential_uniformity, 4u);
  EXPECT_EQ(criteria.largest_linear_bias, 16u);
  EXPECT_EQ(criteria.bit_independence_nonlinearity, 112u);
  EXPECT_EQ(criteria.least_degree, 7u);
  EXPECT_EQ(criteria.boomerang_uniformity, 6u);
  EXPECT_EQ(criteria.fixed_points, 0u);
  EXPECT_EQ(criteria.opposite_points, 0u);
  EXPECT_EQ(criteria.cycles, (std::vector<unsigned>{2, 27, 59, 81, 87}));
}

void expect_spread(const Spread& spread, double least, double mean, double greatest) {
  EXPECT_NEAR(spread.least, least, 5e-5);
  EXPECT_NEAR(spread.mean, mean, 5e-6);
  EXPECT_NEAR(spread.greatest, greatest, 5e-5);
}

TEST(SboxCriteria, OfAes) {
  const SboxCriteria criteria = sbox_criteria(sbox_named("aes"));
  expect_aes(criteria);
  expect_spread(criteria.strict_avalanche, 0.4531, 0.50488, 0.5625);
  expect_spread(criteria.bit_independence_avalanche, 0.4805, 0.50460, 0.5254);
}

TEST(SboxCriteria, OfItsInverse) {
  const SboxCriteria criteria = sbox_criteria(sbox_named("aes-inverse"));
  expect_aes(criteria);
  expect_spread(criteria.strict_avalanche, 0.4375, 0.50439, 0.5625);
  expect_spread(criteria.bit_independence_avalanche, 0.4863, 0.50614, 0.5293);
}

TEST(SboxCriteria, OfPresent) {
  const SboxCriteria criteria = sbox_criteria(sbox_named("present"));
  EXPECT_EQ(criteria.bits, 4u);
  EXPECT_EQ(criteria.nonlinearity, 4u);
  EXPECT_EQ(criteria.differential_uniformity, 4u);
  EXPECT_EQ(criteria.largest_linear_bias, 4u);
  EXPECT_EQ(criteria.least_degree, 2u);
  EXPECT_EQ(criteria.fixed_points, 0u);
}

TEST(SboxCriteria, OfTheWeakestBox) {
  std::vector<std::uint8_t> identity(256);
  for (unsigned i = 0; i < 256; ++i) identity[i] = static_cast<std::uint8_t>(i);
  const SboxCriteria criteria = sbox_criteria(identity);
  EXPECT_EQ(criteria.nonlinearity, 0u);
  EXPECT_EQ(criteria.differential_uniformity, 256u);
  EXPECT_EQ(criteria.largest_linear_bias, 128u);
  EXPECT_EQ(criteria.least_degree, 1u);
  EXPECT_EQ(criteria.boomerang_uniformity, 256u);
  EXPECT_EQ(criteria.fixed_points, 256u);
  EXPECT_EQ(criteria.cycles, std::vector<unsigned>(256, 1));
}

TEST(SboxCriteria, RefuseWhatIsNoPermutation) {
  std::vector<std::uint8_t> twice(256, 3);
  EXPECT_THROW(sbox_criteria(twice), Failure);
  EXPECT_THROW(sbox_criteria(std::vector<std::uint8_t>(255)), Failure);
  EXPECT_THROW(sbox_named("/no/such/file"), Failure);
}

TEST(SboxCriteria, OfAUsersFile) {
  const TemporaryFolder folder;
  const Path good = folder.path() / "good", bad = folder.path() / "bad";
  const auto present = sbox_named("present");
  write_file(good, std::as_bytes(std::span(present)));
  EXPECT_EQ(sbox_named(good.string()), present);
  write_file(bad, bytes_of("twice the same: ee"));
  try {
    sbox_named(bad.string());
    FAIL() << "a file of 18 bytes is no S-box";
  } catch (const Failure& failure) {
    EXPECT_EQ(std::string(failure.what()).find(bad.string()), 0u) << failure.what();
  }
}

}  // namespace
}  // namespace nnlock::lab
