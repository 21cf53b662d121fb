// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// IDX, the format of MNIST and its kin (yann.lecun.com/exdb/mnist): a magic number, big-endian sizes, then bytes.
#pragma once

#include <torch/torch.h>

#include <string>

#include "lab/files.hpp"

namespace nnlock::lab {

// uint8, images x 1 x rows x columns. `whence` names the file in errors.
torch::Tensor parse_idx_images(const Bytes& bytes, const std::string& whence);
// int64, one label an image, each below `classes`.
torch::Tensor parse_idx_labels(const Bytes& bytes, std::int64_t classes, const std::string& whence);

}  // namespace nnlock::lab
