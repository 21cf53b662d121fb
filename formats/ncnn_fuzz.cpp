// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// libFuzzer: arbitrary bytes as an ncnn pair. The first two bytes say how long the graph is; the rest is the weights file. A second run
// pairs the same graph with weights that are long enough for small layers.

#include <algorithm>

#include "formats/codec_fuzzing.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nnlock::formats;
  if (size < 2) return 0;
  const std::size_t graph_size = std::min<std::size_t>(data[0] + 256u * data[1], size - 2);
  const Bytes graph = input_file(data + 2, graph_size);
  const Bytes weights = input_file(data + 2 + graph_size, size - 2 - graph_size);
  check_file(ncnn_codec(), {graph, weights}, record_for(graph));
  check_file(ncnn_codec(), {graph, Bytes(4096)}, record_for(graph));
  return 0;
}
