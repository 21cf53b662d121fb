// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Properties of the key schedule; its exact bytes stand in spec/vectors, from an independent implementation.

#include "keys/key_schedule.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace nnlock::keys {
namespace {

std::string text(const SecretBytes& secret) {
  return {reinterpret_cast<const char*>(secret.reveal().data()), SecretBytes::size};
}

TEST(KeySchedule, NoTwoSubkeysAreEqual) {
  const std::array<std::byte, 16> id{}, other_id{std::byte{1}};
  const CoreHash hash{}, other_hash{std::byte{1}};
  std::set<std::string> seen;
  std::size_t made = 0;
  const SecretBytes master;
  for (const auto& lock_id : {id, other_id}) {
    const SecretBytes file_key = derive_file_key(master, lock_id);
    seen.insert(text(file_key)), ++made;
    const KeySchedule keys(file_key, lock_id);
    for (const auto& h : {hash, other_hash}) {
      seen.insert(text(keys.record_key(h))), ++made;
      for (const std::uint64_t t : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{256}, std::uint64_t{1} << 32}) {
        seen.insert(text(keys.encryption_key(h, t))), ++made;
        seen.insert(text(keys.tag_key(h, t))), ++made;
        seen.insert(text(keys.auxiliary_key(h, t))), ++made;
      }
    }
  }
  EXPECT_EQ(seen.size(), made);
}

TEST(KeySchedule, KeyCheckFollowsTheKeyAndTheLockId) {
  const std::array<std::byte, 16> id{}, other_id{std::byte{1}};
  std::array<std::byte, 32> one_bit{};
  one_bit[31] = std::byte{1};
  const SecretBytes a, b(one_bit);
  const auto check = [](const SecretBytes& key, const std::array<std::byte, 16>& lock_id) {
    return KeySchedule(derive_file_key(key, lock_id), lock_id).key_check();
  };
  EXPECT_EQ(check(a, id), check(a, id));
  EXPECT_NE(check(a, id), check(b, id));
  EXPECT_NE(check(a, id), check(a, other_id));
}

TEST(Hmac, Rfc4231Case2AsOneAndAsParts) {  // the key "Jefe" is padded with zeros to 32 bytes, which HMAC does anyway
  std::array<std::byte, 32> key{std::byte{'J'}, std::byte{'e'}, std::byte{'f'}, std::byte{'e'}};
  const std::string message = "what do ya want for nothing?";
  const auto bytes = std::as_bytes(std::span(message));
  const Mac mac = hmac(SecretBytes(key), {bytes});
  EXPECT_EQ(mac, hmac(SecretBytes(key), {bytes.first(5), bytes.subspan(5)}));
  EXPECT_EQ(mac[0], std::byte{0x5b});
  EXPECT_EQ(mac[1], std::byte{0xdc});
  EXPECT_EQ(mac[31], std::byte{0x43});
}

TEST(EqualConstantTime, LooksAtEveryByteAndTheLength) {
  const std::array<std::byte, 4> a{}, b{std::byte{0}, std::byte{0}, std::byte{0}, std::byte{1}};
  EXPECT_TRUE(equal_constant_time(a, a));
  EXPECT_FALSE(equal_constant_time(a, b));
  EXPECT_FALSE(equal_constant_time(a, std::span(a).first(3)));
}

}  // namespace
}  // namespace nnlock::keys
