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
  const std::size_t step = slow_build ? 397 : 41;
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

INSTANTIATE_TEST_SUITE_P(All, FiniteLayout, testing::ValuesIn(number_subjects), label);

}  // namespace
}  // namespace nnlock::kernels
