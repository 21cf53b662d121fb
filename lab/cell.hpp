// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// A cell of the evaluation: one attack on one target. It is one command with one record. A target is a network of the lab, or a model file.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "lab/effort.hpp"
#include "lab/weights/form.hpp"

namespace nnlock::lab {

struct Cell {
  std::string attack, dataset, model, scheme;
  std::string file;                // of a model, below the data folder or this project, in place of dataset and model
  Form form = Form::float32;
  std::uint64_t seed = 1;          // of keys and of whatever the attack draws
  std::uint64_t network_seed = 1;  // of initialisation and order of training
  Effort effort = Effort::full;
  std::map<std::string, std::string> with;  // budget parameters set otherwise

  std::string model_name() const;  // of a file: its name alone
  std::string name() const;     // wrong-keys/fashion-mlp-float32-nnlock-v1-s1, without what is as usual
  std::string command() const;  // nnlock-lab run ..., without the places of this machine
};

}  // namespace nnlock::lab
