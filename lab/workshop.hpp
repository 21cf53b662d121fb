// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Makes what a cell needs: datasets from disk, networks from the cache or from training.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "lab/cell.hpp"
#include "lab/datasets/dataset.hpp"
#include "lab/log.hpp"
#include "lab/schemes/scheme.hpp"

namespace nnlock::lab {

struct Places {
  Path data;     // of datasets; empty: the usual places
  Path cache;    // of trained weights
  Path records;  // of results
};

struct TrainedModel {
  Bytes file;            // safetensors
  std::string training;  // how it came about: a recipe, or a public checkpoint
};

class Workshop {
 public:
  Workshop(Places places, Log log);

  const Dataset& dataset(const std::string& name);
  InputShape input_of(const std::string& dataset);

  // The model file of a cell's network in the cell's form, trained now if the cache has none. `key` is the key it is trained under, for
  // schemes that ask for it. Processes that want the same network wait for the first one.
  TrainedModel trained(const Cell& cell, const Scheme& scheme, const Key& key);
  // The same architecture trained on the dataset's public sibling; false and nothing for a dataset without one.
  bool has_public_base(const Cell& cell) const;
  Weights public_base(const Cell& cell);

 private:
  Weights weights_of(const Cell& cell, const Scheme& scheme, const Key& key, const Path& file);
  Places places_;
  Log log_;
  std::map<std::string, Dataset> datasets_;
};

// The cell's key.
Key right_key(const Cell& cell, const Scheme& scheme);

}  // namespace nnlock::lab
