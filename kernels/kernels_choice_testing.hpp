// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// For tests of the choice: which kernels ran, a forced name, and the features of well-known CPUs.
#pragma once

#include <cstdlib>
#include <map>
#include <string>

#include "kernels/registry.hpp"

namespace nnlock::kernels::choice {

inline const char* const variable = "NNLOCK_KERNEL";

using Calls = std::map<std::string, unsigned>;
inline Calls calls;  // counted by trace_call()

inline constexpr Suite suites[] = {Suite::aes256, Suite::chacha20};

// Sets NNLOCK_KERNEL for one scope and puts back what stood there.
class Forced {
 public:
  explicit Forced(const char* name) {
    const char* const before = std::getenv(variable);
    had_ = before != nullptr;
    if (had_) before_ = before;
    if (name == nullptr) {
      unsetenv(variable);
    } else {
      setenv(variable, name, 1);
    }
  }
  Forced(const Forced&) = delete;
  Forced& operator=(const Forced&) = delete;
  ~Forced() {
    if (had_) {
      setenv(variable, before_.c_str(), 1);
    } else {
      unsetenv(variable);
    }
  }

 private:
  bool had_ = false;
  std::string before_;
};

// The names of the kernels whose code ran when all operations of `kernel` were called.
inline Calls run_all(const Kernel& kernel) {
  calls.clear();
  const std::uint8_t key[32] = {7};
  std::uint8_t bytes[1500] = {};
  KeyState state;
  kernel.expand(key, state);
  kernel.lock(state, 3, bytes, bytes, sizeof bytes);
  kernel.unlock(state, 3, bytes, bytes, sizeof bytes);
  kernel.stream(state, 3, bytes, sizeof bytes);
  return calls;
}

inline constexpr Features old_x86 = feature::ssse3;
inline constexpr Features westmere = old_x86 | feature::aesni;
inline constexpr Features haswell = westmere | feature::avx2;
inline constexpr Features zen3 = haswell | feature::vaes;
inline constexpr Features alder_lake = zen3 | feature::gfni;
inline constexpr Features skylake_x = haswell | feature::avx512f | feature::avx512bw | feature::avx512vl;
inline constexpr Features ice_lake = alder_lake | skylake_x;

}  // namespace nnlock::kernels::choice
