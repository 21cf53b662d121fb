// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// For tests of number kernels: which there are, keys, and elements that keep the rules of a layout.
#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "kernels/kernels_testing.hpp"
#include "kernels/numbers_oracle.hpp"
#include "kernels/registry.hpp"

namespace nnlock::kernels::testing_tools {

// A number kernel under test; `getter` gives null where it is not compiled in.
struct NumberSubject {
  const char* label;
  const NumberKernel* (*getter)();
};
inline const NumberSubject number_subjects[] = {
    {"numbers_portable", numbers_portable},
    {"numbers_x86_avx2", numbers_x86_avx2},
    {"numbers_x86_avx512", numbers_x86_avx512},
};
inline std::string label(const testing::TestParamInfo<NumberSubject>& info) { return info.param.label; }

inline const char* name_of(Float dtype) {
  switch (dtype) {
    case Float::f16: return "f16";
    case Float::bf16: return "bf16";
    case Float::f32: return "f32";
    case Float::f64: return "f64";
  }
  return "no dtype";
}
inline constexpr Float dtypes[] = {Float::f16, Float::bf16, Float::f32, Float::f64};

// One key pair, expanded by the best kernel of a suite, for one number kernel.
struct Keyed {
  Keyed(Suite suite, const NumberKernel& number_kernel, std::uint64_t seed = 1)
      : oracle{suite, some_key(2 * seed), some_key(2 * seed + 1)},
        kernel(*pick_for(suite, cpu_features())),
        streams{kernel, number_kernel, enc, aux} {
    kernel.expand(oracle.enc.data(), enc);
    kernel.expand(oracle.aux.data(), aux);
  }
  oracle::Keys oracle;
  const Kernel& kernel;
  KeyState enc, aux;
  Streams streams;
};

// `count` elements on the ring: every position of it, noise in the free bits.
inline Bytes finite_elements(const Finite& finite, std::size_t count, std::uint64_t seed) {
  const oracle::Dtype d = oracle::describe(finite.dtype);
  const std::vector<std::uint64_t> ring = oracle::ring(finite);
  const std::uint64_t sign = std::uint64_t{1} << (8 * d.bytes - 1), mantissa = (std::uint64_t{1} << d.mantissa) - 1;
  const Bytes bits = noise(16 * count, seed);
  Bytes out(count * d.bytes);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t x = oracle::get(&bits[16 * i], 8) & (finite.keeps_sign ? mantissa : mantissa | sign);
    oracle::put(&out[i * d.bytes], d.bytes, x | (ring[oracle::get(&bits[16 * i + 8], 8) % ring.size()] << d.mantissa));
  }
  return out;
}

// `count` elements of the range, its ends among them.
inline Bytes range_elements(const Range& range, std::size_t count, std::uint64_t seed) {
  const Bytes bits = noise(9 * count, seed);
  const std::uint64_t values = range.bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << range.bits) - 1;
  Bytes out(count * range.width);
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t x = oracle::get(&bits[9 * i], 8) & values;
    if (i % 5 == 0) x = i % 2 == 0 ? 0 : values;
    if (range.negative && bits[9 * i + 8] % 2 == 0) x = ~x;
    oracle::put(&out[i * range.width], range.width, x);
  }
  return out;
}

// Transforms the whole of `in` at `offset`, not in place.
template <class Layout>
oracle::Result apply(bool (*function)(const Streams&, const Layout&, std::uint64_t, const std::uint8_t*, std::uint8_t*, std::size_t),
                     const Streams& streams, const Layout& layout, std::uint64_t offset, const Bytes& in) {
  oracle::Result result{Bytes(in.size())};
  result.ok = function(streams, layout, offset, in.data(), result.bytes.data(), in.size());
  return result;
}

// The fixture: a number kernel that runs here.
class NumberKernels : public testing::TestWithParam<NumberSubject> {
 protected:
  void SetUp() override {
    numbers_ = GetParam().getter();
    if (numbers_ == nullptr) GTEST_SKIP() << GetParam().label << " is not compiled in on this architecture";
    if (!runnable(*numbers_)) {
      GTEST_SKIP() << GetParam().label << " cannot run here: this CPU lacks "
                   << feature_names(numbers_->needs.without(cpu_features()));
    }
  }
  const NumberKernel* numbers_ = nullptr;
};

}  // namespace nnlock::kernels::testing_tools

namespace nnlock::kernels {

inline void PrintTo(const Finite& f, std::ostream* out) {
  *out << testing_tools::name_of(f.dtype) << " lo " << f.lo << " hi " << f.hi << (f.zero ? " zero" : "") << (f.keeps_sign ? " keeps sign" : "");
}
inline void PrintTo(const Range& r, std::ostream* out) {
  *out << "width " << unsigned{r.width} << " bits " << unsigned{r.bits} << (r.negative ? " negative" : "");
}
template <class Layout>
std::string text(const Layout& layout) {
  return testing::PrintToString(layout);
}

}  // namespace nnlock::kernels
