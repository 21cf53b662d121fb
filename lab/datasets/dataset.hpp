// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Labelled images, where to find them, and the parts of them that experiments use.
#pragma once

#include <torch/torch.h>

#include <string>
#include <vector>

#include "lab/files.hpp"

namespace nnlock::lab {

struct Images {
  torch::Tensor pixels;  // float32, images x channels x rows x columns, normalised
  torch::Tensor labels;  // int64
  std::int64_t size() const { return labels.size(0); }
};

struct Dataset {
  std::string name;
  Images training, test;
  double training_share = 1;  // of the standard training set that was found
};

inline constexpr std::int64_t kClasses = 10;  // of each dataset here

std::vector<std::string> dataset_names();  // fashion, mnist, cifar10

// Reads a dataset from `folder`: its files, or a folder with its name (fashion-mnist, mnist, cifar10) that holds them; empty means the
// usual places. Throws Failure when it is not there or damaged.
Dataset load_dataset(const std::string& name, const Path& folder);

// The first `per_class` images of each class, in file order.
Images balanced_subset(const Images& images, std::int64_t per_class);
// A random part of `count` images, as balanced as the classes allow.
Images random_share(const Images& images, std::int64_t count, std::uint64_t seed);

}  // namespace nnlock::lab
