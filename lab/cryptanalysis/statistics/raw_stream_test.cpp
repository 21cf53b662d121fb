// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/cryptanalysis/statistics/raw_stream.hpp"

#include <gtest/gtest.h>

#include "lab/cryptanalysis/statistics/stream_statistics.hpp"
#include "lab/failure.hpp"

namespace nnlock::lab {
namespace {

std::vector<std::uint8_t> pieces_of(const std::string& scheme, std::size_t piece, std::size_t count) {
  RawStream stream(scheme, 5, piece);
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i < count; ++i) {
    const auto next = stream.next();
    EXPECT_EQ(next.size(), piece);
    bytes.insert(bytes.end(), next.begin(), next.end());
  }
  return bytes;
}

TEST(RawStream, OfThePublishedLockGoesOnFromPieceToPiece) {
  for (const char* scheme : {"nnlock-2022-128", "nnlock-2022-256"}) {
    Random random(5, "raw stream");
    const Key key = random_key(file_scheme_named(scheme)->info().key_bits, random);
    EXPECT_EQ(pieces_of(scheme, 416, 7), published_key_stream(key)(7 * 416)) << scheme;
  }
}

TEST(RawStream, OfOursIsAnotherForEachLock) {
  const auto bytes = pieces_of("nnlock-v1", 32'768, 2);
  EXPECT_TRUE(statistics_of(bytes).passes());
  EXPECT_NE(std::vector<std::uint8_t>(bytes.begin(), bytes.begin() + 64), std::vector<std::uint8_t>(bytes.begin() + 32'768, bytes.begin() + 32'832));
  EXPECT_EQ(bytes, pieces_of("nnlock-v1", 32'768, 2));
}

TEST(RawStream, RepeatsWhereItsSchemeDoes) {
  EXPECT_FALSE(statistics_of(pieces_of("period-176", 17'600, 1)).passes());
  EXPECT_THROW(RawStream("no-such", 1), Failure);
}

}  // namespace
}  // namespace nnlock::lab
