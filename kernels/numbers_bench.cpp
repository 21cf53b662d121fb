// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Bytes per second of layouts finite, range and block and of the scan, for pairs of a kernel and a number kernel. Part of
// kernels_bench: compare with `unlock/256KiB` of the same kernel in the same run.
#include <benchmark/benchmark.h>

#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "kernels/kernel.hpp"
#include "kernels/numbers.hpp"

namespace {

using namespace nnlock::kernels;

constexpr std::size_t cached = std::size_t{256} << 10;
constexpr std::size_t large = std::size_t{256} << 20;
constexpr std::uint8_t enc_key[32] = {1, 2, 3, 4, 5, 6, 7, 8};
constexpr std::uint8_t aux_key[32] = {8, 7, 6, 5, 4, 3, 2, 1};

// A quarter of the elements are 0, the others have the exponents 100 to 103 (of f16: 10 to 13).
std::vector<std::uint8_t> floats(Float dtype, std::size_t bytes) {
  std::vector<std::uint8_t> all(bytes, 0);
  const std::size_t width = width_of(dtype);
  const std::uint64_t lo = dtype == Float::f16 ? 10 : 100;
  for (std::size_t i = 0; i < bytes / width; ++i) {
    const std::uint64_t x = i % 4 == 3 ? 0 : (lo + i % 4) << mantissa_bits(dtype);
    for (std::size_t b = 0; b < width; ++b) all[i * width + b] = static_cast<std::uint8_t>(x >> (8 * b));
  }
  return all;
}

constexpr Finite finite_of(Float dtype) {
  if (dtype == Float::f16) return {dtype, 1, 20, true, false};
  return {dtype, 90, 130, true, false};
}

template <class Layout>
using Function = bool (*)(const Streams&, const Layout&, std::uint64_t, const std::uint8_t*, std::uint8_t*, std::size_t);

template <class Layout>
void in_cache(benchmark::State& state, const Kernel& kernel, const NumberKernel& numbers, Function<Layout> function,
              const Layout& layout, const std::vector<std::uint8_t>& start) {
  KeyState enc, aux;
  kernel.expand(enc_key, enc);
  kernel.expand(aux_key, aux);
  const Streams streams{kernel, numbers, enc, aux};
  std::vector<std::uint8_t> bytes = start;
  for (auto _ : state) {
    if (!function(streams, layout, 0, bytes.data(), bytes.data(), bytes.size())) return state.SkipWithError("off its ring");
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes.size()) * static_cast<std::int64_t>(state.iterations()));
}

template <class F>
void scan(benchmark::State& state, std::size_t bytes, F work) {
  const std::vector<std::uint8_t> all(bytes, 3);
  for (auto _ : state) benchmark::DoNotOptimize(work(all.data(), bytes));
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes) * static_cast<std::int64_t>(state.iterations()));
}

template <class Layout>
void add_both(const std::string& name, const Kernel& kernel, const NumberKernel& numbers, Function<Layout> lock,
              Function<Layout> unlock, const Layout& layout, const std::vector<std::uint8_t>& start) {
  const auto add = [&](const char* what, Function<Layout> function) {
    benchmark::RegisterBenchmark((name + what).c_str(), [&kernel, &numbers, function, layout, start](benchmark::State& state) {
      in_cache(state, kernel, numbers, function, layout, start);
    });
  };
  add("/lock/256KiB", lock);
  add("/unlock/256KiB", unlock);
}

// Two structs of GGUF: 32 weights of 4 bits and an f16 scale in 18 bytes; 256 weights of 6 bits and one in 210.
const Field field_18[] = {{0, finite_of(Float::f16)}};
const Field field_210[] = {{208, finite_of(Float::f16)}};

void add_pair(const Kernel& kernel, const NumberKernel& numbers) {
  const std::string pair = std::string(kernel.name) + "+" + numbers.name;
  const struct {
    Float dtype;
    const char* name;
  } dtypes[] = {{Float::f32, "f32"}, {Float::f16, "f16"}, {Float::bf16, "bf16"}, {Float::f64, "f64"}};
  for (const auto& d : dtypes) {
    add_both<Finite>(pair + "/finite_" + d.name, kernel, numbers, lock_finite, unlock_finite, finite_of(d.dtype),
                     floats(d.dtype, cached));
  }
  add_both<Range>(pair + "/range_i32", kernel, numbers, lock_range, unlock_range, {4, 20, true},
                  std::vector<std::uint8_t>(cached, 0));
  add_both<Range>(pair + "/range_i16", kernel, numbers, lock_range, unlock_range, {2, 11, true},
                  std::vector<std::uint8_t>(cached, 0));
  add_both<Block>(pair + "/block_18", kernel, numbers, lock_block, unlock_block, {18, field_18},
                  std::vector<std::uint8_t>(cached / 18 * 18, 0));
  add_both<Block>(pair + "/block_210", kernel, numbers, lock_block, unlock_block, {210, field_210},
                  std::vector<std::uint8_t>(cached / 210 * 210, 0));
}

void add_scans(const NumberKernel& numbers, bool best) {
  const auto floats_of = [&numbers](Float dtype) {
    return [&numbers, dtype](const std::uint8_t* p, std::size_t n) {
      FloatStats stats;
      numbers.scan_floats(dtype, p, n / width_of(dtype), stats);
      return stats;
    };
  };
  const auto integers = [&numbers](const std::uint8_t* p, std::size_t n) {
    IntegerStats stats;
    numbers.scan_integers(4, p, n / 4, stats);
    return stats;
  };
  const auto add = [&](const std::string& what, std::size_t bytes, auto work) {
    benchmark::RegisterBenchmark((numbers.name + what).c_str(), [bytes, work](benchmark::State& state) { scan(state, bytes, work); });
  };
  add("/scan_f32/256KiB", cached, floats_of(Float::f32));
  add("/scan_bf16/256KiB", cached, floats_of(Float::bf16));
  add("/scan_i32/256KiB", cached, integers);
  if (best) add("/scan_f32/256MiB", large, floats_of(Float::f32));
}

// What one thread can read at best.
void read_memory(benchmark::State& state) {
  scan(state, large, [](const std::uint8_t* p, std::size_t n) {
    std::uint64_t sum[8] = {};
    for (std::size_t i = 0; i < n; i += sizeof sum) {
      for (std::size_t j = 0; j < 8; ++j) {
        std::uint64_t x;
        std::memcpy(&x, p + i + 8 * j, 8);
        sum[j] ^= x;
      }
    }
    return sum[0] ^ sum[1] ^ sum[2] ^ sum[3] ^ sum[4] ^ sum[5] ^ sum[6] ^ sum[7];
  });
}

}  // namespace

// Every number kernel with the kernel of its own width, and with the best of the other suite.
void add_number_benchmarks() {
  const struct {
    const char *kernel, *numbers;
  } pairs[] = {{"aes_ctr_x86_vaes512", "numbers_x86_avx512"},
               {"aes_ctr_x86_vaes256", "numbers_x86_avx2"},
               {"aes_ctr_x86_aesni", "numbers_x86_avx2"},
               {"aes_ctr_portable", "numbers_portable"},
               {"chacha20_x86_avx2", "numbers_x86_avx512"}};
  for (const auto& pair : pairs) {
    const Kernel* kernel = find(Suite::aes256, pair.kernel);
    if (kernel == nullptr) kernel = find(Suite::chacha20, pair.kernel);
    const NumberKernel* numbers = find_numbers(pair.numbers);
    if (kernel != nullptr && numbers != nullptr && runnable(*kernel) && runnable(*numbers)) add_pair(*kernel, *numbers);
  }
  const NumberKernel* const best = choose_numbers_for(cpu_features(), "").kernel;
  for (const NumberKernel* numbers : compiled_numbers()) {
    if (runnable(*numbers)) add_scans(*numbers, numbers == best);
  }
  benchmark::RegisterBenchmark("read/256MiB", read_memory);
}
