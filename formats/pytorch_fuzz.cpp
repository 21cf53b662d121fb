// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// libFuzzer: arbitrary bytes as a PyTorch archive, and, to get past the zip, the same bytes as the pickle of a small right one. What the
// codec accepts must keep the promises of formats/codec.hpp.

#include "formats/codec_fuzzing.hpp"
#include "formats/malformed/pytorch_writer.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nnlock::formats;
  const Bytes file = input_file(data, size);
  check_file(pytorch_codec(), {file}, record_for(file));
  const std::string pickle(reinterpret_cast<const char*>(data), size);
  const Bytes archive = malformed::pytorch_file(malformed::zip_text(malformed::with_entry("model/data.pkl", {"model/data.pkl", pickle})));
  check_file(pytorch_codec(), {archive}, record_for(file));
  return 0;
}
