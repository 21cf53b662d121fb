// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Bytes per second of every kernel, beside OpenSSL's cipher of the same suite on the same buffer in the same run, and
// beside a plain XOR for what memory allows. For figures worth quoting:
//
//     kernels_bench --benchmark_repetitions=21 --benchmark_enable_random_interleaving=true
//                   --benchmark_report_aggregates_only=true
//
// and compare medians. NNLOCK_KERNEL plays no part here: every kernel is named.
#include <benchmark/benchmark.h>
#include <openssl/evp.h>

#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "kernels/kernel.hpp"

void add_number_benchmarks();  // numbers_bench.cpp

namespace {

using namespace nnlock::kernels;
using Transform = decltype(Kernel::lock);

constexpr std::size_t cached = std::size_t{256} << 10;  // one chunk of the lock: fits the second-level cache
constexpr std::size_t large = std::size_t{1} << 30;
constexpr std::uint8_t key[32] = {1, 2, 3, 4, 5, 6, 7, 8};

void report(benchmark::State& state, std::size_t bytes) {
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes) * static_cast<std::int64_t>(state.iterations()));
}

void in_cache(benchmark::State& state, const Kernel& kernel, Transform transform) {
  KeyState expanded;
  kernel.expand(key, expanded);
  std::vector<std::uint8_t> bytes(cached, 3);
  for (auto _ : state) {
    transform(expanded, 0, bytes.data(), bytes.data(), bytes.size());
    benchmark::ClobberMemory();
  }
  report(state, cached);
}

void short_range(benchmark::State& state, const Kernel& kernel) {
  KeyState expanded;
  kernel.expand(key, expanded);
  std::vector<std::uint8_t> bytes(64, 3);
  for (auto _ : state) {
    kernel.unlock(expanded, 5, bytes.data(), bytes.data(), bytes.size());
    benchmark::ClobberMemory();
  }
  report(state, bytes.size());
}

void expand(benchmark::State& state, const Kernel& kernel) {
  KeyState expanded;
  for (auto _ : state) {
    kernel.expand(key, expanded);
    benchmark::ClobberMemory();
  }
}

// OpenSSL does less: key stream and XOR, no S-box.
void openssl(benchmark::State& state, const EVP_CIPHER* cipher) {
  const std::unique_ptr<EVP_CIPHER_CTX, void (*)(EVP_CIPHER_CTX*)> context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  const std::uint8_t iv[16] = {};
  std::vector<std::uint8_t> bytes(cached, 3);
  if (EVP_EncryptInit_ex(context.get(), cipher, nullptr, key, iv) != 1) return state.SkipWithError("OpenSSL");
  int written = 0;
  for (auto _ : state) {
    EVP_EncryptUpdate(context.get(), bytes.data(), &written, bytes.data(), static_cast<int>(bytes.size()));
    benchmark::ClobberMemory();
  }
  report(state, cached);
}

// 1 GiB in place, half to each of two threads.
template <class F>
void on_two_threads(benchmark::State& state, F work) {
  const std::unique_ptr<std::uint8_t[]> bytes(new std::uint8_t[large]);
  std::memset(bytes.get(), 3, large);  // pages in place before the clock starts
  for (auto _ : state) {
    std::thread second([&] { work(bytes.get() + large / 2, large / 2); });
    work(bytes.get(), large / 2);
    second.join();
  }
  report(state, large);
}

void large_kernel(benchmark::State& state, const Kernel& kernel) {
  KeyState expanded;
  kernel.expand(key, expanded);
  on_two_threads(state, [&](std::uint8_t* p, std::size_t n) { kernel.unlock(expanded, 0, p, p, n); });
}

void large_xor(benchmark::State& state) {
  on_two_threads(state, [](std::uint8_t* p, std::size_t n) {
    for (std::size_t i = 0; i < n; i += 8) {
      std::uint64_t x;
      std::memcpy(&x, p + i, 8);
      x ^= 0x9e3779b97f4a7c15;
      std::memcpy(p + i, &x, 8);
    }
  });
}

template <class... A>
benchmark::internal::Benchmark* add(const std::string& name, A... args) {
  return benchmark::RegisterBenchmark(name.c_str(), args...);
}

void add_kernel(const Kernel& kernel, bool best) {
  const std::string name = kernel.name;
  add(name + "/lock/256KiB", in_cache, std::cref(kernel), kernel.lock);
  add(name + "/unlock/256KiB", in_cache, std::cref(kernel), kernel.unlock);
  add(name + "/unlock/64B", short_range, std::cref(kernel));
  add(name + "/expand", expand, std::cref(kernel));
  if (best) {
    add(name + "/unlock/1GiB/2threads", large_kernel, std::cref(kernel))->Unit(benchmark::kMillisecond)->UseRealTime();
  }
}

}  // namespace

int main(int argc, char** argv) {
  for (Suite suite : {Suite::aes256, Suite::chacha20}) {
    const bool aes = suite == Suite::aes256;
    add(aes ? "openssl_aes_256_ctr/256KiB" : "openssl_chacha20/256KiB", openssl,
        aes ? EVP_aes_256_ctr() : EVP_chacha20());
    for (const Kernel* kernel : compiled(suite)) {
      if (runnable(*kernel)) {
        add_kernel(*kernel, kernel == pick_for(suite, cpu_features()));
      } else {
        std::printf("not run here: %s (lacks %s)\n", kernel->name,
                    feature_names(kernel->needs.without(cpu_features())).c_str());
      }
    }
  }
  add_number_benchmarks();
  add("xor/1GiB/2threads", large_xor)->Unit(benchmark::kMillisecond)->UseRealTime();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
