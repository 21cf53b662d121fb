// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Layout range of every number kernel against the text of the specification.
#include <bitset>

#include "kernels/numbers_testing.hpp"

namespace nnlock::kernels {
namespace {

using namespace testing_tools;

// Every b that a record may hold.
std::vector<Range> all_ranges() {
  std::vector<Range> all;
  for (const std::uint8_t width : {std::uint8_t{2}, std::uint8_t{4}, std::uint8_t{8}}) {
    for (unsigned bits = 0; bits <= 8U * width; ++bits) {
      all.push_back({width, static_cast<std::uint8_t>(bits), false});
      if (bits < 8U * width) all.push_back({width, static_cast<std::uint8_t>(bits), true});
    }
  }
  return all;
}

class RangeLayout : public NumberKernels {
 protected:
  void check(const Streams& streams, const Range& range, std::uint64_t offset, const std::uint8_t* x, const std::uint8_t* y,
             std::size_t bytes, std::size_t misalign) {
    std::uint8_t* const p = a_.at(misalign);
    std::uint8_t* const q = b_.at((3 * misalign + 1) % 32);
    a_.fill(p, x, bytes);
    b_.fill(q, nullptr, bytes);
    ASSERT_TRUE(lock_range(streams, range, offset, p, q, bytes));
    ASSERT_TRUE(same(q, y, bytes) && b_.intact(q, bytes)) << text(range) << ", bytes " << bytes;
    ASSERT_TRUE(same(p, x, bytes) && a_.intact(p, bytes)) << "input changed";
    ASSERT_TRUE(lock_range(streams, range, offset, p, p, bytes));
    ASSERT_TRUE(same(p, y, bytes) && a_.intact(p, bytes)) << text(range) << ", in place, bytes " << bytes;
    b_.fill(q, nullptr, bytes);
    ASSERT_TRUE(unlock_range(streams, range, offset, p, q, bytes));
    ASSERT_TRUE(same(q, x, bytes) && b_.intact(q, bytes)) << text(range) << ", unlock, bytes " << bytes;
    ASSERT_TRUE(unlock_range(streams, range, offset, p, p, bytes));
    ASSERT_TRUE(same(p, x, bytes) && a_.intact(p, bytes)) << text(range) << ", unlock in place, bytes " << bytes;
  }

  Guarded a_{1200 * 8 + 64}, b_{1200 * 8 + 64};
};

TEST_P(RangeLayout, LengthsAndStarts) {
  const std::size_t max_length = 1100, max_start = 70, step = slow_build ? 997 : 331;
  std::size_t checked = 0;
  for (Suite suite : {Suite::aes256, Suite::chacha20}) {
    const Keyed keyed(suite, *numbers_);
    for (const Range& range : all_ranges()) {
      const std::size_t width = range.width;
      const Bytes plain = range_elements(range, max_length + max_start, 11);
      const oracle::Result locked = oracle::range(keyed.oracle, true, range, 0, plain);
      ASSERT_TRUE(locked.ok) << text(range);
      for (std::size_t start = 0; start <= max_start; ++start) {
        for (std::size_t n = (7 * start + range.bits) % step; n <= max_length; n += step) {
          check(keyed.streams, range, start * width, &plain[start * width], &locked.bytes[start * width], n * width, (start + n) % 32);
          if (HasFatalFailure()) return;
          ++checked;
        }
      }
    }
  }
  EXPECT_GT(checked, 2U * 180U * max_start);
}

TEST_P(RangeLayout, EveryLength) {
  const Keyed keyed(Suite::aes256, *numbers_);
  for (const Range& range : {Range{2, 11, true}, Range{4, 20, true}, Range{4, 32, false}, Range{8, 40, true}}) {
    const Bytes plain = range_elements(range, 1100, 12);
    const oracle::Result locked = oracle::range(keyed.oracle, true, range, 0, plain);
    for (std::size_t n = 0; n <= 1100; ++n) {
      check(keyed.streams, range, 0, plain.data(), locked.bytes.data(), n * range.width, n % 32);
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(RangeLayout, CountersCarry) {
  for (Suite suite : {Suite::aes256, Suite::chacha20}) {
    const Keyed keyed(suite, *numbers_);
    const Range range{4, 17, true};
    const Bytes plain = range_elements(range, 700, 13);
    for (unsigned bits : {12U, 20U, 36U, 38U, 44U, 63U}) {
      for (std::uint64_t before : {0U, 1U, 5U, 333U}) {
        const std::uint64_t offset = (std::uint64_t{1} << bits) - 4 * before;
        const oracle::Result locked = oracle::range(keyed.oracle, true, range, offset, plain);
        check(keyed.streams, range, offset, plain.data(), locked.bytes.data(), plain.size(), static_cast<std::size_t>(before % 32));
        if (HasFatalFailure()) return;
      }
    }
  }
}

// All patterns of 16 bits for every b: out of range is detected, and the images of the others are distinct and in range.
TEST_P(RangeLayout, EveryPatternOf16Bits) {
  const Keyed keyed(Suite::aes256, *numbers_);
  const std::uint32_t step = slow_build ? 13 : 1;
  for (const Range& range : all_ranges()) {
    if (range.width != 2) continue;
    std::bitset<0x10000> images;
    std::size_t count = 0;
    for (std::uint32_t x = 0; x < 0x10000; x += step) {
      std::uint8_t bytes[2] = {static_cast<std::uint8_t>(x), static_cast<std::uint8_t>(x >> 8)};
      const bool allowed = oracle::range_element(true, range, 0, x).has_value();
      ASSERT_EQ(holds(*numbers_, range, bytes, 2), allowed) << text(range) << ", pattern " << x;
      std::uint8_t out[2];
      ASSERT_EQ(unlock_range(keyed.streams, range, 6, bytes, out, 2), allowed) << text(range) << ", pattern " << x;
      ASSERT_EQ(lock_range(keyed.streams, range, 6, bytes, bytes, 2), allowed) << text(range) << ", pattern " << x;
      if (!allowed) continue;
      images.set(bytes[0] | std::size_t{bytes[1]} << 8);
      ASSERT_TRUE(holds(*numbers_, range, bytes, 2)) << text(range) << ", pattern " << x;
      ++count;
    }
    ASSERT_GT(count, 0U);
    ASSERT_EQ(images.count(), count) << text(range);
  }
}

// The values just outside, in every place of a long call.
TEST_P(RangeLayout, RefusedAnywhere) {
  const Keyed keyed(Suite::aes256, *numbers_);
  const std::size_t count = 70;
  std::size_t tried = 0;
  for (const Range& range : all_ranges()) {
    const unsigned width = range.width;
    const Bytes plain = range_elements(range, count, 14);
    std::vector<std::uint64_t> outside;
    if (range.bits < 8 * width - (range.negative ? 1 : 0)) {
      outside.push_back(std::uint64_t{1} << range.bits);
      outside.push_back(range.negative ? ~(std::uint64_t{1} << range.bits) : ~std::uint64_t{0});
    }
    for (std::uint64_t x : outside) {
      for (std::size_t i = 0; i < count; i += slow_build ? 5 : 1) {
        Bytes bytes = plain;
        oracle::put(&bytes[i * width], width, x);
        ASSERT_FALSE(apply(lock_range, keyed.streams, range, 0, bytes).ok) << text(range) << ", element " << i << ", " << x;
        ASSERT_FALSE(apply(unlock_range, keyed.streams, range, 0, bytes).ok) << text(range) << ", element " << i << ", " << x;
        ASSERT_FALSE(holds(*numbers_, range, bytes.data(), bytes.size())) << text(range) << ", element " << i << ", " << x;
        ++tried;
      }
    }
  }
  EXPECT_GT(tried, 1000U);
}

TEST_P(RangeLayout, NothingToDo) {
  const Keyed keyed(Suite::aes256, *numbers_);
  EXPECT_TRUE(lock_range(keyed.streams, {4, 9, true}, 8, nullptr, nullptr, 0));
  EXPECT_TRUE(unlock_range(keyed.streams, {8, 64, false}, 8, nullptr, nullptr, 0));
}

INSTANTIATE_TEST_SUITE_P(All, RangeLayout, testing::ValuesIn(number_subjects), label);

}  // namespace
}  // namespace nnlock::kernels
