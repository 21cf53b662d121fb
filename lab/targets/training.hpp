// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Training within a CPU budget, the same for the same seed on the same machine.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "lab/datasets/dataset.hpp"
#include "lab/effort.hpp"
#include "lab/log.hpp"
#include "lab/targets/network.hpp"

namespace nnlock::lab {

struct Recipe {
  std::int64_t images = 0;   // of the training set; 0: all
  std::int64_t epochs = 1;
  std::int64_t steps = 0;    // above 0: so many batches, in place of whole epochs
  std::int64_t batch = 128;
  double rate = 2e-3;        // highest, of AdamW: up over the first fifth of the steps, then linearly to zero
  double temperature = 1;    // logits are divided by it in the loss
  bool augment = false;      // mirrored at random, and moved by up to two pixels
  std::string name() const;  // for file names: n4000-e2, n600-s300
};

// What the lab trains a model with.
Recipe recipe_for(const std::string& model, const std::string& dataset, Effort effort);

// The labels are classes, or a probability for each class of each image (images x classes).
// Trains the parameters that ask for a gradient, which are all if nobody froze any. Signs that are set stay set: HPNN's networks are
// trained under the key. `after_step` hears how many steps are done and may measure the network. Leaves it in evaluation mode.
using AfterStep = std::function<void(std::int64_t done)>;
void train(Network& network, const Images& images, const Recipe& recipe, std::uint64_t seed, const Log& log, const AfterStep& after_step = {});

}  // namespace nnlock::lab
