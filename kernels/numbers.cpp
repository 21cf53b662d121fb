// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Key stream and draws for the number kernels, in buffers that stay in the first-level cache and are wiped.
#include "kernels/numbers.hpp"

#include <algorithm>
#include <cstring>

namespace nnlock::kernels {
namespace {

// Bytes of a parameter done at a time, from a multiple of itself on: whole groups of every kernel, for half of it too.
constexpr std::size_t piece = 2048;

// A buffer of secrets.
template <std::size_t n>
struct Secret {
  alignas(64) std::uint8_t bytes[n];

  Secret() = default;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { wipe(bytes, n); }
};

using FiniteFunction = decltype(NumberKernel::lock_finite);
using RangeFunction = decltype(NumberKernel::lock_range);
using BytesFunction = decltype(Kernel::lock);

// Copies an element on the ring to the `count` elements at p.
void fill(const Finite& finite, std::uint8_t* p, std::size_t count) {
  const std::size_t width = width_of(finite.dtype);
  const std::uint64_t x = std::uint64_t{finite.lo} << mantissa_bits(finite.dtype);
  for (std::size_t i = 0; i < count * width; ++i) p[i] = static_cast<std::uint8_t>(x >> (8 * (i % width)));
}

// Layout finite. Elements count from the start of the parameter.
class FiniteRun {
 public:
  FiniteRun(const Streams& streams, const Finite& finite, FiniteFunction function)
      : streams_(streams), finite_(finite), function_(function) {}

  bool run(std::uint64_t element, const std::uint8_t* in, std::uint8_t* out, std::size_t count) {
    bool ok = true;
    while (count != 0) {
      const std::size_t skip = static_cast<std::size_t>(element % draws_);
      const std::size_t left = skip != 0 ? draws_ - skip : piece / width_ - static_cast<std::size_t>(element % (piece / width_));
      const std::size_t n = std::min(count, left);
      const bool done = skip != 0 ? started_word(element, skip, in, out, n) : whole_words(element, in, out, n);
      ok = ok && done;
      element += n;
      in += n * width_;
      out += n * width_;
      count -= n;
    }
    return ok;
  }

 private:
  bool whole_words(std::uint64_t element, const std::uint8_t* in, std::uint8_t* out, std::size_t n) {
    const std::size_t words = (n + draws_ - 1) / draws_;
    streams_.kernel.stream(streams_.enc, element * width_, k_.bytes, n * width_);
    streams_.kernel.stream(streams_.aux, element / draws_ * 8, a_.bytes, words * 8);
    return function_(finite_, k_.bytes, a_.bytes, in, out, n);
  }

  // n elements from the middle of a word of draws on, by way of a buffer that starts with the word.
  bool started_word(std::uint64_t element, std::size_t skip, const std::uint8_t* in, std::uint8_t* out, std::size_t n) {
    Secret<16> x;
    fill(finite_, x.bytes, skip);
    std::memcpy(x.bytes + skip * width_, in, n * width_);
    const bool ok = whole_words(element - skip, x.bytes, x.bytes, skip + n);
    std::memcpy(out, x.bytes + skip * width_, n * width_);
    return ok;
  }

  const Streams& streams_;
  const Finite& finite_;
  const FiniteFunction function_;
  const std::size_t width_ = width_of(finite_.dtype), draws_ = draws_of(finite_.dtype);
  Secret<piece> k_, a_;
};

bool run_range(const Streams& streams, const Range& range, RangeFunction function, std::uint64_t offset,
               const std::uint8_t* in, std::uint8_t* out, std::size_t n) {
  Secret<piece> k;
  bool ok = true;
  for (std::size_t part; n != 0; n -= part) {
    part = std::min(n, piece - static_cast<std::size_t>(offset % piece));
    streams.kernel.stream(streams.enc, offset, k.bytes, part);
    const bool done = function(range, k.bytes, in, out, part / range.width);
    ok = ok && done;
    offset += part;
    in += part;
    out += part;
  }
  return ok;
}

constexpr std::size_t structs = 256;  // done at a time: their draws are 512 bytes, whole groups of every kernel

// One field of `structs` structs, gathered.
struct Gathered {
  Secret<structs * 4> x, k;
};

// Copies the field of `count` structs from `in` to the elements from `to` on, or back.
void gather(const Block& block, const Field& field, const std::uint8_t* in, std::uint8_t* to, std::size_t count) {
  const std::size_t width = width_of(field.finite.dtype);
  for (std::size_t s = 0; s < count; ++s) std::memcpy(to + s * width, in + s * block.size + field.offset, width);
}
void scatter(const Block& block, const Field& field, const std::uint8_t* from, std::uint8_t* out, std::size_t count) {
  const std::size_t width = width_of(field.finite.dtype);
  for (std::size_t s = 0; s < count; ++s) std::memcpy(out + s * block.size + field.offset, from + s * width, width);
}

bool supported(const Block& block) {
  if (block.fields.size() > max_fields) return false;
  return std::none_of(block.fields.begin(), block.fields.end(), [](const Field& f) { return f.finite.dtype == Float::f64; });
}

// Layout block. Structs count from the start of the parameter.
class BlockRun {
 public:
  BlockRun(const Streams& streams, const Block& block, BytesFunction bytes, FiniteFunction finite)
      : streams_(streams), block_(block), bytes_(bytes), finite_(finite) {}

  bool run(std::uint64_t first, const std::uint8_t* in, std::uint8_t* out, std::size_t count) {
    bool ok = true;
    for (std::size_t n; count != 0; count -= n) {
      n = std::min(count, structs - static_cast<std::size_t>(first % structs));
      const bool done = part(first, in, out, n);
      ok = ok && done;
      first += n;
      in += n * block_.size;
      out += n * block_.size;
    }
    return ok;
  }

 private:
  // The fields are taken before `out` is written, which may be `in`. A word of draws serves four structs: what stands before
  // the first struct in its word is filled up.
  bool part(std::uint64_t first, const std::uint8_t* in, std::uint8_t* out, std::size_t n) {
    const std::size_t skip = static_cast<std::size_t>(first % 4);
    for (std::size_t f = 0; f < block_.fields.size(); ++f) {
      const Finite& finite = block_.fields[f].finite;
      fill(finite, gathered_[f].x.bytes, skip);
      gather(block_, block_.fields[f], in, gathered_[f].x.bytes + skip * width_of(finite.dtype), n);
    }
    gather_stream(first, skip, n);
    bytes_(streams_.enc, first * block_.size, in, out, n * block_.size);
    bool ok = true;
    for (std::size_t f = 0; f < block_.fields.size(); ++f) {
      const bool done = field(f, first / 4, skip + n);
      scatter(block_, block_.fields[f], gathered_[f].x.bytes + skip * width_of(block_.fields[f].finite.dtype), out, n);
      ok = ok && done;
    }
    return ok;
  }

  // spec/lock-v1.md section 5.3: the draws of field f stand from f * 2^60 on.
  bool field(std::size_t f, std::uint64_t word, std::size_t elements) {
    Gathered& g = gathered_[f];
    streams_.kernel.stream(streams_.aux, (std::uint64_t{f} << 60) + 8 * word, a_.bytes, (elements + 3) / 4 * 8);
    return finite_(block_.fields[f].finite, g.k.bytes, a_.bytes, g.x.bytes, g.x.bytes, elements);
  }

  // The key stream at the places of the fields, by a window that moves up over the structs.
  void gather_stream(std::uint64_t first, std::size_t skip, std::size_t n) {
    std::uint64_t start = 0;
    std::size_t size = 0;
    for (std::size_t s = 0; s < n; ++s) {
      for (std::size_t f = 0; f < block_.fields.size(); ++f) {
        const std::size_t width = width_of(block_.fields[f].finite.dtype);
        const std::uint64_t at = (first + s) * block_.size + block_.fields[f].offset;
        if (size == 0 || at + width > start + size) {
          start = at - at % 512;
          size = static_cast<std::size_t>(std::min<std::uint64_t>(window_size, 0 - start));  // the stream ends at 2^64
          if (size == 0) size = window_size;
          streams_.kernel.stream(streams_.enc, start, window_.bytes, size);
        }
        std::memcpy(gathered_[f].k.bytes + (skip + s) * width, window_.bytes + (at - start), width);
      }
    }
  }

  static constexpr std::size_t window_size = 1024;
  const Streams& streams_;
  const Block& block_;
  const BytesFunction bytes_;
  const FiniteFunction finite_;
  Secret<window_size> window_;
  Secret<structs * 2> a_;
  Gathered gathered_[max_fields];
};

}  // namespace

bool lock_finite(const Streams& s, const Finite& finite, std::uint64_t offset, const std::uint8_t* in, std::uint8_t* out, std::size_t n) {
  const std::size_t width = width_of(finite.dtype);
  return FiniteRun(s, finite, s.numbers.lock_finite).run(offset / width, in, out, n / width);
}

bool unlock_finite(const Streams& s, const Finite& finite, std::uint64_t offset, const std::uint8_t* in, std::uint8_t* out, std::size_t n) {
  const std::size_t width = width_of(finite.dtype);
  return FiniteRun(s, finite, s.numbers.unlock_finite).run(offset / width, in, out, n / width);
}

bool lock_range(const Streams& s, const Range& range, std::uint64_t offset, const std::uint8_t* in, std::uint8_t* out, std::size_t n) {
  return run_range(s, range, s.numbers.lock_range, offset, in, out, n);
}

bool unlock_range(const Streams& s, const Range& range, std::uint64_t offset, const std::uint8_t* in, std::uint8_t* out, std::size_t n) {
  return run_range(s, range, s.numbers.unlock_range, offset, in, out, n);
}

bool lock_block(const Streams& s, const Block& block, std::uint64_t offset, const std::uint8_t* in, std::uint8_t* out, std::size_t n) {
  if (!supported(block)) return false;
  return BlockRun(s, block, s.kernel.lock, s.numbers.lock_finite).run(offset / block.size, in, out, n / block.size);
}

bool unlock_block(const Streams& s, const Block& block, std::uint64_t offset, const std::uint8_t* in, std::uint8_t* out, std::size_t n) {
  if (!supported(block)) return false;
  return BlockRun(s, block, s.kernel.unlock, s.numbers.unlock_finite).run(offset / block.size, in, out, n / block.size);
}

bool holds(const NumberKernel& numbers, const Finite& finite, const std::uint8_t* in, std::size_t n) {
  FloatStats stats;
  numbers.scan_floats(finite.dtype, in, n / width_of(finite.dtype), stats);
  return stats.seen_within(finite);
}

bool holds(const NumberKernel& numbers, const Range& range, const std::uint8_t* in, std::size_t n) {
  IntegerStats stats;
  numbers.scan_integers(range.width, in, n / range.width, stats);
  const std::uint64_t values = range.negative ? stats.magnitudes : stats.values;
  return range.bits >= 64 || values >> range.bits == 0;
}

bool holds(const NumberKernel& numbers, const Block& block, const std::uint8_t* in, std::size_t n) {
  if (!supported(block)) return false;
  FloatStats stats[max_fields];
  scan_block(numbers, block, in, n, stats);
  bool ok = true;
  for (std::size_t f = 0; f < block.fields.size(); ++f) {
    const bool field_holds = stats[f].seen_within(block.fields[f].finite);
    ok = ok && field_holds;
  }
  return ok;
}

void scan_block(const NumberKernel& numbers, const Block& block, const std::uint8_t* in, std::size_t n, std::span<FloatStats> stats) {
  if (!supported(block)) return;
  Secret<structs * 4> x;
  for (std::size_t count = n / block.size, part; count != 0; count -= part, in += part * block.size) {
    part = std::min(count, structs);
    for (std::size_t f = 0; f < block.fields.size(); ++f) {
      gather(block, block.fields[f], in, x.bytes, part);
      numbers.scan_floats(block.fields[f].finite.dtype, x.bytes, part, stats[f]);
    }
  }
}

}  // namespace nnlock::kernels
