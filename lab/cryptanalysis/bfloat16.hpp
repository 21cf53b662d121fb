// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lab/files.hpp"

namespace nnlock::lab {

// A safetensors file whose float32 tensors have become bfloat16, rounded to nearest even; other tensors as they are. Throws Failure for another file.
Bytes as_bfloat16(const Bytes& safetensors);

}  // namespace nnlock::lab
