// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "kernels/kernel.hpp"

namespace nnlock::kernels {

void wipe(void* p, std::size_t n) noexcept {
  if (n == 0) return;
  std::memset(p, 0, n);
  // The compiler must assume that this statement reads the memory, so the stores above are not dead.
  __asm__ volatile("" : : "r"(p) : "memory");
}

}  // namespace nnlock::kernels
