// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Layout finite of every number kernel against the text of the specification.
#include "kernels/numbers_testing.hpp"

namespace nnlock::kernels {
namespace {

using namespace testing_tools;

constexpr std::size_t max_length = 1100;  // elements
constexpr std::size_t max_start = 70;

// Rings of each dtype: the largest, without zero, one exponent, zero alone, zero and a narrow range; signs kept or not.
std::vector<Finite> rings(Float dtype) {
  const auto top = static_cast<std::uint16_t>(exponent_ones(dtype) - 1);
  const auto middle = static_cast<std::uint16_t>(top / 2);
  std::vector<Finite> all;
  for (bool sign : {false, true}) {
    all.push_back({dtype, 1, top, true, sign});
    all.push_back({dtype, 1, top, false, sign});
    all.push_back({dtype, middle, middle, false, sign});
    all.push_back({dtype, top, top, true, sign});
    all.push_back({dtype, 0, 0, true, sign});
    all.push_back({dtype, static_cast<std::uint16_t>(middle - 3), static_cast<std::uint16_t>(middle + 5), true, sign});
    all.push_back({dtype, static_cast<std::uint16_t>(middle - 4), static_cast<std::uint16_t>(middle + 9), false, sign});
    all.push_back({dtype, 1, 2, true, sign});
  }
  return all;
}

class FiniteLayout : public NumberKernels {
 protected:
  // n elements from `start` on, in place and not, locked and unlocked, beside the oracle's.
  void check(const Streams& streams, const Finite& finite, std::uint64_t first, std::size_t start, const Bytes& plain,
             const Bytes& locked, std::size_t n, std::size_t misalign) {
    const std::size_t width = width_of(finite.dtype), bytes = n * width;
    const std::uint64_t offset = (first + start) * width;
    const std::uint8_t* const x = plain.data() + start * width;
    const std::uint8_t* const y = locked.data() + start * width;
    std::uint8_t* const p = a_.at(misalign);
    std::uint8_t* const q = b_.at((3 * misalign + 1) % 32);
    a_.fill(p, x, bytes);
    b_.fill(q, nullptr, bytes);
    ASSERT_TRUE(lock_finite(streams, finite, offset, p, q, bytes));
    ASSERT_TRUE(same(q, y, bytes) && b_.intact(q, bytes)) << text(finite) << ", start " << start << ", n " << n;
    ASSERT_TRUE(same(p, x, bytes) && a_.intact(p, bytes)) << "input changed";
    ASSERT_TRUE(lock_finite(streams, finite, offset, p, p, bytes));
    ASSERT_TRUE(same(p, y, bytes) && a_.intact(p, bytes)) << text(finite) << ", in place, start " << start << ", n " << n;

    b_.fill(q, nullptr, bytes);
    ASSERT_TRUE(unlock_finite(streams, finite, offset, p, q, bytes));
    ASSERT_TRUE(same(q, x, bytes) && b_.intact(q, bytes)) << text(finite) << ", unlock, start " << start << ", n " << n;
    ASSERT_TRUE(unlock_finite(streams, finite, offset, p, p, bytes));
    ASSERT_TRUE(same(p, x, bytes) && a_.intact(p, bytes)) << text(finite) << ", unlock in place, n " << n;
  }

  Guarded a_{max_length * 8 + 64}, b_{max_length * 8 + 64};
};

// Every start with a sample of lengths, which differs from start to start.
TEST_P(FiniteLayout, LengthsAndStarts) {
  const std::size_t step = slow_build ? 487 : 97;
  for (Suite suite : {Suite::aes256, Suite::chacha20}) {
    const Keyed keyed(suite, *numbers_);
    for (Float dtype : dtypes) {
      for (const Finite& finite : rings(dtype)) {
        const Bytes plain = finite_elements(finite, max_length + max_start, 5);
        const oracle::Result locked = oracle::finite(keyed.oracle, true, finite, 0, plain);
        ASSERT_TRUE(locked.ok);
        for (std::size_t start = 0; start <= max_start; ++start) {
          for (std::size_t n = 7 * start % step; n <= max_length; n += step) {
            check(keyed.streams, finite, 0, start, plain, locked.bytes, n, (start + n) % 32);
            if (HasFatalFailure()) return;
          }
        }
      }
    }
  }
}

// Every length from a few starts.
TEST_P(FiniteLayout, EveryLength) {
  const Keyed keyed(Suite::aes256, *numbers_);
  for (Float dtype : dtypes) {
    const Finite finite = rings(dtype)[5];
    const Bytes plain = finite_elements(finite, max_length + max_start, 6);
    const oracle::Result locked = oracle::finite(keyed.oracle, true, finite, 0, plain);
    for (std::size_t start : {0U, 3U, 8U}) {
      for (std::size_t n = 0; n <= max_length; ++n) {
        check(keyed.streams, finite, 0, start, plain, locked.bytes, n, n % 32);
        if (HasFatalFailure()) return;
      }
    }
  }
}

// Counters of both key streams around every byte boundary, past 2^32 blocks.
TEST_P(FiniteLayout, CountersCarry) {
  for (Suite suite : {Suite::aes256, Suite::chacha20}) {
    const Keyed keyed(suite, *numbers_);
    for (Float dtype : dtypes) {
      const Finite finite = rings(dtype)[0];
      const Bytes plain = finite_elements(finite, 700, 7);
      for (unsigned bits : {12U, 20U, 28U, 34U, 35U, 36U, 37U, 38U, 44U, 52U, 59U}) {
        for (std::uint64_t before : {0U, 1U, 2U, 5U, 64U, 333U}) {
          const std::uint64_t first = (std::uint64_t{1} << bits) - before;
          const oracle::Result locked = oracle::finite(keyed.oracle, true, finite, first * width_of(dtype), plain);
          check(keyed.streams, finite, first, 0, plain, locked.bytes, 700, static_cast<std::size_t>(before % 32));
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

// Bytes that were never locked but are on the ring: a wrong key gives those, and gives numbers on the ring for them.
TEST_P(FiniteLayout, UnlockAnyElements) {
  const Keyed keyed(Suite::aes256, *numbers_);
  for (Float dtype : dtypes) {
    for (const Finite& finite : rings(dtype)) {
      const Bytes any = finite_elements(finite, 3000, 8);
      const oracle::Result expected = oracle::finite(keyed.oracle, false, finite, 0, any);
      const oracle::Result unlocked = apply(unlock_finite, keyed.streams, finite, 0, any);
      ASSERT_TRUE(unlocked.ok) << text(finite);
      ASSERT_EQ(unlocked.bytes, expected.bytes) << text(finite);
      ASSERT_TRUE(holds(*numbers_, finite, unlocked.bytes.data(), unlocked.bytes.size()));
    }
  }
}

// An element alone is the same as in a long call, for long calls that end on the way too.
TEST_P(FiniteLayout, SingleElements) {
  const Keyed keyed(Suite::chacha20, *numbers_);
  for (Float dtype : dtypes) {
    const std::size_t width = width_of(dtype);
    const Finite finite = rings(dtype)[6];
    const Bytes plain = finite_elements(finite, 2500, 9);
    const Bytes locked = apply(lock_finite, keyed.streams, finite, 0, plain).bytes;
    for (std::size_t i = 0; i < 2500; i += i < 600 ? 1 : 17) {
      Bytes one(plain.begin() + static_cast<std::ptrdiff_t>(i * width), plain.begin() + static_cast<std::ptrdiff_t>((i + 1) * width));
      ASSERT_TRUE(lock_finite(keyed.streams, finite, i * width, one.data(), one.data(), width));
      ASSERT_TRUE(same(one.data(), &locked[i * width], width)) << text(finite) << ", element " << i;
    }
  }
}

// One element off the ring, anywhere, makes the call fail; what is around it on both sides is not looked at.
TEST_P(FiniteLayout, RefusedAnywhere) {
  const Keyed keyed(Suite::aes256, *numbers_);
  for (Float dtype : dtypes) {
    const std::size_t width = width_of(dtype), count = 300;
    for (const Finite& finite : rings(dtype)) {
      const Bytes plain = finite_elements(finite, count, 10);
      std::vector<std::uint64_t> off = {std::uint64_t{exponent_ones(dtype)} << mantissa_bits(dtype)};  // infinity
      if (!finite.zero) off.push_back(1);                                                              // subnormal
      if (finite.lo > 1) off.push_back(std::uint64_t{finite.lo - 1U} << mantissa_bits(dtype));
      off.push_back(std::uint64_t{finite.hi + 1U} << mantissa_bits(dtype));
      if (finite.keeps_sign) off.push_back(oracle::get(plain.data(), static_cast<unsigned>(width)) | std::uint64_t{1} << (8 * width - 1));
      for (std::uint64_t x : off) {
        for (std::size_t i = 0; i < count; i += slow_build ? 7 : 1) {
          Bytes bytes = plain;
          oracle::put(&bytes[i * width], static_cast<unsigned>(width), x);
          ASSERT_FALSE(apply(lock_finite, keyed.streams, finite, 0, bytes).ok) << text(finite) << ", element " << i;
          ASSERT_FALSE(apply(unlock_finite, keyed.streams, finite, 0, bytes).ok) << text(finite) << ", element " << i;
          ASSERT_FALSE(holds(*numbers_, finite, bytes.data(), bytes.size())) << text(finite) << ", element " << i;
          Bytes rest(bytes.begin() + static_cast<std::ptrdiff_t>((i + 1) * width), bytes.end());
          ASSERT_TRUE(apply(lock_finite, keyed.streams, finite, (i + 1) * width, rest).ok);
          bytes.resize(i * width);
          ASSERT_TRUE(apply(lock_finite, keyed.streams, finite, 0, bytes).ok);
        }
      }
    }
  }
}

TEST_P(FiniteLayout, NothingToDo) {
  const Keyed keyed(Suite::aes256, *numbers_);
  EXPECT_TRUE(lock_finite(keyed.streams, {Float::f32, 1, 254, true, false}, 40, nullptr, nullptr, 0));
  EXPECT_TRUE(unlock_finite(keyed.streams, {Float::f16, 7, 7, false, true}, 6, nullptr, nullptr, 0));
}

INSTANTIATE_TEST_SUITE_P(All, FiniteLayout, testing::ValuesIn(number_subjects), label);

}  // namespace
}  // namespace nnlock::kernels
