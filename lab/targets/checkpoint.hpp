// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Trained weights of others: the CIFAR-10 ResNet-20 of akamaster/pytorch_resnet_cifar10, as safetensors.
#pragma once

#include <optional>
#include <string>

#include "lab/weights/safetensors.hpp"

namespace nnlock::lab {

// The file, when this machine has one for this model and dataset: in `safetensors` of the data folder (NNLOCK_DATA_DIR, or
// shared/data beside the repository).
std::optional<Path> find_checkpoint(const std::string& model, const std::string& dataset);
// With the names of this lab's layers.
Weights read_checkpoint(const Path& file);

}  // namespace nnlock::lab
