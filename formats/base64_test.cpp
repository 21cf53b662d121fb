// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "formats/base64.hpp"

#include <gtest/gtest.h>

namespace nnlock::formats {
namespace {

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

std::vector<std::byte> counting_bytes(std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>((i * 167 + (i >> 8)) & 0xff);
  return bytes;
}

TEST(Base64, WholeGroupVectorsOfRfc4648) {
  EXPECT_EQ(base64_encode({}), "");
  EXPECT_EQ(base64_encode(bytes_of("foo")), "Zm9v");
  EXPECT_EQ(base64_encode(bytes_of("foobar")), "Zm9vYmFy");
  EXPECT_EQ(base64_decode(""), bytes_of(""));
  EXPECT_EQ(base64_decode("Zm9vYmFy"), bytes_of("foobar"));
  EXPECT_EQ(base64_decode("////"), std::vector<std::byte>(3, std::byte{0xff}));
  EXPECT_EQ(base64_decode("++++"), (std::vector{std::byte{0xfb}, std::byte{0xef}, std::byte{0xbe}}));
}

TEST(Base64, RoundTripsAcrossPieces) {
  constexpr std::size_t piece = std::size_t{3} << 20;
  for (const std::size_t size : {std::size_t{3}, std::size_t{300}, piece - 3, piece, piece + 3, 2 * piece, 2 * piece + 6}) {
    const auto bytes = counting_bytes(size);
    const auto text = base64_encode(bytes);
    ASSERT_EQ(text.size(), size / 3 * 4);
    ASSERT_EQ(base64_decode(text), bytes) << size;
  }
}

TEST(Base64, RefusesEverySpellingButOne) {
  for (const char* text : {"Zm9", "Zm9vY", "Zg==", "Zm8=", "====", "Zm9=Zm9v", " Zm9v   ", "Zm9vZm9 ", "Zm9v\n\n\n\n", "\nZm9vZm9",
                           "Zm9vZm9\n", "Zm9v----", "Zm-v", "Zm_v", "Zm9\x80", "Zm.v"})
    EXPECT_FALSE(base64_decode(text)) << text;
  EXPECT_FALSE(base64_decode(std::string_view("Zm9\0", 4)));
}

TEST(Base64, OnlyTheSixtyFourCharactersAreTaken) {
  for (const std::size_t place : {0u, 1u, 2u, 3u}) {
    int taken = 0;
    for (int c = 0; c < 256; ++c) {
      std::string text = "AAAA";
      text[place] = static_cast<char>(c);
      const auto bytes = base64_decode(text);
      if (!bytes) continue;
      ++taken;
      EXPECT_EQ(base64_encode(*bytes), text);
    }
    EXPECT_EQ(taken, 64);
  }
}

TEST(Base64, IncompleteGroupsDoNotComeBack) {
  EXPECT_EQ(base64_encode(bytes_of("f")), "Zg==");
  EXPECT_FALSE(base64_decode(base64_encode(bytes_of("fo"))));
}

}  // namespace
}  // namespace nnlock::formats
