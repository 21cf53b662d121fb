// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "lab/files.hpp"

namespace nnlock::lab {

// The beginning of a safetensors file, up to its data: the length (8 bytes, little-endian) and the JSON text, padded with spaces to whole words of 8 bytes.
Bytes safetensors_header(std::string json);

}  // namespace nnlock::lab
