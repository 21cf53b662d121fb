// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// libFuzzer: arbitrary bytes as an OpenVINO IR, beside a weights file whose size is the first two bytes of the input.

#include "formats/codec_fuzzing.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nnlock::formats;
  if (size < 2) return 0;
  const Bytes graph = input_file(data + 2, size - 2);
  check_file(openvino_codec(), {graph, Bytes(data[0] + 256u * data[1])}, record_for(graph));
  return 0;
}
