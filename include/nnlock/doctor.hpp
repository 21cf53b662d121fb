// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What this machine offers: kernels, features, limits.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nnlock/lock.hpp"
#include "nnlock/result.hpp"

namespace nnlock {

struct KernelInfo {
  std::string name;
  Suite suite = Suite::aes256;
  bool runnable = false;   // this CPU and operating system can run it
  bool chosen = false;     // it is what lock and unlock use now (NNLOCK_KERNEL counted in)
};

// A number kernel does the arithmetic of layouts `finite`, `range` and `block` beside a kernel of either suite.
struct NumberKernelInfo {
  std::string name;
  bool runnable = false;
  bool chosen = false;
};

struct MachineInfo {
  std::string version;             // of nnlock
  std::string openssl_version;     // of the library in use
  std::string cpu_features;        // space-separated, as far as kernels care
  std::vector<KernelInfo> kernels;
  std::vector<NumberKernelInfo> number_kernels;
  unsigned threads = 1;            // that would be used
  std::uint64_t memory_lock_limit = 0;  // bytes; UINT64_MAX means unlimited
  std::uint64_t core_dump_limit = 0;    // bytes
  bool secrets_locked = false;     // the secret heap could be locked in memory
};

MachineInfo machine_info();

// Unlock speed of one kernel, of either kind, over `bytes` in place on one thread, best of several runs, in bytes per second. A kernel
// unlocks layout `bytes`; a number kernel unlocks float32 in layout `finite`, with the kernel that is chosen for aes256 beside it.
// Errors: usage when the kernel is unknown or cannot run here.
Result<double> measure_kernel(const std::string& name, std::uint64_t bytes);

// The library's version, "major.minor.patch".
const char* version();

}  // namespace nnlock
