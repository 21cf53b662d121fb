// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// A malformed-file matrix: one right model of a format, and many with one wrong field each. formats/malformed_test.cpp holds every codec
// to its matrix; formats/malformed/write_cases.cpp writes all of them into a folder, for tests of the program and as seeds of fuzzing.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "formats/codec.hpp"

namespace nnlock::formats::malformed {

struct NamedFile {
  std::string name;  // without folders
  std::vector<std::byte> bytes;
};

struct Case {
  std::string name;              // what is wrong: "tensor-behind-the-end"; letters, digits and hyphens
  std::vector<NamedFile> files;  // the main file first, then its companions
  ErrorCode code = ErrorCode::bad_model;
  std::string message;           // a part of what must be said
  std::string tensor;            // the tensor that must be named; empty: none
  bool has_offset = true;        // false: the error has no place in the main file
};

struct Matrix {
  const Codec* codec = nullptr;
  std::vector<NamedFile> good;   // accepted, with at least one parameter
  std::vector<Case> cases;
  std::string part;              // of the format, where one codec has several matrices; letters and digits

  std::string name() const { return to_string(codec->format()) + (part.empty() ? "" : "_" + part); }
};

Matrix safetensors_matrix();
Matrix tflite_matrix();
Matrix edgetpu_matrix();
Matrix executorch_matrix();
Matrix onnx_matrix();
Matrix ncnn_matrix();
Matrix gguf_matrix();
Matrix openvino_matrix();
Matrix pytorch_matrix();

// At least one of each codec: matrices.cpp.
std::vector<Matrix> matrices();

}  // namespace nnlock::formats::malformed
