// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// libFuzzer: arbitrary bytes as an ONNX file, with two data files that it may name. What the codec accepts must keep the promises of
// formats/codec.hpp, and no two parameters may have one display name.

#include <set>

#include "formats/codec_fuzzing.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nnlock::formats;
  const Bytes file = input_file(data, size);
  check_file(onnx_codec(), {file, Bytes(4096, std::byte{1}), Bytes(100, std::byte{2})}, record_for(file));
  const auto structure = onnx_codec().parse(file);
  std::set<std::string> names;
  if (structure)
    for (const nnlock::ParamSpan& param : structure->params)
      if (!names.insert(param.name).second) std::abort();
  return 0;
}
