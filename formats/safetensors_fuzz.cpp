// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// libFuzzer: arbitrary bytes as a safetensors file. To get past the length prefix often, a second run takes the same bytes as a
// header text and supplies the prefix itself. What is accepted must keep the promises of formats/codec.hpp.

#include <string_view>

#include "formats/codec_fuzzing.hpp"
#include "formats/malformed/safetensors_writer.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nnlock::formats;
  const Bytes file = input_file(data, size);
  check_file(safetensors_codec(), {file}, record_for(file));
  if (size < 2) return 0;
  const std::size_t data_bytes = static_cast<std::size_t>(data[0]) + 256u * (data[1] % 2);
  const std::string_view header(reinterpret_cast<const char*>(data) + 2, size - 2);
  const Bytes framed = malformed::safetensors_file(header, data_bytes);
  check_file(safetensors_codec(), {framed}, record_for(framed));
  return 0;
}
