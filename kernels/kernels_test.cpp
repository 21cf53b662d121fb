// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Every kernel against OpenSSL and the table of FIPS 197.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "kernels/kernels_testing.hpp"
#include "kernels/registry.hpp"

namespace nnlock::kernels {

const Kernel* aes_ctr_x86_vaes512_emulated();

namespace {

using namespace testing_tools;

constexpr std::size_t max_length = 1100;
constexpr std::size_t max_offset = 130;

// A kernel under test; `getter` gives null where it is not compiled in.
struct Subject {
  const char* label;
  const Kernel* (*getter)();
  bool emulated;
};

const Subject subjects[] = {
    {"aes_ctr_portable", aes_ctr_portable, false},
    {"aes_ctr_x86_aesni", aes_ctr_x86_aesni, false},
    {"aes_ctr_x86_vaes256", aes_ctr_x86_vaes256, false},
    {"aes_ctr_x86_vaes512", aes_ctr_x86_vaes512, false},
    {"aes_ctr_x86_vaes512_emulated", aes_ctr_x86_vaes512_emulated, true},
    {"chacha20_portable", chacha20_portable, false},
    {"chacha20_x86_avx2", chacha20_x86_avx2, false},
};

Bytes from_hex(std::string_view hex) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoul(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

class Kernels : public testing::TestWithParam<Subject> {
 protected:
  void SetUp() override {
    kernel_ = GetParam().getter();
    if (kernel_ == nullptr) GTEST_SKIP() << GetParam().label << " is not compiled in on this architecture";
    const Features needs = GetParam().emulated ? feature::aesni : kernel_->needs;
    if (!cpu_features().has(needs)) {
      GTEST_SKIP() << GetParam().label << " cannot run here: this CPU lacks "
                   << feature_names(needs.without(cpu_features()));
    }
    kernel_->expand(key_.data(), state_);
  }

  Bytes oracle_stream(std::uint64_t offset, std::size_t n) const {
    return oracle::stream(kernel_->suite, key_, offset, n);
  }

  // One range, in place or not, all three operations, against the expected bytes.
  void check(std::uint64_t offset, const Bytes& plain, const Bytes& locked, const std::uint8_t* key_stream,
             std::size_t n, std::size_t misalign) {
    std::uint8_t* const p = a_.at(misalign);
    std::uint8_t* const q = b_.at((3 * misalign + 1) % 32);
    a_.fill(p, plain.data(), n);
    b_.fill(q, nullptr, n);
    kernel_->lock(state_, offset, p, q, n);
    ASSERT_TRUE(same(q, locked.data(), n) && b_.intact(q, n)) << "lock, n " << n << ", offset " << offset;
    ASSERT_TRUE(same(p, plain.data(), n) && a_.intact(p, n)) << "input changed";
    kernel_->lock(state_, offset, p, p, n);
    ASSERT_TRUE(same(p, locked.data(), n) && a_.intact(p, n)) << "in place, n " << n << ", offset " << offset;

    b_.fill(q, nullptr, n);
    kernel_->unlock(state_, offset, p, q, n);
    ASSERT_TRUE(same(q, plain.data(), n) && b_.intact(q, n)) << "unlock, n " << n << ", offset " << offset;
    kernel_->unlock(state_, offset, p, p, n);
    ASSERT_TRUE(same(p, plain.data(), n) && a_.intact(p, n)) << "in place, n " << n << ", offset " << offset;

    kernel_->stream(state_, offset, q, n);
    ASSERT_TRUE(same(q, key_stream, n) && b_.intact(q, n)) << "stream, n " << n << ", offset " << offset;
  }

  const Kernel* kernel_ = nullptr;
  Key key_ = some_key(1);
  KeyState state_;

 private:
  Guarded a_{4096};
  Guarded b_{4096};
};

INSTANTIATE_TEST_SUITE_P(All, Kernels, testing::ValuesIn(subjects),
                         [](const auto& test) { return std::string(test.param.label); });

// All lengths 0..1100 at all offsets 0..130: over every unroll and both ragged ends. Slow builds take a sample of the
// product that still has every length and every offset in it; the emulated kernel, slow in itself, a thinner one.
TEST_P(Kernels, AllLengthsAtAllOffsets) {
  std::size_t step = slow_build ? 37 : 1;
  if (GetParam().emulated) step = slow_build ? 509 : 101;
  const Bytes key_stream = oracle_stream(0, max_length + max_offset);
  const Bytes plain = noise(max_length, 2);
  std::size_t checked = 0;
  for (std::size_t offset = 0; offset <= max_offset; ++offset) {
    const Bytes locked = oracle::lock(plain, key_stream.data() + offset);
    for (std::size_t n = (7 * offset) % step; n <= max_length; n += step) {
      check(offset, plain, locked, key_stream.data() + offset, n, (offset + n) % 32);
      if (HasFatalFailure()) return;
      ++checked;
    }
  }
  EXPECT_GE(checked, (max_length / step) * (max_offset + 1));
}

// Counters around every byte boundary, past 2^32 blocks, and the last bytes of the address space.
TEST_P(Kernels, CountersCarry) {
  const std::uint64_t block = kernel_->suite == Suite::aes256 ? 16 : 64;
  const unsigned top = kernel_->suite == Suite::aes256 ? 60 : 58;
  const Bytes plain = noise(2100, 3);
  for (unsigned bits : {8U, 16U, 24U, 31U, 32U, 33U, 40U, 48U, 56U, top - 1, top}) {
    // The distance to the boundary puts it into every part of a group. For the last one the bytes end at 2^64.
    for (std::uint64_t before : {0U, 1U, 15U, 16U, 17U, 63U, 64U, 100U, 333U, 512U, 1000U, 2100U}) {
      if (bits == top && before == 0) continue;
      const std::uint64_t boundary = bits == top ? 0 : block << bits;  // 2^64 wraps to 0
      const std::uint64_t offset = boundary - before;
      const std::size_t n = static_cast<std::size_t>(bits == top ? before : plain.size());
      const Bytes key_stream = oracle_stream(offset, n);
      const Bytes locked = oracle::lock(Bytes(plain.begin(), plain.begin() + static_cast<std::ptrdiff_t>(n)),
                                        key_stream.data());
      check(offset, plain, locked, key_stream.data(), n, static_cast<std::size_t>(before % 32));
      if (HasFatalFailure()) return;
    }
  }
}

// All 256 entries of both tables, seen through the key stream, in every byte position of a group.
TEST_P(Kernels, SboxEveryEntry) {
  const Bytes key_stream = oracle_stream(0, 256 * 64);
  const std::array<std::uint8_t, 256> inverse = oracle::inverse_sbox();
  Bytes in(key_stream.size());
  Bytes out(key_stream.size());
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<std::uint8_t>((i + i / 256) ^ key_stream[i]);
  kernel_->lock(state_, 0, in.data(), out.data(), in.size());
  for (std::size_t i = 0; i < in.size(); ++i) ASSERT_EQ(out[i], oracle::sbox[(i + i / 256) & 255]) << i;
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<std::uint8_t>(i + i / 256);
  kernel_->unlock(state_, 0, in.data(), out.data(), in.size());
  for (std::size_t i = 0; i < in.size(); ++i) ASSERT_EQ(out[i] ^ key_stream[i], inverse[(i + i / 256) & 255]) << i;
}

// Unlocking bytes that were never locked (a wrong key does that), not only the inverse of what lock() gives.
TEST_P(Kernels, UnlockAnyBytes) {
  const Bytes in = noise(5000, 4);
  const Bytes key_stream = oracle_stream(77, in.size());
  Bytes out(in.size());
  kernel_->unlock(state_, 77, in.data(), out.data(), in.size());
  EXPECT_EQ(out, oracle::unlock(in, key_stream.data()));
}

// A range computed alone is the slice of the whole.
TEST_P(Kernels, RandomAccess) {
  const std::uint64_t start = (std::uint64_t{1} << 36) - 9999;
  const Bytes plain = noise(40000, 5);
  Bytes whole(plain.size());
  kernel_->lock(state_, start, plain.data(), whole.data(), plain.size());
  EXPECT_EQ(whole, oracle::lock(plain, oracle_stream(start, plain.size()).data()));
  std::size_t at = 0;
  for (std::size_t length = 1; at + length <= plain.size(); length = length * 5 % 1543 + 1) {
    Bytes part(length);
    kernel_->lock(state_, start + at, plain.data() + at, part.data(), length);
    ASSERT_TRUE(std::equal(part.begin(), part.end(), whole.begin() + static_cast<std::ptrdiff_t>(at))) << at;
    at += length;
  }
  kernel_->unlock(state_, start, whole.data(), whole.data(), whole.size());
  EXPECT_EQ(whole, plain);
}

// The key expansion, over keys of all kinds: one bit set, all set, noise.
TEST_P(Kernels, ManyKeys) {
  for (unsigned i = 0; i < 600; ++i) {
    Key key{};
    if (i < 256) key[i / 8] = static_cast<std::uint8_t>(1U << (i % 8));
    if (i == 256) key.fill(0xff);
    if (i > 256) key = some_key(1000 + i);
    KeyState state;
    kernel_->expand(key.data(), state);
    Bytes out(150);
    kernel_->stream(state, 3, out.data(), out.size());
    ASSERT_EQ(out, oracle::stream(kernel_->suite, key, 3, out.size())) << "key " << i;
  }
}

TEST_P(Kernels, NothingToDo) {
  kernel_->lock(state_, 5, nullptr, nullptr, 0);
  kernel_->unlock(state_, 5, nullptr, nullptr, 0);
  kernel_->stream(state_, 5, nullptr, 0);
}

struct Vector {
  Suite suite;
  const char* key;
  std::uint64_t offset;
  const char* stream;
};

// Published blocks, so that kernels and OpenSSL do not only agree with each other.
const Vector published[] = {
    // McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 13 and 14: AES-256 under the zero key of
    // 0 (H), 1 (the tag of the empty text) and 2 (the ciphertext of a zero block).
    {Suite::aes256, "0000000000000000000000000000000000000000000000000000000000000000", 0,
     "dc95c078a2408989ad48a21492842087530f8afbc74536b9a963b4f1c4cb738bcea7403d4d606b6e074ec5d3baf39d18"},
    // RFC 8439, appendix A.1, vectors 1 and 2 (counters 0 and 1), 3 and 4. Its nonces there are zero, as ours are.
    {Suite::chacha20, "0000000000000000000000000000000000000000000000000000000000000000", 0,
     "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
     "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586"
     "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
     "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f"},
    {Suite::chacha20, "0000000000000000000000000000000000000000000000000000000000000001", 64,
     "3aeb5224ecf849929b9d828db1ced4dd832025e8018b8160b82284f3c949aa5a"
     "8eca00bbb4a73bdad192b5c42f73f2fd4e273644c8b36125a64addeb006c13a0"},
    {Suite::chacha20, "00ff000000000000000000000000000000000000000000000000000000000000", 128,
     "72d54dfbf12ec44b362692df94137f328fea8da73990265ec1bbbea1ae9af0ca"
     "13b25aa26cb4a648cb9b9d1be65b2c0924a66c54d545ec1b7374f4872e99f096"},
};

TEST_P(Kernels, PublishedVectors) {
  unsigned tried = 0;
  for (const Vector& vector : published) {
    if (vector.suite != kernel_->suite) continue;
    KeyState state;
    kernel_->expand(from_hex(vector.key).data(), state);
    const Bytes expected = from_hex(vector.stream);
    Bytes out(expected.size());
    kernel_->stream(state, vector.offset, out.data(), out.size());
    EXPECT_EQ(out, expected);
    ++tried;
  }
  EXPECT_GE(tried, 1U);
}

// FIPS 197, C.3. The kernels encrypt counters below 2^60 only, so its plain text is out of their reach; this ties the
// oracle they are compared with to the standard.
TEST(Oracle, Fips197) {
  Key key;
  for (unsigned i = 0; i < 32; ++i) key[i] = static_cast<std::uint8_t>(i);
  const Bytes plain = from_hex("00112233445566778899aabbccddeeff");
  Bytes zero(16, 0);
  int written = 0;
  EVP_CIPHER_CTX* const context = EVP_CIPHER_CTX_new();
  ASSERT_EQ(EVP_EncryptInit_ex(context, EVP_aes_256_ctr(), nullptr, key.data(), plain.data()), 1);
  ASSERT_EQ(EVP_EncryptUpdate(context, zero.data(), &written, zero.data(), 16), 1);
  EVP_CIPHER_CTX_free(context);
  EXPECT_EQ(zero, from_hex("8ea2b7ca516745bfeafc49904b496089"));
}

TEST(KeyState, IsWiped) {
  alignas(KeyState) std::uint8_t place[sizeof(KeyState)];
  KeyState* const state = new (place) KeyState;
  std::fill(std::begin(state->bytes), std::end(state->bytes), std::uint8_t{0x77});
  state->~KeyState();
  EXPECT_TRUE(std::all_of(std::begin(place), std::end(place), [](std::uint8_t b) { return b == 0; }));
  wipe(nullptr, 0);
}

}  // namespace
}  // namespace nnlock::kernels
