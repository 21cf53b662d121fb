// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Tensors whose values lie in other files (onnx/onnx: docs/ExternalData.md): what a TensorProto says of the place, and whether that
// place can be.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "formats/onnx_graph.hpp"

namespace nnlock::formats::onnx {

// The external_data entries of one TensorProto, each a key and a text.
class ExternalEntries {
 public:
  // Refuses what readers read in different ways: a key twice, an empty value, a number that is none, a key that is not known.
  Result<void> take(std::span<const std::byte> image, const Field& field);

  std::string_view location = {};              // path as the file gives it; empty: none was given
  std::uint64_t offset = 0;                    // bytes in that file
  std::optional<std::uint64_t> length = {};    // bytes

 private:
  Result<void> take_entry(std::string_view key, std::string_view value, std::uint64_t at);
  Result<void> take_location(std::string_view value, std::uint64_t at);

  std::uint32_t seen_ = 0;  // one bit a key
};

// Gives every tensor the number of its file: 0 for the model's own, then 1, 2 ... in the order in which the main file
// first names them (Model::files).
Result<void> number_files(Model& model);

// Every tensor must lie inside its file. `sizes`: of the main file and of Model::files, as far as they are there.
Result<void> check_places(const Model& model, std::span<const std::uint64_t> sizes);

// An error that names the tensor, at its place in the main file.
Error at_tensor(const Tensor& tensor, std::string message, std::string hint = {});

}  // namespace nnlock::formats::onnx
