// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Trained weights of others: the CIFAR-10 ResNet-20, -32 and -56 of akamaster/pytorch_resnet_cifar10, as safetensors. Checkpoints of
// PyTorch's old form (.th), which libtorch does not read, are converted into the cache by convert_checkpoint.py.
#pragma once

#include <optional>
#include <string>

#include "lab/weights/safetensors.hpp"

namespace nnlock::lab {

// The file, when this machine has one for this model and dataset: in `safetensors` of the data folder (NNLOCK_DATA_DIR, or
// shared/data beside the repository), else in the cache.
std::optional<Path> find_checkpoint(const std::string& model, const std::string& dataset, const Path& cache);
// With the names of this lab's layers.
Weights read_checkpoint(const Path& file);

}  // namespace nnlock::lab
