// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// For tests: spec/lock-v1.md section 5 as it is written, element by element, sharing no code with the kernels.
#pragma once

#include <algorithm>
#include <optional>

#include "kernels/kernels_oracle.hpp"
#include "kernels/numbers.hpp"

namespace nnlock::kernels::oracle {

__extension__ using Wide = unsigned __int128;

struct Dtype {
  unsigned bytes, mantissa, exponent_bits;
};
inline Dtype describe(Float dtype) {
  switch (dtype) {
    case Float::f16: return {2, 10, 5};
    case Float::bf16: return {2, 7, 8};
    case Float::f32: return {4, 23, 8};
    case Float::f64: return {8, 52, 11};
  }
  throw std::runtime_error("no such dtype");
}

inline std::uint64_t get(const std::uint8_t* p, unsigned bytes) {
  std::uint64_t x = 0;
  for (unsigned i = 0; i < bytes; ++i) x |= std::uint64_t{p[i]} << (8 * i);
  return x;
}
inline void put(std::uint8_t* p, unsigned bytes, std::uint64_t x) {
  for (unsigned i = 0; i < bytes; ++i) p[i] = static_cast<std::uint8_t>(x >> (8 * i));
}

// Section 5: XOR and S of the free bits.
inline std::uint64_t scramble(bool lock, std::uint64_t free, std::uint64_t k, std::uint64_t x) {
  static const std::array<std::uint8_t, 256> inverse = inverse_sbox();
  std::uint64_t y = lock ? x ^ (k & free) : x;
  for (unsigned b = 0; b < 64; b += 8) {
    if (((free >> b) & 0xff) != 0xff) continue;
    const std::uint64_t old = (y >> b) & 0xff;
    const std::uint64_t fresh = lock ? sbox[old] : inverse[old];
    y ^= (old ^ fresh) << b;
  }
  return lock ? y : y ^ (k & free);
}

// Section 5.1: the exponents of the ring in the order of their positions.
inline std::vector<std::uint64_t> ring(const Finite& finite) {
  std::vector<std::uint64_t> exponents;
  if (finite.zero) exponents.push_back(0);
  for (unsigned e = finite.lo; e <= finite.hi; ++e) {
    if (e != 0) exponents.push_back(e);
  }
  return exponents;
}

// The draw of element i, u being the word that serves it.
inline std::uint64_t draw(std::uint64_t u, std::uint64_t n, std::uint64_t times) {
  Wide product = 0;
  for (std::uint64_t t = 0; t < times; ++t) {
    product = static_cast<Wide>(u) * n;
    u = static_cast<std::uint64_t>(product);
  }
  return static_cast<std::uint64_t>(product >> 64);
}

// `exponents` is ring(finite), k the element's key stream, u the word that serves it as the nth, from 0 on. Nothing: the
// element is refused.
inline std::optional<std::uint64_t> finite_element(bool lock, const Finite& finite, const std::vector<std::uint64_t>& exponents,
                                                   std::uint64_t k, std::uint64_t u, std::uint64_t nth, std::uint64_t x) {
  const Dtype d = describe(finite.dtype);
  const std::uint64_t exponent_mask = ((std::uint64_t{1} << d.exponent_bits) - 1) << d.mantissa;
  const std::uint64_t sign = std::uint64_t{1} << (8 * d.bytes - 1);
  std::uint64_t free = (std::uint64_t{1} << d.mantissa) - 1;
  if (!finite.keeps_sign) free |= sign;
  if (finite.keeps_sign && (x & sign) != 0) return std::nullopt;

  const auto at = std::find(exponents.begin(), exponents.end(), (x & exponent_mask) >> d.mantissa);
  if (at == exponents.end()) return std::nullopt;
  const std::uint64_t n = exponents.size();
  const std::uint64_t position = static_cast<std::uint64_t>(at - exponents.begin());
  const std::uint64_t r = draw(u, n, nth + 1);
  const std::uint64_t moved = lock ? (position + r) % n : (position + n - r) % n;
  return (scramble(lock, free, k, x) & ~exponent_mask) | (exponents[moved] << d.mantissa);
}

// Whether the element is on the ring.
inline bool allowed(const Finite& finite, std::uint64_t x) { return finite_element(true, finite, ring(finite), 0, 0, 0, x).has_value(); }

inline std::optional<std::uint64_t> range_element(bool lock, const Range& range, std::uint64_t k, std::uint64_t x) {
  const unsigned bits = 8U * range.width;
  const Wide value_limit = static_cast<Wide>(1) << range.bits;
  const bool below_zero = range.negative && ((x >> (bits - 1)) & 1) != 0;
  const Wide magnitude = below_zero ? (static_cast<Wide>(1) << bits) - x : x;
  if (below_zero ? magnitude > value_limit : magnitude >= value_limit) return std::nullopt;

  const unsigned free_count = range.bits + (range.negative ? 1U : 0U);
  const std::uint64_t free = static_cast<std::uint64_t>((static_cast<Wide>(1) << free_count) - 1);
  std::uint64_t y = scramble(lock, free, k, x) & free;
  if (range.negative && ((y >> range.bits) & 1) != 0) y |= ~free;
  return bits == 64 ? y : y & ((std::uint64_t{1} << bits) - 1);
}

// What the layout makes of a parameter's bytes. Elements that are refused stay as they are and are not ok.
struct Result {
  Bytes bytes;
  bool ok = true;

  void set(std::size_t at, unsigned width, std::optional<std::uint64_t> x) {
    ok = ok && x.has_value();
    if (x) put(bytes.data() + at, width, *x);
  }
};

struct Keys {
  Suite suite;
  Key enc, aux;
};

// `in` stands at byte `offset` of the parameter.
inline Result finite(const Keys& keys, bool lock, const Finite& finite, std::uint64_t offset, const Bytes& in) {
  const unsigned width = describe(finite.dtype).bytes;
  const std::uint64_t first = offset / width, per_word = width == 8 ? 2 : 4;
  const std::size_t count = in.size() / width;
  const Bytes k = stream(keys.suite, keys.enc, offset, in.size());
  const Bytes a = stream(keys.suite, keys.aux, first / per_word * 8, (count / per_word + 2) * 8);
  const std::vector<std::uint64_t> exponents = ring(finite);
  Result result{in};
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t word = (first + i) / per_word - first / per_word;
    result.set(i * width, width,
               finite_element(lock, finite, exponents, get(&k[i * width], width), get(&a[word * 8], 8),
                              (first + i) % per_word, get(&in[i * width], width)));
  }
  return result;
}

inline Result range(const Keys& keys, bool lock, const Range& range, std::uint64_t offset, const Bytes& in) {
  const Bytes k = stream(keys.suite, keys.enc, offset, in.size());
  Result result{in};
  for (std::size_t i = 0; i < in.size(); i += range.width) {
    result.set(i, range.width, range_element(lock, range, get(&k[i], range.width), get(&in[i], range.width)));
  }
  return result;
}

inline Result block(const Keys& keys, bool lock, const Block& block, std::uint64_t offset, const Bytes& in) {
  const Bytes k = stream(keys.suite, keys.enc, offset, in.size());
  Result result{lock ? oracle::lock(in, k.data()) : oracle::unlock(in, k.data())};
  const std::uint64_t first = offset / block.size;
  const std::size_t count = in.size() / block.size;
  for (std::size_t f = 0; f < block.fields.size(); ++f) {
    const Finite& finite = block.fields[f].finite;
    const unsigned width = describe(finite.dtype).bytes;
    const std::vector<std::uint64_t> exponents = ring(finite);
    const Bytes a = stream(keys.suite, keys.aux, (std::uint64_t{f} << 60) + first / 4 * 8, (count / 4 + 2) * 8);
    for (std::size_t s = 0; s < count; ++s) {
      const std::size_t at = s * block.size + block.fields[f].offset;
      const std::uint64_t word = (first + s) / 4 - first / 4;
      result.set(at, width,
                 finite_element(lock, finite, exponents, get(&k[at], width), get(&a[word * 8], 8), (first + s) % 4,
                                get(&in[at], width)));
    }
  }
  return result;
}

}  // namespace nnlock::kernels::oracle
