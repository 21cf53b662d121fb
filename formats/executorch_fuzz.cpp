// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// libFuzzer: arbitrary bytes as an ExecuTorch program. What the codec accepts must keep the promises of formats/codec.hpp.

#include "formats/codec_fuzzing.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nnlock::formats;
  const Bytes file = input_file(data, size);
  check_file(executorch_codec(), {file}, record_for(file));
  return 0;
}
