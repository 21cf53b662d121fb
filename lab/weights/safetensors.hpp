// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Weights as a list of named tensors, and as a safetensors file: the lab's own small writer and reader.
#pragma once

#include <torch/torch.h>

#include <span>
#include <string>
#include <vector>

#include "lab/files.hpp"

namespace nnlock::lab {

struct NamedTensor {
  std::string name;
  torch::Tensor value;  // float32, int8 or int32; contiguous
};
using Weights = std::vector<NamedTensor>;  // in file order

Bytes to_safetensors(const Weights& weights);
// Reads what to_safetensors() wrote, also when it was locked (the record stands in `__metadata__`, which is passed over).
// Throws Failure; `whence` names the file in errors.
Weights from_safetensors(std::span<const std::byte> bytes, const std::string& whence);

// The bytes of a tensor's values.
std::span<std::byte> values_of(torch::Tensor& tensor);

}  // namespace nnlock::lab
