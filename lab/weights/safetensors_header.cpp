// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/weights/safetensors_header.hpp"

namespace nnlock::lab {

Bytes safetensors_header(std::string json) {
  json.resize((json.size() + 7) / 8 * 8, ' ');
  Bytes bytes(8);
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<std::byte>(json.size() >> (8 * i));
  append(bytes, bytes_of(json));
  return bytes;
}

}  // namespace nnlock::lab
