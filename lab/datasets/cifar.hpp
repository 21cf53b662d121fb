// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The binary form of CIFAR-10 (cs.toronto.edu/~kriz/cifar.html): rows of a label byte and 3 x 32 x 32 bytes.
#pragma once

#include <torch/torch.h>

#include <string>

#include "lab/files.hpp"

namespace nnlock::lab {

struct CifarBatch {
  torch::Tensor images;  // uint8, images x 3 x 32 x 32
  torch::Tensor labels;  // int64
};

CifarBatch parse_cifar(const Bytes& bytes, const std::string& whence);

}  // namespace nnlock::lab
