// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <string>
#include <type_traits>
#include <vector>

#include "keys/secret.hpp"
#include "nnlock/keys.hpp"

namespace nnlock {
namespace {

std::array<std::byte, 32> filled(int value) {
  std::array<std::byte, 32> bytes{};
  bytes.fill(static_cast<std::byte>(value));
  return bytes;
}

template <class T>
concept Printable = requires(std::ostream& out, const T& value) { out << value; };

TEST(SecretBytes, CannotBeCopiedOrPrinted) {
  static_assert(!std::is_copy_constructible_v<SecretBytes> && !std::is_copy_assignable_v<SecretBytes>);
  static_assert(!std::is_copy_constructible_v<MasterKey>);
  static_assert(!Printable<SecretBytes> && !Printable<MasterKey>);
  static_assert(!std::is_convertible_v<SecretBytes, std::string>);
  const SecretBytes secret(filled(7));
  const SecretBytes twin = secret.clone();
  EXPECT_NE(secret.reveal().data(), twin.reveal().data());
  EXPECT_EQ(0, std::memcmp(secret.reveal().data(), twin.reveal().data(), 32));
}

TEST(SecretBytes, LiveInTheSecureHeapAndAreWipedThere) {
  if (!keys::secret_heap_locked()) GTEST_SKIP() << "this system does not let the secret heap be locked in memory";
  std::byte* where = nullptr;
  {
    SecretBytes secret(filled(0xa5));
    where = secret.reveal_mutable().data();
    EXPECT_EQ(CRYPTO_secure_allocated(where), 1);
    EXPECT_EQ(where[31], std::byte{0xa5});
  }
  // The secure heap stays mapped, so its freed block can still be looked at: the allocator writes list links
  // into the first 16 bytes, everything else must be zero.
  volatile const std::byte* freed = where;
  for (std::size_t i = 16; i < 32; ++i) EXPECT_EQ(std::to_integer<int>(std::byte{freed[i]}), 0) << i;
}

TEST(SecretBytes, SecureHeapIsLeftOutOfCoreDumps) {
  const SecretBytes secret;
  const auto address = reinterpret_cast<std::uintptr_t>(secret.reveal().data());
  if (CRYPTO_secure_allocated(secret.reveal().data()) != 1) GTEST_SKIP() << "no secure heap on this system";
  std::ifstream smaps("/proc/self/smaps");
  bool inside = false, checked = false;
  for (std::string line; std::getline(smaps, line);) {
    unsigned long first = 0, last = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &first, &last) == 2) inside = first <= address && address < last;
    if (inside && line.starts_with("VmFlags:")) {
      checked = true;
      EXPECT_NE(line.find(" dd"), std::string::npos) << line;
    }
  }
  if (!checked) GTEST_SKIP() << "/proc/self/smaps shows no flags here";
}

TEST(SecretBytes, MovingLeavesNothingBehind) {
  SecretBytes a(filled(1));
  SecretBytes b = std::move(a);
  a = SecretBytes(filled(2));
  b = std::move(a);
  EXPECT_EQ(b.reveal()[0], std::byte{2});
}

TEST(SecretBytes, ManyAtOnce) {  // more than the secure heap holds: the rest falls back and still works
  std::vector<SecretBytes> secrets;
  for (int i = 0; i < 5000; ++i) secrets.emplace_back(filled(i & 255));
  for (int i = 0; i < 5000; ++i) ASSERT_EQ(secrets[static_cast<std::size_t>(i)].reveal()[5], static_cast<std::byte>(i & 255));
}

}  // namespace
}  // namespace nnlock
