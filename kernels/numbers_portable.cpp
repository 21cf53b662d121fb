// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Layouts of numbers for any CPU: elements one after another, the S-box bitsliced for 128 bytes at a time.
//
// Constant time: arithmetic and masks, no branch and no address that depends on an element, a key stream or a draw.
#include "kernels/bitslice.hpp"
#include "kernels/numbers_loop.hpp"
#include "kernels/registry.hpp"

namespace nnlock::kernels {
namespace numbers_any {

using Word = std::uint64_t;

// Little-endian whatever the machine is: the bytes after the first `width` are zero, so a swap leaves the value.
template <std::size_t width>
[[gnu::always_inline]] inline Word load(const std::uint8_t* p) {
  Word x = 0;
  std::memcpy(&x, p, width);
  return std::endian::native == std::endian::little ? x : __builtin_bswap64(x);
}

template <std::size_t width>
[[gnu::always_inline]] inline void store(std::uint8_t* p, Word x) {
  if (std::endian::native != std::endian::little) x = __builtin_bswap64(x);
  std::memcpy(p, &x, width);
}

// All bits set if the condition holds, else none. a, b < 2^63.
[[gnu::always_inline]] inline Word less(Word a, Word b) { return Word{0} - ((a - b) >> 63); }
[[gnu::always_inline]] inline Word is_zero(Word a) { return less(a, 1); }
[[gnu::always_inline]] inline Word choose(Word mask, Word a, Word b) { return b ^ ((a ^ b) & mask); }

// The lowest n bits.
constexpr Word low_bits(unsigned n) { return n >= 64 ? ~Word{0} : (Word{1} << n) - 1; }

// S, or S^-1, of all 128 bytes.
template <Op op>
inline void substitute(const std::uint8_t* in, std::uint8_t* out) {
  bitslice::Planes x = bitslice::load(in);
  if constexpr (op == Op::lock) {
    bitslice::substitute(x);
  } else {
    bitslice::substitute_inverse(x);
  }
  bitslice::store(out, x);
}

// spec/lock-v1.md section 5: free bits meet the key stream, whole bytes the S-box too. Other bits pass.
template <std::size_t width, Op op>
class Scrambler {
 public:
  // `whole` has the bits of whole bytes, which are free.
  Scrambler(Word free, Word whole) : free_(free), whole_(whole) {}
  ~Scrambler() { wipe(buffer_, sizeof buffer_); }

  Word free() const { return free_; }
  void block(const std::uint8_t* k, const std::uint8_t* in, std::uint8_t* out) {
    for (std::size_t i = 0; i < bitslice::bytes; i += width) {
      const Word x = load<width>(in + i);
      store<width>(buffer_[0] + i, op == Op::lock ? x ^ (load<width>(k + i) & free_) : x);
    }
    substitute<op>(buffer_[0], buffer_[1]);
    for (std::size_t i = 0; i < bitslice::bytes; i += width) {
      const Word y = choose(whole_, load<width>(buffer_[1] + i), load<width>(buffer_[0] + i));
      store<width>(out + i, op == Op::lock ? y : y ^ (load<width>(k + i) & free_));
    }
  }

 private:
  Word free_, whole_;
  std::uint8_t buffer_[2][bitslice::bytes];
};

// The ring of section 5.1.
class Ring {
 public:
  explicit Ring(const Finite& finite) : lo_(finite.lo), hi_(finite.hi), zero_(finite.zero ? 1 : 0), n_(finite.ring()) {}

  Word size() const { return n_; }
  // The exponent that `op` makes of e.
  template <Op op>
  Word move(Word e, Word draw) {
    const Word at_zero = is_zero(e) & (0 - zero_);
    off_ |= ~at_zero & (less(e, lo_) | less(hi_, e));
    const Word position = ~is_zero(e) & (e - lo_ + zero_);
    Word moved = op == Op::lock ? position + draw : position + n_ - draw;
    moved -= n_ & ~less(moved, n_);
    return choose(is_zero(moved) & (0 - zero_), 0, moved + lo_ - zero_);
  }
  bool left() const { return off_ != 0; }

 private:
  Word lo_, hi_, zero_, n_;
  Word off_ = 0;
};

// floor(u * n / 2^64); u becomes u * n mod 2^64. n < 2^32. By halves, since no compiler promises 128 bits.
[[gnu::always_inline]] inline Word draw(Word& u, Word n) {
  const Word low = (u & 0xffffffff) * n;
  const Word high = (u >> 32) * n + (low >> 32);
  u = (high << 32) | (low & 0xffffffff);
  return high >> 32;
}

struct Body {
  static constexpr const char* name = "numbers_portable";

  template <Float dtype, Op op>
  class FiniteWork {
    static constexpr std::size_t width = width_of(dtype), per_word = draws_of(dtype);
    static constexpr unsigned mantissa = mantissa_bits(dtype);
    static constexpr Word sign = Word{1} << (8 * width - 1);

   public:
    static constexpr std::size_t elements = bitslice::bytes / width;
    static constexpr std::size_t aux = elements / per_word * 8;

    explicit FiniteWork(const Finite& finite)
        : ring_(finite),
          kept_sign_(finite.keeps_sign ? sign : 0),
          scrambler_(low_bits(mantissa) | (sign ^ kept_sign_), low_bits(mantissa / 8 * 8)) {}
    ~FiniteWork() { wipe(bits_, sizeof bits_); }

    void block(const std::uint8_t* k, const std::uint8_t* a, const std::uint8_t* in, std::uint8_t* out) {
      scrambler_.block(k, in, bits_);
      Word u = 0;
      for (std::size_t i = 0; i < elements; ++i) {
        if (i % per_word == 0) u = bitslice::load64(a + i / per_word * 8);
        const Word r = draw(u, ring_.size());
        const Word x = load<width>(in + i * width);
        kept_signs_ |= x & kept_sign_;
        const Word e = ring_.template move<op>((x & ~sign) >> mantissa, r) & exponent_ones(dtype);
        const Word y = load<width>(bits_ + i * width);
        store<width>(out + i * width, (y & (low_bits(mantissa) | sign)) | (e << mantissa));
      }
    }
    bool ok() const { return !ring_.left() && kept_signs_ == 0; }

   private:
    Ring ring_;
    Word kept_sign_, kept_signs_ = 0;
    Scrambler<width, op> scrambler_;
    std::uint8_t bits_[bitslice::bytes];
  };

  template <std::size_t width, Op op>
  class RangeWork {
   public:
    static constexpr std::size_t elements = bitslice::bytes / width;

    explicit RangeWork(const Range& range)
        : sign_(range.negative ? Word{1} << range.bits : 0),
          scrambler_(low_bits(free_bits(range)), low_bits(free_bits(range) / 8 * 8)) {}

    void block(const std::uint8_t* k, const std::uint8_t* in, std::uint8_t* out) {
      for (std::size_t i = 0; i < bitslice::bytes; i += width) {
        const Word x = load<width>(in + i);
        off_ |= (x ^ extend(x)) & low_bits(8 * width);
      }
      scrambler_.block(k, in, out);
      for (std::size_t i = 0; i < bitslice::bytes; i += width) store<width>(out + i, extend(load<width>(out + i)));
    }
    bool ok() const { return off_ == 0; }

   private:
    // x in the range keeps its value: bits above the highest free one become copies of it, or 0 without a sign.
    Word extend(Word x) const { return ((x & scrambler_.free()) ^ sign_) - sign_; }

    Word sign_, off_ = 0;
    Scrambler<width, op> scrambler_;
  };

  template <Float dtype>
  class FloatScan {
   public:
    static constexpr std::size_t elements = 1;

    void block(const std::uint8_t* in) {
      constexpr std::size_t width = width_of(dtype);
      const Word x = load<width>(in);
      const Word e = (x >> mantissa_bits(dtype)) & exponent_ones(dtype);
      const Word past = e | (is_zero(e) >> 1);  // 0 counts as greater than any
      negative_ |= x >> (8 * width - 1);
      zero_ |= is_zero(e);
      least_ = choose(less(past, least_), past, least_);
      greatest_ = choose(less(greatest_, e), e, greatest_);
    }
    void merge(FloatStats& stats) const {
      if (least_ < stats.least_exponent) stats.least_exponent = static_cast<std::uint32_t>(least_);
      if (greatest_ > stats.greatest_exponent) stats.greatest_exponent = static_cast<std::uint32_t>(greatest_);
      stats.zero = stats.zero || zero_ != 0;
      stats.negative = stats.negative || negative_ != 0;
    }

   private:
    Word least_ = 0xffffffff, greatest_ = 0, zero_ = 0, negative_ = 0;
  };

  template <std::size_t width>
  class IntegerScan {
   public:
    static constexpr std::size_t elements = 1;

    void block(const std::uint8_t* in) {
      const Word x = load<width>(in);
      const Word negative = 0 - (x >> (8 * width - 1));
      negatives_ |= negative;
      magnitudes_ |= x ^ (negative & low_bits(8 * width));
      values_ |= x;
    }
    void merge(IntegerStats& stats) const {
      stats.negative = stats.negative || negatives_ != 0;
      stats.magnitudes |= magnitudes_;
      stats.values |= values_;
    }

   private:
    Word negatives_ = 0, magnitudes_ = 0, values_ = 0;
  };
};

constexpr NumberKernel table = number_table<Body>(feature::none);

}  // namespace numbers_any

const NumberKernel* numbers_portable() { return &numbers_any::table; }

}  // namespace nnlock::kernels
