// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "keys/bech32m.hpp"

#include <gtest/gtest.h>

#include <array>

namespace nnlock::keys {
namespace {

constexpr std::string_view kPrefix = "NNLOCK-MASTER-KEY-";

SecretBytes counting() {
  std::array<std::byte, 32> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 7);
  return SecretBytes(bytes);
}

TEST(Bech32m, RoundTrips) {
  const auto secret = counting();
  const auto text = bech32m_encode(kPrefix, secret);
  EXPECT_EQ(text.size(), 77U);
  EXPECT_TRUE(text.starts_with("NNLOCK-MASTER-KEY-1"));
  const auto back = bech32m_decode(kPrefix, text);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_TRUE(std::equal(back->reveal().begin(), back->reveal().end(), secret.reveal().begin()));
}

TEST(Bech32m, EveryChangedCharacterIsRefused) {
  const auto text = bech32m_encode(kPrefix, counting());
  for (std::size_t i = 0; i < text.size(); ++i)
    for (int c = 1; c < 256; ++c) {
      std::string changed = text;
      changed[i] = static_cast<char>(c);
      if (changed == text) continue;
      const auto back = bech32m_decode(kPrefix, changed);
      ASSERT_FALSE(back) << "character " << i << " as " << c;
      ASSERT_EQ(back.error().code, ErrorCode::bad_key_file);
    }
}

TEST(Bech32m, LengthsAndSwapsAreRefused) {
  const auto text = bech32m_encode(kPrefix, counting());
  for (std::size_t i = 0; i < text.size(); ++i) EXPECT_FALSE(bech32m_decode(kPrefix, text.substr(0, i)));
  EXPECT_FALSE(bech32m_decode(kPrefix, text + "Q"));
  for (std::size_t i = kPrefix.size() + 1; i + 1 < text.size(); ++i) {
    std::string swapped = text;
    std::swap(swapped[i], swapped[i + 1]);
    if (swapped == text) continue;
    EXPECT_FALSE(bech32m_decode(kPrefix, swapped)) << i;
  }
}

}  // namespace
}  // namespace nnlock::keys
