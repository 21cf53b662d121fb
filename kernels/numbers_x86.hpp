// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Layouts of numbers over vectors of any width: the body of the x86 number kernels.
//
// Exponents are handled in 16-bit lanes, where they stay in place: the *head* of an element, its highest 16 bits, has sign,
// exponent and a rest of the mantissa for every dtype, and the ring is counted in units of 2^rest. Wider elements are taken
// two vectors at a time, and the heads of the second fill the lanes that the first leaves free.
//
// Lanes of 128 bits are never crossed but where words of draws are loaded. An Ops has
//   Vec, name, in_lanes                 lanes of 128 bits in a Vec
//   load, store                         any alignment
//   load_words                          lane l gets words l and l + in_lanes
//   all16, all32, all64                 one value in every element
//   bits_and, bits_or, bits_xor         of all bits; mix(x, k, free) = x ^ (k & free)
//   add16, sub16, drop16, min16, max16  unsigned; drop16 is max(x - y, 0)
//   at_most(x, y)                       no 16-bit element of x is greater than that of y
//   add_unless_zero16(x, y)             x + y where x is not 0, else 0
//   add64, multiply(x, y)               the low half of each 64-bit element times that of y
//   upper(x)                            the upper half of each 64-bit element, as the lower half; what is above it is open
//   carry(x)                            the same with zeros above it
//   odd(x, y)                           per lane, 32-bit elements 3 and 1 of x, then of y
//   by_word(x)                          per lane, the lower halves of 32-bit elements 1, 3, 0 and 2, each twice
//   high16(x, y), low16(x, y)           the halves of the products of 16-bit elements
//   add32, min32, left32<n>             of 32-bit elements, unsigned
//   heads<4>(x, y)                      per lane, the upper halves of the elements of x, then of y
//   heads<8>(x, y)                      the upper half of each element of x, and in the lower half that of y
//   finish<op, width, count>(x, heads, exponent, old, moved)
//                                       x is one Vec or two: S or S^-1 of the lowest `count` bytes of each element, and
//                                       the moved exponents in the places (`exponent`) of the old ones
//   Whole, whole_bytes<width>(count), chosen_bytes<op>(x, whole)
//                                       S or S^-1 of the lowest `count` bytes of each element
//   sub<width>, signs<width>            elements of that width; signs: all bits of an element become its highest bit
//
// Constant time: no branch and no address depends on an element, a key stream or a draw.
#pragma once

#include <immintrin.h>

#include "kernels/numbers_loop.hpp"

namespace nnlock::kernels {

template <class Ops>
struct NumbersX86 {
  using Vec = typename Ops::Vec;
  static constexpr const char* name = Ops::name;

  // Mantissa bits in the head, and the exponent's place there.
  static constexpr unsigned rest(Float dtype) { return mantissa_bits(dtype) - 8 * (static_cast<unsigned>(width_of(dtype)) - 2); }
  static constexpr std::uint16_t exponent(Float dtype) { return static_cast<std::uint16_t>(exponent_ones(dtype) << rest(dtype)); }
  // A 16-bit value in each head, 0 elsewhere.
  template <std::size_t width>
  [[gnu::always_inline]] static inline Vec in_heads(std::uint16_t x) {
    if constexpr (width == 2) return Ops::all16(x);
    if constexpr (width == 4) return Ops::all32(std::uint32_t{x} << 16);
    if constexpr (width == 8) return Ops::all64(std::uint64_t{x} << 48);
  }

  // spec/lock-v1.md section 5.1: floor(u * n / 2^64), in the upper half of the 64-bit element that held u, of which u has become
  // the rest. u is held in halves of 32 bits.
  [[gnu::always_inline]] static inline Vec draw(Vec& low, Vec& high, Vec n) {
    low = Ops::multiply(low, n);
    high = Ops::add64(Ops::multiply(high, n), Ops::carry(low));
    return high;
  }

  // Positions on a ring: exponents less `base_`, counted from 0, in units. Without zero the ring is counted from 1/unit, so
  // that position 0 means "exponent 0" and nothing else.
  template <Float dtype, Op op>
  class Ring {
    static constexpr unsigned unit = 1U << rest(dtype);
    static constexpr std::uint16_t u16(unsigned x) { return static_cast<std::uint16_t>(x); }

   public:
    [[gnu::always_inline]] explicit Ring(const Finite& finite)
        : exponent_(everywhere(u16(exponent(dtype) | (finite.keeps_sign ? 0x8000U : 0U)))),
          n_(Ops::all16(u16(finite.ring() * unit))),
          base_(Ops::all16(u16(finite.lo * unit - (finite.zero ? unit : 1U)))),
          past_(width_of(dtype) == 8 ? Ops::all32((finite.zero ? 0x10000U : 0U) | 1U) : Ops::all16(finite.zero ? 1 : 0)),
          draws_(Ops::all64(dtype == Float::f64 ? finite.ring() : finite.ring() * finite.ring())),
          reciprocal_(Ops::all16(u16(finite.ring() == 1 ? 0xffffU : 0x10000U / finite.ring()))),
          quotient_(Ops::all32(unit | (0U - finite.ring() * unit) << 16)),
          correction_(Ops::all32(unit - (finite.ring() * unit << 16))),
          least_allowed_(u16(finite.lo * unit - (finite.zero ? 1U : 0U))),
          greatest_allowed_(u16(finite.hi * unit)) {}

    [[gnu::always_inline]] Vec exponents(Vec heads) const { return Ops::bits_and(heads, exponent_); }

    // The exponents that `op` makes of those.
    [[gnu::always_inline]] Vec move(Vec e, Vec draws) {
      greatest_ = Ops::max16(greatest_, e);
      least_ = Ops::min16(least_, Ops::sub16(e, past_));  // with zero on the ring, 0 becomes the greatest value
      const Vec position = Ops::drop16(e, base_);
      Vec moved;
      if constexpr (op == Op::lock) {
        moved = Ops::add16(position, draws);
        moved = Ops::min16(moved, Ops::sub16(moved, n_));
      } else {
        moved = Ops::sub16(position, draws);
        moved = Ops::min16(moved, Ops::add16(moved, n_));
      }
      return Ops::add_unless_zero16(moved, base_);
    }

    // The draws of the elements of a block, by which move() goes.
    [[gnu::always_inline]] Vec draws(const std::uint8_t* a) const {
      Vec low = width_of(dtype) == 2 ? Ops::load(a) : Ops::load_words(a);
      Vec high = Ops::upper(low);
      const Vec first = draw(low, high, draws_);
      const Vec second = draw(low, high, draws_);
      if constexpr (dtype == Float::f64) {
        return Ops::template left32<16 + rest(dtype)>(Ops::odd(first, second));
      } else {
        return digits(Ops::by_word(Ops::odd(first, second)));
      }
    }

    [[gnu::always_inline]] bool left() const {
      const bool low = Ops::at_most(Ops::all16(least_allowed_), least_);
      const bool high = Ops::at_most(greatest_, Ops::all16(greatest_allowed_));
      return !low || !high;
    }

   private:
    // In all heads of a block: those of f64 take every second lane only.
    [[gnu::always_inline]] static inline Vec everywhere(std::uint16_t x) {
      return dtype == Float::f64 ? Ops::all32(std::uint32_t{x} << 16) : Ops::all16(x);
    }

    // Two digits are drawn at once, as one in base n^2 < 2^16: x = first * n + second, in both lanes of a pair. With the reciprocal
    // rounded down the quotient is right or one too small; then the rest, in the upper lane, is n or more, and the
    // correction does not wrap.
    [[gnu::always_inline]] Vec digits(Vec x) const {
      const Vec quotient = Ops::high16(x, reciprocal_);
      const Vec both = Ops::add16(Ops::low16(quotient, quotient_), Ops::low16(x, Ops::all32(unit << 16)));
      return Ops::min32(both, Ops::add32(both, correction_));
    }

    Vec exponent_, n_, base_, past_, draws_, reciprocal_, quotient_, correction_;
    std::uint16_t least_allowed_, greatest_allowed_;
    Vec least_ = Ops::all16(0xffff), greatest_ = Ops::all16(0);
  };

  template <Float dtype, Op op>
  class FiniteWork {
    static constexpr std::size_t width = width_of(dtype), vectors = width == 2 ? 1 : 2;
    static constexpr std::size_t whole = mantissa_bits(dtype) / 8;

   public:
    static constexpr std::size_t elements = vectors * sizeof(Vec) / width;
    static constexpr std::size_t aux = elements / draws_of(dtype) * 8;
    static_assert(aux == sizeof(Vec));

    [[gnu::always_inline]] explicit FiniteWork(const Finite& finite)
        : ring_(finite),
          exponent_(in_heads<width>(exponent(dtype))),
          free_(Ops::bits_xor(in_heads<width>(static_cast<std::uint16_t>(exponent(dtype) | (finite.keeps_sign ? 0x8000U : 0U))),
                              Ops::all16(0xffff))) {}

    [[gnu::always_inline]] void block(const std::uint8_t* k, const std::uint8_t* a, const std::uint8_t* in, std::uint8_t* out) {
      Vec x[vectors];
      for (std::size_t i = 0; i < vectors; ++i) x[i] = Ops::load(in + i * sizeof(Vec));
      if constexpr (op == Op::lock) mix(x, k);
      const Vec heads = heads_of(x);
      const Vec old = ring_.exponents(heads);
      const Vec moved = ring_.move(old, ring_.draws(a));
      Ops::template finish<op, width, whole>(x, heads, exponent_, old, moved);
      if constexpr (op == Op::unlock) mix(x, k);
      for (std::size_t i = 0; i < vectors; ++i) Ops::store(out + i * sizeof(Vec), x[i]);
    }
    [[gnu::always_inline]] bool ok() const { return !ring_.left(); }

   private:
    [[gnu::always_inline]] static inline Vec heads_of(const Vec (&x)[vectors]) {
      if constexpr (vectors == 1) return x[0];
      if constexpr (vectors == 2) return Ops::template heads<width>(x[0], x[1]);
    }
    [[gnu::always_inline]] void mix(Vec (&x)[vectors], const std::uint8_t* k) const {
      for (std::size_t i = 0; i < vectors; ++i) x[i] = Ops::mix(x[i], Ops::load(k + i * sizeof(Vec)), free_);
    }

    Ring<dtype, op> ring_;
    Vec exponent_, free_;
  };

  template <std::size_t width>
  [[gnu::always_inline]] static inline Vec everywhere(std::uint64_t x) {
    if constexpr (width == 2) return Ops::all16(static_cast<std::uint16_t>(x));
    if constexpr (width == 4) return Ops::all32(static_cast<std::uint32_t>(x));
    if constexpr (width == 8) return Ops::all64(x);
  }
  // The lowest n bits, n <= 64.
  static constexpr std::uint64_t low_bits(unsigned n) { return n >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << n) - 1; }

  template <std::size_t width, Op op>
  class RangeWork {
   public:
    static constexpr std::size_t elements = sizeof(Vec) / width;

    [[gnu::always_inline]] explicit RangeWork(const Range& range)
        : free_(everywhere<width>(low_bits(free_bits(range)))),
          sign_(everywhere<width>(range.negative ? std::uint64_t{1} << range.bits : 0)),
          folded_(Ops::all16(range.negative ? 0xffff : 0)),
          values_(everywhere<width>(low_bits(range.bits))),
          whole_(Ops::template whole_bytes<width>(free_bits(range) / 8)) {}

    [[gnu::always_inline]] void block(const std::uint8_t* k, const std::uint8_t* in, std::uint8_t* out) {
      const Vec x = Ops::load(in);
      magnitudes_ = Ops::bits_or(magnitudes_, Ops::mix(x, Ops::template signs<width>(x), folded_));
      Vec y = op == Op::lock ? Ops::mix(x, Ops::load(k), free_) : x;
      y = Ops::template chosen_bytes<op>(y, whole_);
      if constexpr (op == Op::unlock) y = Ops::mix(y, Ops::load(k), free_);
      // The bits above the highest free one become copies of it, or 0 without a sign.
      y = Ops::template sub<width>(Ops::bits_xor(Ops::bits_and(y, free_), sign_), sign_);
      Ops::store(out, y);
    }
    [[gnu::always_inline]] bool ok() const {
      return Ops::at_most(Ops::bits_or(magnitudes_, values_), values_);
    }

   private:
    Vec free_, sign_, folded_, values_;
    typename Ops::Whole whole_;
    Vec magnitudes_ = Ops::all16(0);
  };

  template <Float dtype>
  class FloatScan {
    static constexpr std::size_t width = width_of(dtype);

   public:
    static constexpr std::size_t elements = sizeof(Vec) / width;

    [[gnu::always_inline]] void block(const std::uint8_t* in) {
      const Vec x = Ops::load(in);
      const Vec e = Ops::bits_and(x, exponent_);
      signs_ = Ops::bits_or(signs_, x);
      least_ = Ops::min16(least_, e);
      greatest_ = Ops::max16(greatest_, e);
      least_nonzero_ = Ops::min16(least_nonzero_, Ops::sub16(e, one_));  // 0 becomes the greatest value
    }
    [[gnu::always_inline]] void merge(FloatStats& stats) const {
      std::uint16_t least[lanes], nonzero[lanes], greatest[lanes], signs[lanes];
      Ops::store(bytes(least), least_);
      Ops::store(bytes(nonzero), least_nonzero_);
      Ops::store(bytes(greatest), greatest_);
      Ops::store(bytes(signs), signs_);
      for (std::size_t i = width / 2 - 1; i < lanes; i += width / 2) {
        const std::uint32_t most = greatest[i] >> rest(dtype);
        const std::uint32_t fewest = nonzero[i] == 0xffff ? ~0U : (nonzero[i] + 1U) >> rest(dtype);
        if (most > stats.greatest_exponent) stats.greatest_exponent = most;
        if (fewest < stats.least_exponent) stats.least_exponent = fewest;
        stats.zero = stats.zero || least[i] == 0;
        stats.negative = stats.negative || (signs[i] & 0x8000) != 0;
      }
      for (std::uint16_t* const seen : {least, nonzero, greatest, signs}) wipe(seen, sizeof least);
    }

   private:
    static constexpr std::size_t lanes = sizeof(Vec) / 2;
    static std::uint8_t* bytes(std::uint16_t* p) { return static_cast<std::uint8_t*>(static_cast<void*>(p)); }

    Vec exponent_ = in_heads<width>(exponent(dtype)), one_ = Ops::all16(1);
    Vec signs_ = Ops::all16(0), greatest_ = Ops::all16(0), least_ = Ops::all16(0xffff), least_nonzero_ = Ops::all16(0xffff);
  };

  template <std::size_t width>
  class IntegerScan {
   public:
    static constexpr std::size_t elements = sizeof(Vec) / width;

    [[gnu::always_inline]] void block(const std::uint8_t* in) {
      const Vec x = Ops::load(in);
      values_ = Ops::bits_or(values_, x);
      magnitudes_ = Ops::bits_or(magnitudes_, Ops::bits_xor(x, Ops::template signs<width>(x)));
    }
    [[gnu::always_inline]] void merge(IntegerStats& stats) const {
      std::uint8_t values[sizeof(Vec)], magnitudes[sizeof(Vec)];
      Ops::store(values, values_);
      Ops::store(magnitudes, magnitudes_);
      for (std::size_t i = 0; i < sizeof(Vec); ++i) {
        stats.values |= std::uint64_t{values[i]} << (8 * (i % width));
        stats.magnitudes |= std::uint64_t{magnitudes[i]} << (8 * (i % width));
        stats.negative = stats.negative || (i % width == width - 1 && values[i] >= 0x80);
      }
      wipe(values, sizeof values);
      wipe(magnitudes, sizeof magnitudes);
    }

   private:
    Vec values_ = Ops::all16(0), magnitudes_ = Ops::all16(0);
  };
};

}  // namespace nnlock::kernels
