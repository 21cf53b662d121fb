// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "nnlock/doctor.hpp"

#include <openssl/crypto.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <thread>

#include "kernels/kernel.hpp"
#include "kernels/numbers.hpp"
#include "keys/secret.hpp"

namespace nnlock {
namespace {

std::uint64_t limit_of(__rlimit_resource resource) {
  struct rlimit limit {};
  if (::getrlimit(resource, &limit) != 0) return 0;
  return limit.rlim_cur == RLIM_INFINITY ? std::numeric_limits<std::uint64_t>::max() : limit.rlim_cur;
}

const kernels::Kernel* find_kernel(const std::string& name) {
  const auto* kernel = kernels::find(kernels::Suite::aes256, name);
  return kernel != nullptr ? kernel : kernels::find(kernels::Suite::chacha20, name);
}

// Bytes per second of the best of several runs of `unlock`, in place over a buffer.
double best_speed(std::vector<std::uint8_t>& buffer, const auto& unlock) {
  constexpr int runs = 15;
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < runs; ++i) {
    const auto start = std::chrono::steady_clock::now();
    unlock(buffer.data(), buffer.size());
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return static_cast<double>(buffer.size()) / best;
}

constexpr std::uint8_t public_key[32] = {};  // only time is measured

double measure_bytes(const kernels::Kernel& kernel, std::uint64_t bytes) {
  std::vector<std::uint8_t> buffer(static_cast<std::size_t>(std::max<std::uint64_t>(bytes, 1)));
  kernels::KeyState state;
  kernel.expand(public_key, state);
  return best_speed(buffer, [&](std::uint8_t* p, std::size_t n) { kernel.unlock(state, 0, p, p, n); });
}

double measure_numbers(const kernels::NumberKernel& numbers, std::uint64_t bytes) {
  const kernels::Finite finite{.dtype = kernels::Float::f32, .lo = 100, .hi = 127, .zero = true};  // all values stay on the ring
  std::vector<std::uint8_t> buffer(static_cast<std::size_t>(std::max<std::uint64_t>(bytes, 4) / 4 * 4));
  const kernels::Kernel& kernel = *kernels::pick(kernels::Suite::aes256);
  kernels::KeyState state;
  kernel.expand(public_key, state);
  const kernels::Streams streams{kernel, numbers, state, state};
  return best_speed(buffer, [&](std::uint8_t* p, std::size_t n) { kernels::unlock_finite(streams, finite, 0, p, p, n); });
}

}  // namespace

const char* version() { return NNLOCK_VERSION; }

MachineInfo machine_info() {
  MachineInfo info{.version = version(),
                   .openssl_version = OpenSSL_version(OPENSSL_VERSION),
                   .cpu_features = kernels::feature_names(kernels::cpu_features()),
                   .threads = std::max(1U, std::thread::hardware_concurrency()),
                   .memory_lock_limit = limit_of(RLIMIT_MEMLOCK),
                   .core_dump_limit = limit_of(RLIMIT_CORE),
                   .secrets_locked = keys::secret_heap_locked()};
  for (const auto suite : {kernels::Suite::aes256, kernels::Suite::chacha20})
    for (const kernels::Kernel* kernel : kernels::compiled(suite))
      info.kernels.push_back({kernel->name, static_cast<Suite>(suite), kernels::runnable(*kernel), kernels::pick(suite) == kernel});
  for (const kernels::NumberKernel* kernel : kernels::compiled_numbers())
    info.number_kernels.push_back({kernel->name, kernels::runnable(*kernel), kernels::choose_numbers().kernel == kernel});
  return info;
}

Result<double> measure_kernel(const std::string& name, std::uint64_t bytes) {
  const auto* kernel = find_kernel(name);
  if (kernel != nullptr && kernels::runnable(*kernel)) return measure_bytes(*kernel, bytes);
  const auto* numbers = kernels::find_numbers(name);
  if (numbers != nullptr && kernels::runnable(*numbers)) return measure_numbers(*numbers, bytes);
  return Error{.code = ErrorCode::usage, .message = "no kernel of that name can run here: " + name, .hint = "`nnlock doctor` lists the kernels"};
}

}  // namespace nnlock
