// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Layout block against the text of the specification: structs of odd sizes, several fields, fields at both ends.
#include "kernels/numbers_testing.hpp"

namespace nnlock::kernels {
namespace {

using namespace testing_tools;

constexpr std::size_t max_structs = 600;

struct Shape {
  const char* name;
  std::uint16_t size;
  std::vector<Field> fields;

  Block block() const { return {size, fields}; }
};

const Finite f16{Float::f16, 3, 22, true, false};
const Finite f16_kept{Float::f16, 9, 9, false, true};
const Finite bf16{Float::bf16, 100, 140, false, false};
const Finite f32{Float::f32, 1, 254, true, false};

std::vector<Shape> shapes() {
  std::vector<Shape> all = {
      {"q4_0", 18, {{0, f16}}},
      {"q4_1", 20, {{0, f16}, {2, f16_kept}}},
      {"q8_0", 34, {{0, f16}}},
      {"q4_K", 144, {{0, f16}, {2, f16}}},
      {"q6_K", 210, {{208, f16}}},
      {"mixed", 37, {{0, f32}, {5, bf16}, {7, f16}, {11, f32}, {35, f16_kept}}},
      {"one float", 4, {{0, f32}}},
      {"no field", 7, {}},
      {"one byte", 1, {}},
      {"wide", 2999, {{1, f32}, {1500, bf16}, {2997, f16}}},
  };
  Shape most{"sixteen fields", 65, {}};
  for (std::uint16_t f = 0; f < 16; ++f) most.fields.push_back({static_cast<std::uint16_t>(1 + 4 * f), f % 2 == 0 ? f32 : bf16});
  all.push_back(most);
  return all;
}

Bytes structs_of(const Shape& shape, std::size_t count, std::uint64_t seed) {
  Bytes all = noise(count * shape.size, seed);
  for (std::size_t f = 0; f < shape.fields.size(); ++f) {
    const Finite& finite = shape.fields[f].finite;
    const std::size_t width = width_of(finite.dtype);
    const Bytes elements = finite_elements(finite, count, seed + 1 + f);
    for (std::size_t s = 0; s < count; ++s) std::memcpy(&all[s * shape.size + shape.fields[f].offset], &elements[s * width], width);
  }
  return all;
}

class BlockLayout : public NumberKernels {
 protected:
  void check(const Streams& streams, const Shape& shape, std::uint64_t first, const std::uint8_t* x, const std::uint8_t* y,
             std::size_t n, std::size_t misalign) {
    const Block block = shape.block();
    const std::uint64_t offset = first * shape.size;
    const std::size_t bytes = n * shape.size;
    Guarded a(bytes + 64), b(bytes + 64);
    std::uint8_t* const p = a.at(misalign);
    std::uint8_t* const q = b.at((3 * misalign + 1) % 32);
    a.fill(p, x, bytes);
    b.fill(q, nullptr, bytes);
    ASSERT_TRUE(lock_block(streams, block, offset, p, q, bytes));
    ASSERT_TRUE(same(q, y, bytes) && b.intact(q, bytes)) << shape.name << ", structs " << n << ", from " << first;
    ASSERT_TRUE(same(p, x, bytes) && a.intact(p, bytes)) << "input changed";
    ASSERT_TRUE(lock_block(streams, block, offset, p, p, bytes));
    ASSERT_TRUE(same(p, y, bytes) && a.intact(p, bytes)) << shape.name << ", in place, structs " << n;
    ASSERT_TRUE(holds(streams.numbers, block, p, bytes));
    b.fill(q, nullptr, bytes);
    ASSERT_TRUE(unlock_block(streams, block, offset, p, q, bytes));
    ASSERT_TRUE(same(q, x, bytes) && b.intact(q, bytes)) << shape.name << ", unlock, structs " << n << ", from " << first;
    ASSERT_TRUE(unlock_block(streams, block, offset, p, p, bytes));
    ASSERT_TRUE(same(p, x, bytes) && a.intact(p, bytes)) << shape.name << ", unlock in place, structs " << n;
  }
};

TEST_P(BlockLayout, LengthsAndStarts) {
  const std::size_t max_start = slow_build ? 5 : 12, step = slow_build ? 149 : 61;
  for (Suite suite : {Suite::aes256, Suite::chacha20}) {
    const Keyed keyed(suite, *numbers_);
    for (const Shape& shape : shapes()) {
      const std::size_t count = shape.size > 1000 ? max_structs / 8 : max_structs;
      const Bytes plain = structs_of(shape, count + max_start, 21);
      const oracle::Result locked = oracle::block(keyed.oracle, true, shape.block(), 0, plain);
      ASSERT_TRUE(locked.ok) << shape.name;
      for (std::size_t start = 0; start <= max_start; ++start) {
        for (std::size_t n = 7 * start % step; n <= count; n += n < 9 ? 1 : step) {
          const std::size_t at = start * shape.size;
          check(keyed.streams, shape, start, &plain[at], &locked.bytes[at], n, (start + n) % 32);
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

// Both streams past 2^32 blocks, and draws of field f from f * 2^60 on.
TEST_P(BlockLayout, CountersCarry) {
  for (Suite suite : {Suite::aes256, Suite::chacha20}) {
    const Keyed keyed(suite, *numbers_);
    for (const Shape& shape : {shapes()[0], shapes()[5], shapes().back()}) {
      const Bytes plain = structs_of(shape, 300, 22);
      for (unsigned bits : {8U, 30U, 35U, 37U, 45U}) {
        const std::uint64_t first = (std::uint64_t{1} << bits) - 130;
        const oracle::Result locked = oracle::block(keyed.oracle, true, shape.block(), first * shape.size, plain);
        check(keyed.streams, shape, first, plain.data(), locked.bytes.data(), 300, 3);
        if (HasFatalFailure()) return;
      }
    }
  }
}

// A struct alone is the slice of the whole.
TEST_P(BlockLayout, SingleStructs) {
  const Keyed keyed(Suite::aes256, *numbers_);
  const Shape shape = shapes()[5];
  const Bytes plain = structs_of(shape, 300, 23);
  const Bytes locked = apply(lock_block, keyed.streams, shape.block(), 0, plain).bytes;
  for (std::size_t s = 0; s < 300; ++s) {
    check(keyed.streams, shape, s, &plain[s * shape.size], &locked[s * shape.size], 1, s % 32);
    if (HasFatalFailure()) return;
  }
}

TEST_P(BlockLayout, RefusedAnywhere) {
  const Keyed keyed(Suite::aes256, *numbers_);
  for (const Shape& shape : shapes()) {
    const std::size_t count = shape.size > 1000 ? 20 : 270;
    const Bytes plain = structs_of(shape, count, 24);
    ASSERT_TRUE(holds(*numbers_, shape.block(), plain.data(), plain.size()));
    for (const Field& field : shape.fields) {
      for (std::size_t s = 0; s < count; s += 1 + count / 40) {
        Bytes bytes = plain;
        const std::uint64_t infinity = std::uint64_t{exponent_ones(field.finite.dtype)} << mantissa_bits(field.finite.dtype);
        oracle::put(&bytes[s * shape.size + field.offset], static_cast<unsigned>(width_of(field.finite.dtype)), infinity);
        ASSERT_FALSE(apply(lock_block, keyed.streams, shape.block(), 0, bytes).ok) << shape.name << ", struct " << s;
        ASSERT_FALSE(apply(unlock_block, keyed.streams, shape.block(), 0, bytes).ok) << shape.name << ", struct " << s;
        ASSERT_FALSE(holds(*numbers_, shape.block(), bytes.data(), bytes.size())) << shape.name << ", struct " << s;
      }
    }
  }
}

// Beyond what a record may hold: refused, not written past a buffer.
TEST_P(BlockLayout, FieldsBeyondTheRules) {
  const Keyed keyed(Suite::aes256, *numbers_);
  Bytes bytes(200, 0);
  const Field wide[] = {{0, {Float::f64, 1, 9, true, false}}};
  std::vector<Field> many(17, Field{0, {Float::f16, 1, 9, true, false}});
  for (std::size_t f = 0; f < many.size(); ++f) many[f].offset = static_cast<std::uint16_t>(2 * f);
  for (const Block& block : {Block{100, wide}, Block{100, many}}) {
    EXPECT_FALSE(lock_block(keyed.streams, block, 0, bytes.data(), bytes.data(), bytes.size()));
    EXPECT_FALSE(unlock_block(keyed.streams, block, 0, bytes.data(), bytes.data(), bytes.size()));
    EXPECT_FALSE(holds(*numbers_, block, bytes.data(), bytes.size()));
  }
  EXPECT_EQ(bytes, Bytes(200, 0));
}

TEST_P(BlockLayout, ScansEachFieldAlone) {
  for (const Shape& shape : shapes()) {
    const Bytes bytes = structs_of(shape, 530, 25);
    std::vector<FloatStats> stats(max_fields), expected(max_fields);
    for (std::size_t f = 0; f < shape.fields.size(); ++f) {
      stats[f].negative = expected[f].negative = f % 2 == 1;  // merged, not replaced
      for (std::size_t s = 0; s < 530; ++s)
        compiled_numbers().back()->scan_floats(shape.fields[f].finite.dtype, &bytes[s * shape.size + shape.fields[f].offset], 1, expected[f]);
    }
    scan_block(*numbers_, shape.block(), bytes.data(), bytes.size(), stats);
    for (std::size_t f = 0; f < max_fields; ++f) {
      EXPECT_EQ(stats[f].least_exponent, expected[f].least_exponent) << shape.name << ", field " << f;
      EXPECT_EQ(stats[f].greatest_exponent, expected[f].greatest_exponent) << shape.name << ", field " << f;
      EXPECT_EQ(stats[f].zero, expected[f].zero) << shape.name << ", field " << f;
      EXPECT_EQ(stats[f].negative, expected[f].negative) << shape.name << ", field " << f;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, BlockLayout, testing::ValuesIn(number_subjects), label);

}  // namespace
}  // namespace nnlock::kernels
