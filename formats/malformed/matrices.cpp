// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "formats/malformed/matrix.hpp"

namespace nnlock::formats::malformed {

std::vector<Matrix> matrices() {
  return {
      safetensors_matrix(),
      tflite_matrix(),
      edgetpu_matrix(),
      executorch_matrix(),
      onnx_matrix(),
      gguf_matrix(),
      pytorch_matrix(),
      ncnn_matrix(),
      openvino_matrix(),
  };
}

}  // namespace nnlock::formats::malformed
