// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The loop over elements, the ragged end and the choice of the dtype, once for all number kernels.
//
// As in transform.hpp everything is a template over a Body that lives in a namespace of its own file, and no inline
// library function is called.
//
// A Body has a name and four types. Each handles a block of `elements` elements at a time, reads all it needs of an
// element before it writes it, and is copied into the loop so that what it gathers stays in registers:
//   FiniteWork<dtype, op>(const Finite&)   block(k, a, in, out), ok(); `aux` is its bytes of a in a block
//   RangeWork<width, op>(const Range&)     block(k, in, out), ok()
//   FloatScan<dtype>()                     block(in), merge(stats)
//   IntegerScan<width>()                   block(in), merge(stats)
#pragma once

#include "kernels/numbers.hpp"
#include "kernels/transform.hpp"

namespace nnlock::kernels {

// Makes the n bytes at `to` copies of its first `width` bytes.
[[gnu::always_inline]] static inline void repeat(std::uint8_t* to, std::size_t width, std::size_t n) {
  for (std::size_t i = width; i < n; ++i) to[i] = to[i - width];
}

template <class Body>
struct Numbers {
  using In = const std::uint8_t*;
  using Out = std::uint8_t*;

  template <Op op>
  static bool finite(const Finite& finite, In k, In a, In in, Out out, std::size_t n) {
    trace();
    switch (finite.dtype) {
      case Float::f16: return run_finite<Float::f16, op>(finite, k, a, in, out, n);
      case Float::bf16: return run_finite<Float::bf16, op>(finite, k, a, in, out, n);
      case Float::f32: return run_finite<Float::f32, op>(finite, k, a, in, out, n);
      case Float::f64: return run_finite<Float::f64, op>(finite, k, a, in, out, n);
    }
    return false;
  }

  template <Op op>
  static bool range(const Range& range, In k, In in, Out out, std::size_t n) {
    trace();
    switch (range.width) {
      case 2: return run_range<2, op>(range, k, in, out, n);
      case 4: return run_range<4, op>(range, k, in, out, n);
      case 8: return run_range<8, op>(range, k, in, out, n);
    }
    return false;
  }

  static void scan_floats(Float dtype, In in, std::size_t n, FloatStats& stats) {
    trace();
    switch (dtype) {
      case Float::f16: return scan<typename Body::template FloatScan<Float::f16>, 2>(in, n, stats);
      case Float::bf16: return scan<typename Body::template FloatScan<Float::bf16>, 2>(in, n, stats);
      case Float::f32: return scan<typename Body::template FloatScan<Float::f32>, 4>(in, n, stats);
      case Float::f64: return scan<typename Body::template FloatScan<Float::f64>, 8>(in, n, stats);
    }
  }

  static void scan_integers(std::size_t width, In in, std::size_t n, IntegerStats& stats) {
    trace();
    switch (width) {
      case 2: return scan<typename Body::template IntegerScan<2>, 2>(in, n, stats);
      case 4: return scan<typename Body::template IntegerScan<4>, 4>(in, n, stats);
      case 8: return scan<typename Body::template IntegerScan<8>, 8>(in, n, stats);
    }
  }

 private:
  static void trace() {
#ifdef NNLOCK_KERNELS_TRACE
    trace_call(Body::name);
#endif
  }

  template <Float dtype, Op op>
  static bool run_finite(const Finite& finite, In k, In a, In in, Out out, std::size_t n) {
    using Work = typename Body::template FiniteWork<dtype, op>;
    constexpr std::size_t width = width_of(dtype);
    constexpr std::size_t block = Work::elements * width;
    Work work(finite);
    for (; n >= Work::elements; n -= Work::elements) {
      work.block(k, a, in, out);
      k += block;
      a += Work::aux;
      in += block;
      out += block;
    }
    if (n != 0) {  // by way of buffers that hold a whole block; what fills it up is a copy of a real element
      struct {
        alignas(64) std::uint8_t k[block] = {}, x[block], a[Work::aux] = {};
      } whole;
      std::memcpy(whole.k, k, n * width);
      std::memcpy(whole.a, a, (n + draws_of(dtype) - 1) / draws_of(dtype) * 8);
      std::memcpy(whole.x, in, n * width);
      repeat(whole.x + (n - 1) * width, width, block - (n - 1) * width);
      work.block(whole.k, whole.a, whole.x, whole.x);
      std::memcpy(out, whole.x, n * width);
      wipe(&whole, sizeof whole);
    }
    return work.ok();
  }

  template <std::size_t width, Op op>
  static bool run_range(const Range& range, In k, In in, Out out, std::size_t n) {
    using Work = typename Body::template RangeWork<width, op>;
    constexpr std::size_t block = Work::elements * width;
    Work work(range);
    for (; n >= Work::elements; n -= Work::elements) {
      work.block(k, in, out);
      k += block;
      in += block;
      out += block;
    }
    if (n != 0) {
      struct {
        alignas(64) std::uint8_t k[block] = {}, x[block] = {};  // 0 is in every range
      } whole;
      std::memcpy(whole.k, k, n * width);
      std::memcpy(whole.x, in, n * width);
      work.block(whole.k, whole.x, whole.x);
      std::memcpy(out, whole.x, n * width);
      wipe(&whole, sizeof whole);
    }
    return work.ok();
  }

  template <class Work, std::size_t width, class Stats>
  static void scan(In in, std::size_t n, Stats& stats) {
    constexpr std::size_t block = Work::elements * width;
    if (n == 0) return;
    Work work;
    for (; n >= Work::elements; n -= Work::elements) {
      work.block(in);
      in += block;
    }
    if (n != 0) {
      alignas(64) std::uint8_t whole[block];
      std::memcpy(whole, in, n * width);
      repeat(whole + (n - 1) * width, width, block - (n - 1) * width);
      work.block(whole);
      wipe(whole, block);
    }
    work.merge(stats);
  }
};

// The table of a Body.
template <class Body>
constexpr NumberKernel number_table(Features needs) {
  using N = Numbers<Body>;
  return {Body::name,
          needs,
          N::template finite<Op::lock>,
          N::template finite<Op::unlock>,
          N::template range<Op::lock>,
          N::template range<Op::unlock>,
          N::scan_floats,
          N::scan_integers};
}

}  // namespace nnlock::kernels
