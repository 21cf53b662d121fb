// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// libFuzzer: arbitrary bytes as the options of the Edge TPU's operator, in an otherwise right TFLite file. What the codec accepts
// must keep the promises of formats/codec.hpp.

#include "formats/codec_fuzzing.hpp"
#include "formats/malformed/edgetpu_writer.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nnlock::formats;
  malformed::EdgetpuPart options;
  options.bytes.assign(data, data + size);
  if (size == 0) return 0;
  const std::string text = malformed::write_edgetpu_operators({options}).bytes;
  const auto view = bytes_of(text);
  const Bytes file(view.begin(), view.end());
  check_file(tflite_codec(), {file}, record_for(file));
  return 0;
}
