// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Rows of the ONNX matrix: a wrong main file and what must be said of it.
#pragma once

#include <string>

#include "formats/malformed/matrix.hpp"

namespace nnlock::formats::malformed {

struct OnnxRow {
  const char* name;
  std::string image;
  const char* message;
  const char* tensor = "";
  ErrorCode code = ErrorCode::bad_model;
  bool has_offset = true;
};

inline NamedFile onnx_main_file(const std::string& image) {
  const auto view = std::as_bytes(std::span(image));
  return {"model.onnx", {view.begin(), view.end()}};
}

inline Case& add(Matrix& matrix, const OnnxRow& row) {
  matrix.cases.push_back({.name = row.name,
                          .files = {onnx_main_file(row.image)},
                          .code = row.code,
                          .message = row.message,
                          .tensor = row.tensor,
                          .has_offset = row.has_offset});
  return matrix.cases.back();
}

// Models with external data: onnx_external_rows.cpp.
void add_external_cases(Matrix& matrix);

}  // namespace nnlock::formats::malformed
