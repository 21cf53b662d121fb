// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The getters that the instruction-set files export. Each returns its table, or null where it is not compiled in.
// A new instruction set is one file, one line here and one line in registry.cpp.
#pragma once

#include "kernels/kernel.hpp"
#include "kernels/numbers.hpp"

namespace nnlock::kernels {

const Kernel* aes_ctr_portable();
const Kernel* aes_ctr_x86_aesni();
const Kernel* aes_ctr_x86_vaes256();
const Kernel* aes_ctr_x86_vaes512();
const Kernel* chacha20_portable();
const Kernel* chacha20_x86_avx2();

const NumberKernel* numbers_portable();
const NumberKernel* numbers_x86_avx2();
const NumberKernel* numbers_x86_avx512();

}  // namespace nnlock::kernels
