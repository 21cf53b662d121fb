// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/schemes/aes_schedule.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <string>

namespace nnlock::lab {
namespace {

std::vector<std::uint8_t> bytes(const std::string& hex) {
  std::vector<std::uint8_t> out;
  for (std::size_t i = 0; i < hex.size(); i += 2) out.push_back(static_cast<std::uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return out;
}

std::vector<std::uint8_t> word(const std::vector<std::uint8_t>& stream, std::size_t index) {
  return {stream.begin() + static_cast<std::ptrdiff_t>(4 * index), stream.begin() + static_cast<std::ptrdiff_t>(4 * index + 4)};
}

// FIPS 197 figure 7.
TEST(AesSBox, IsThatOfTheStandard) {
  EXPECT_EQ(aes_sbox()[0x00], 0x63);
  EXPECT_EQ(aes_sbox()[0x01], 0x7c);
  EXPECT_EQ(aes_sbox()[0x53], 0xed);
  EXPECT_EQ(aes_sbox()[0xff], 0x16);
  for (unsigned i = 0; i < 256; ++i) EXPECT_EQ(aes_inverse_sbox()[aes_sbox()[i]], i);
}

// FIPS 197 appendix A.1.
TEST(EndlessSchedule, BeginsAsAes128) {
  const auto stream = endless_schedule(bytes("2b7e151628aed2a6abf7158809cf4f3c"), 176);
  EXPECT_EQ(word(stream, 4), bytes("a0fafe17"));
  EXPECT_EQ(word(stream, 10), bytes("5935807a"));
  EXPECT_EQ(word(stream, 43), bytes("b6630ca6"));
}

// FIPS 197 appendix A.3.
TEST(EndlessSchedule, BeginsAsAes256) {
  const auto stream = endless_schedule(bytes("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"), 240);
  EXPECT_EQ(word(stream, 8), bytes("9ba35411"));
  EXPECT_EQ(word(stream, 12), bytes("a8b09c1a"));
  EXPECT_EQ(word(stream, 59), bytes("706c631e"));
}

// Past the standard's end every word still follows from the one before and the one four back, the last word of each key included.
TEST(EndlessSchedule, GoesOnByTheSameRecurrence) {
  const auto stream = endless_schedule(bytes("2b7e151628aed2a6abf7158809cf4f3c"), 4 * 400 + 3);
  ASSERT_EQ(stream.size(), 1603u);
  for (std::size_t i = 44; i < 400; ++i) {
    if (i % 4 == 0) continue;
    for (std::size_t b = 0; b < 4; ++b) ASSERT_EQ(stream[4 * i + b], stream[4 * (i - 1) + b] ^ stream[4 * (i - 4) + b]) << i;
  }
  // The constant of round 11 is 0x6c: 0x36 doubled.
  EXPECT_EQ(stream[176] ^ stream[160] ^ aes_sbox()[stream[173]], 0x6c);
}

}  // namespace
}  // namespace nnlock::lab
