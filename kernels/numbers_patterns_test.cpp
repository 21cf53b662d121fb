// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Every pattern of the dtypes of 16 bits, and what is special among floats. (All of f32: numbers_exhaustive.cpp.)
#include <bitset>

#include "kernels/numbers_testing.hpp"

namespace nnlock::kernels {
namespace {

using namespace testing_tools;

using Patterns = NumberKernels;

std::vector<Finite> rings16() {
  std::vector<Finite> all;
  for (Float dtype : {Float::f16, Float::bf16}) {
    const auto top = static_cast<std::uint16_t>(exponent_ones(dtype) - 1);
    for (bool sign : {false, true}) {
      all.push_back({dtype, 1, top, true, sign});
      all.push_back({dtype, 1, top, false, sign});
      all.push_back({dtype, 0, 0, true, sign});
      all.push_back({dtype, 9, 9, false, sign});
      all.push_back({dtype, 9, 14, true, sign});
    }
  }
  return all;
}

using Set = std::bitset<0x10000>;

Set allowed(const Finite& finite) {
  Set set;
  for (std::uint32_t x = 0; x < 0x10000; ++x) set[x] = oracle::allowed(finite, x);
  return set;
}

// All that is on the ring in one call: it comes back, and what stands between is on the ring. For the full ring with zero and
// sign that is every finite number.
TEST_P(Patterns, AllRoundTrip) {
  const Keyed keyed(Suite::aes256, *numbers_);
  for (const Finite& finite : rings16()) {
    const Set set = allowed(finite);
    Bytes plain;
    for (std::uint32_t x = 0; x < 0x10000; ++x) {
      if (!set[x]) continue;
      plain.push_back(static_cast<std::uint8_t>(x));
      plain.push_back(static_cast<std::uint8_t>(x >> 8));
    }
    const oracle::Result locked = apply(lock_finite, keyed.streams, finite, 0, plain);
    ASSERT_TRUE(locked.ok) << text(finite);
    ASSERT_EQ(locked.bytes, oracle::finite(keyed.oracle, true, finite, 0, plain).bytes) << text(finite);
    ASSERT_TRUE(holds(*numbers_, finite, locked.bytes.data(), locked.bytes.size())) << text(finite);
    const oracle::Result back = apply(unlock_finite, keyed.streams, finite, 0, locked.bytes);
    ASSERT_TRUE(back.ok) << text(finite);
    ASSERT_EQ(back.bytes, plain) << text(finite);
  }
}

// Each pattern alone, in one place: refused where it should be, and else the images are distinct and allowed, so that locking
// is a bijection of what is allowed.
TEST_P(Patterns, BijectionInEveryPlace) {
  const Keyed keyed(Suite::aes256, *numbers_);
  const std::size_t step = slow_build ? 13 : 1;
  for (const Finite& finite : rings16()) {
    const Set set = allowed(finite);
    for (std::uint64_t element : {3U, 1024U}) {
      Set images;
      std::size_t count = 0;
      for (std::uint32_t x = 0; x < 0x10000; x += static_cast<std::uint32_t>(step)) {
        std::uint8_t bytes[2] = {static_cast<std::uint8_t>(x), static_cast<std::uint8_t>(x >> 8)};
        const bool ok = lock_finite(keyed.streams, finite, 2 * element, bytes, bytes, 2);
        ASSERT_EQ(ok, set[x]) << text(finite) << ", pattern " << x;
        if (!ok) continue;
        const std::uint32_t y = bytes[0] | std::uint32_t{bytes[1]} << 8;
        ASSERT_TRUE(set[y]) << text(finite) << ", image " << y;
        ASSERT_TRUE(unlock_finite(keyed.streams, finite, 2 * element, bytes, bytes, 2));
        ASSERT_EQ(bytes[0] | std::uint32_t{bytes[1]} << 8, x) << text(finite);
        images.set(y);
        ++count;
      }
      ASSERT_GT(count, 0U);
      ASSERT_EQ(images.count(), count) << text(finite) << ", element " << element;
    }
  }
}

// Zeros of both signs and subnormal numbers with a ring that has zero; a sign bit alone counts as negative.
TEST_P(Patterns, Zeros) {
  const Keyed keyed(Suite::aes256, *numbers_);
  for (Float dtype : dtypes) {
    const std::size_t width = width_of(dtype);
    for (std::size_t count : {1U, 2U, 3U, 1000U}) {
      Bytes zeros(count * width, 0);
      const Finite only_zero{dtype, 0, 0, true, true};
      const oracle::Result locked = apply(lock_finite, keyed.streams, only_zero, 0, zeros);
      ASSERT_TRUE(locked.ok);
      ASSERT_NE(locked.bytes, zeros) << "mantissas are locked still";
      ASSERT_TRUE(holds(*numbers_, only_zero, locked.bytes.data(), locked.bytes.size()));
      ASSERT_EQ(apply(unlock_finite, keyed.streams, only_zero, 0, locked.bytes).bytes, zeros);

      zeros.back() = 0x80;  // the last one is -0.0
      ASSERT_FALSE(apply(lock_finite, keyed.streams, only_zero, 0, zeros).ok);
      const Finite with_sign{dtype, 0, 0, true, false};
      const oracle::Result signed_zeros = apply(lock_finite, keyed.streams, with_sign, 0, zeros);
      ASSERT_TRUE(signed_zeros.ok);
      ASSERT_EQ(apply(unlock_finite, keyed.streams, with_sign, 0, signed_zeros.bytes).bytes, zeros);
    }
  }
}

// The largest ring of each dtype with an exponent at each of its places.
TEST_P(Patterns, EveryExponent) {
  const Keyed keyed(Suite::aes256, *numbers_);
  for (Float dtype : dtypes) {
    const std::size_t width = width_of(dtype);
    const Finite finite{dtype, 1, static_cast<std::uint16_t>(exponent_ones(dtype) - 1), true, true};
    Bytes plain((exponent_ones(dtype) + 1U) * width, 0);
    for (std::uint64_t e = 0; e <= exponent_ones(dtype); ++e) {
      oracle::put(&plain[e * width], static_cast<unsigned>(width), e << mantissa_bits(dtype));
    }
    ASSERT_FALSE(apply(lock_finite, keyed.streams, finite, 0, plain).ok) << "infinity is the last";
    plain.resize(plain.size() - width);
    const oracle::Result locked = apply(lock_finite, keyed.streams, finite, 0, plain);
    ASSERT_TRUE(locked.ok);
    ASSERT_EQ(locked.bytes, oracle::finite(keyed.oracle, true, finite, 0, plain).bytes);
  }
}

INSTANTIATE_TEST_SUITE_P(All, Patterns, testing::ValuesIn(number_subjects), label);

}  // namespace
}  // namespace nnlock::kernels
