// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Layouts in which numbers stay numbers (spec/lock-v1.md section 5): floats whose exponent moves on a ring, integers that
// keep their range, structs of both. They need two key streams: K_enc's for bits, K_aux's for the draws of exponents.
//
// A NumberKernel does the arithmetic on elements, given stream bytes; the functions below it make those bytes with a
// Kernel, a few KiB at a time, so that every suite works with every number kernel. Bits, exponents and draws are secret:
// no branch and no address depends on them when locking and unlocking. A scan, which only the locker makes, branches on the extremes
// that it finds.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "kernels/kernel.hpp"

namespace nnlock::kernels {

// The numbers are those of the record (record-v1 section 3.4).
enum class Float : std::uint8_t { f16 = 1, bf16 = 2, f32 = 3, f64 = 4 };

// Always inlined: the instruction-set files use them, and no code compiled there may be picked up elsewhere.
[[gnu::always_inline]] constexpr std::size_t width_of(Float dtype) { return dtype == Float::f64 ? 8 : dtype == Float::f32 ? 4 : 2; }
[[gnu::always_inline]] constexpr unsigned mantissa_bits(Float dtype) {
  return dtype == Float::f16 ? 10 : dtype == Float::bf16 ? 7 : dtype == Float::f32 ? 23 : 52;
}
// The exponent field of NaN and infinity.
[[gnu::always_inline]] constexpr std::uint32_t exponent_ones(Float dtype) {
  return dtype == Float::f16 ? 31 : dtype == Float::f64 ? 2047 : 255;
}
// Elements served by one word of eight bytes of draws.
[[gnu::always_inline]] constexpr std::size_t draws_of(Float dtype) { return dtype == Float::f64 ? 2 : 4; }

// Attributes of layout `finite`. lo <= hi are exponent fields, 1 <= lo; or both 0 with `zero`: then 0 alone is on the ring.
struct Finite {
  Float dtype = Float::f32;
  std::uint16_t lo = 1, hi = 1;
  bool zero = false;       // exponent 0 is on the ring
  bool keeps_sign = false; // all sign bits are 0 and stay so

  [[gnu::always_inline]] constexpr std::uint32_t ring() const {
    return lo == 0 ? 1U : static_cast<std::uint32_t>(hi - lo) + 1U + (zero ? 1U : 0U);
  }
};

// Attributes of layout `range`: values in [-2^bits, 2^bits), or in [0, 2^bits) if not `negative`.
struct Range {
  std::uint8_t width = 4;  // bytes an element: 2, 4, 8
  std::uint8_t bits = 7;   // at most 8 * width, or 8 * width - 1 if `negative`
  bool negative = true;
};
[[gnu::always_inline]] constexpr unsigned free_bits(const Range& range) { return range.bits + (range.negative ? 1U : 0U); }

// One float of a struct of layout `block`.
struct Field {
  std::uint16_t offset = 0;  // bytes, in the struct
  Finite finite;
};

// Attributes of layout `block`: at most max_fields fields, none of them f64, sorted by offset, disjoint, inside the struct.
inline constexpr std::size_t max_fields = 16;
struct Block {
  std::uint16_t size = 1;  // bytes, of one struct
  std::span<const Field> fields;
};

// What the elements of a parameter are like, for choosing and for checking attributes.
struct FloatStats {
  std::uint32_t least_exponent = ~0U, greatest_exponent = 0;  // exponent fields other than 0; least > greatest: none seen
  bool zero = false;      // an exponent field 0 was seen
  bool negative = false;  // a sign bit was set
  bool seen_within(const Finite& finite) const {
    return (!zero || finite.zero) && (!negative || !finite.keeps_sign) &&
           (least_exponent > greatest_exponent || (least_exponent >= finite.lo && greatest_exponent <= finite.hi));
  }
};
struct IntegerStats {
  bool negative = false;         // a sign bit was set
  std::uint64_t magnitudes = 0;  // OR of x, or of ~x where the sign bit of x is set
  std::uint64_t values = 0;      // OR of x, for unsigned dtypes
};

// One implementation of the arithmetic. Widths, alignment and aliasing as in Kernel: any alignment, in place or disjoint.
//
// k: the stream bytes of these elements, elements * width. a: whole draw words for these elements, from the word of the
// first one on; the first element must be the first of its word (a multiple of 4 elements, of 2 for f64).
// The result is false if an element was off its ring or range; what is then in `out` is meaningless and secret.
struct NumberKernel {
  const char* name;  // technique, architecture, instruction set
  Features needs;
  bool (*lock_finite)(const Finite&, const std::uint8_t* k, const std::uint8_t* a, const std::uint8_t* in, std::uint8_t* out, std::size_t elements);
  bool (*unlock_finite)(const Finite&, const std::uint8_t* k, const std::uint8_t* a, const std::uint8_t* in, std::uint8_t* out, std::size_t elements);
  bool (*lock_range)(const Range&, const std::uint8_t* k, const std::uint8_t* in, std::uint8_t* out, std::size_t elements);
  bool (*unlock_range)(const Range&, const std::uint8_t* k, const std::uint8_t* in, std::uint8_t* out, std::size_t elements);
  // Merge what they see into `stats`.
  void (*scan_floats)(Float dtype, const std::uint8_t* in, std::size_t elements, FloatStats& stats);
  void (*scan_integers)(std::size_t width, const std::uint8_t* in, std::size_t elements, IntegerStats& stats);
};

// The two streams of one parameter. Both states were expanded by `kernel`.
struct Streams {
  const Kernel& kernel;
  const NumberKernel& numbers;
  const KeyState& enc;  // K_enc
  const KeyState& aux;  // K_aux; not read by `range`
};

// Transform n bytes that stand at byte `offset` of the parameter. offset and n are multiples of the element width (of the
// struct size for Block); otherwise any, so ranges may be done alone and on any thread. `out` is `in` or does not
// overlap it. False: an element was off its ring or range; the caller must wipe `out`. Also false, and nothing done, for a
// Block with more than max_fields fields or one of f64.
bool lock_finite(const Streams&, const Finite&, std::uint64_t offset, const std::uint8_t* in, std::uint8_t* out, std::size_t n);
bool unlock_finite(const Streams&, const Finite&, std::uint64_t offset, const std::uint8_t* in, std::uint8_t* out, std::size_t n);
bool lock_range(const Streams&, const Range&, std::uint64_t offset, const std::uint8_t* in, std::uint8_t* out, std::size_t n);
bool unlock_range(const Streams&, const Range&, std::uint64_t offset, const std::uint8_t* in, std::uint8_t* out, std::size_t n);
bool lock_block(const Streams&, const Block&, std::uint64_t offset, const std::uint8_t* in, std::uint8_t* out, std::size_t n);
bool unlock_block(const Streams&, const Block&, std::uint64_t offset, const std::uint8_t* in, std::uint8_t* out, std::size_t n);

// Whether n bytes of locked or plain elements keep the rules of their layout; n as above.
bool holds(const NumberKernel&, const Finite&, const std::uint8_t* in, std::size_t n);
bool holds(const NumberKernel&, const Range&, const std::uint8_t* in, std::size_t n);
bool holds(const NumberKernel&, const Block&, const std::uint8_t* in, std::size_t n);

// Merges what the fields of n bytes of structs are like into `stats`, one for each field; offset and dtype are all it needs to know
// of them. Of a Block that lock_block() refuses nothing is seen.
void scan_block(const NumberKernel&, const Block&, const std::uint8_t* in, std::size_t n, std::span<FloatStats> stats);

// Choice, as for Kernel. NNLOCK_KERNEL may hold several names with commas between: one of a kernel and one of a number kernel.
struct NumberChoice {
  const NumberKernel* kernel;  // never null
  Outcome outcome;
  constexpr bool ok() const { return outcome == Outcome::best || outcome == Outcome::forced; }
};
NumberChoice choose_numbers();
NumberChoice choose_numbers_for(Features features, std::string_view forced);
const NumberKernel* find_numbers(std::string_view name);
std::span<const NumberKernel* const> compiled_numbers();  // best first, the portable one last
bool runnable(const NumberKernel& kernel);

}  // namespace nnlock::kernels
