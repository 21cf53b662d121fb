// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Writes ONNX tensors whose values lie in another file, right or wrong.
#pragma once

#include "formats/malformed/onnx_writer.hpp"

namespace nnlock::formats::malformed {

// One external_data entry.
inline Fields external(std::string_view key, std::string_view value) {
  return bytes(onnx::tensor::external_data, bytes(onnx::entry::key, key) + bytes(onnx::entry::value, value));
}

// A TensorProto with the given entries.
inline Fields external_tensor(std::string_view name, DataType type, const std::vector<std::uint64_t>& shape, const Fields& entries) {
  return dims(shape) + number(onnx::tensor::data_type, static_cast<std::uint64_t>(type)) + bytes(onnx::tensor::name, name) + entries +
         number(onnx::tensor::data_location, onnx::tensor::location_external);
}

// A float32 vector at `offset` of `location`, as stock exporters write it.
inline Fields external_floats(std::string_view name, std::string_view location, std::uint64_t offset, std::uint64_t count) {
  return external_tensor(name, DataType::float32, {count},
                         external("location", location) + external("offset", std::to_string(offset)) +
                             external("length", std::to_string(4 * count)));
}

}  // namespace nnlock::formats::malformed
