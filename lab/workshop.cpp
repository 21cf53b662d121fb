// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/workshop.hpp"

#include <algorithm>

#include "lab/failure.hpp"
#include "lab/targets/checkpoint.hpp"
#include "lab/targets/training.hpp"
#include "lab/weights/forms.hpp"

namespace nnlock::lab {
namespace {

// Images for the ranges of activations (forms.hpp).
constexpr std::int64_t kCalibrationImages = 256;

// Days of training are not begun because a file is missing.
void must_be_trainable(const Cell& cell) {
  const auto others = public_model_names();
  if (std::find(others.begin(), others.end(), cell.model) == others.end()) return;
  throw Failure(cell.dataset + " " + cell.model + ": no checkpoint, and this lab does not train so deep a network",
                "convert others' checkpoint: python lab/targets/convert_checkpoint.py --cache FOLDER, the same folder as here");
}

std::string sibling_of(const std::string& dataset) { return dataset == "fashion" ? "mnist" : dataset == "mnist" ? "fashion" : ""; }

}  // namespace

Key right_key(const Cell& cell, const Scheme& scheme) {
  Random random(cell.seed, "right key");
  return random_key(scheme.info().key_bits, random);
}

Workshop::Workshop(Places places, Log log) : places_(std::move(places)), log_(std::move(log)) {}

const Dataset& Workshop::dataset(const std::string& name) {
  if (const auto found = datasets_.find(name); found != datasets_.end()) return found->second;
  return datasets_.emplace(name, load_dataset(name, places_.data)).first->second;
}

InputShape Workshop::input_of(const std::string& name) {
  const auto& pixels = dataset(name).test.pixels;
  return {.channels = pixels.size(1), .side = pixels.size(2)};
}

Weights Workshop::weights_of(const Cell& cell, const Scheme& scheme, const Key& key, const Path& file) {
  if (readable(file)) return from_safetensors(read_file(file), file.string());
  const FileLock lock(file.string() + ".lock");
  if (readable(file)) return from_safetensors(read_file(file), file.string());
  log_("training " + file.stem().string());
  auto network = build_network(cell.model, input_of(cell.dataset), cell.network_seed);
  scheme.wire(*network, key);
  const Images& images = dataset(cell.dataset).training;
  train(*network, images, recipe_for(cell.model, cell.dataset, cell.effort), cell.network_seed, log_);
  Weights weights = stored(*network, Form::float32, images);
  write_file(file, to_safetensors(weights));
  return weights;
}

TrainedModel Workshop::trained(const Cell& cell, const Scheme& scheme, const Key& key) {
  const bool keyed = scheme.info().trained_under_key;
  std::string name = cell.dataset + "-" + cell.model + "-" + recipe_for(cell.model, cell.dataset, cell.effort).name() + "-n" + std::to_string(cell.network_seed);
  if (keyed) name += "-" + scheme.info().name + "-k" + std::to_string(cell.seed);
  TrainedModel model{.training = recipe_for(cell.model, cell.dataset, cell.effort).name()};
  Weights weights;
  if (const auto checkpoint = keyed || cell.effort == Effort::smoke ? std::nullopt : find_checkpoint(cell.model, cell.dataset, places_.cache)) {
    model.training = "public checkpoint " + checkpoint->filename().string();
    weights = read_checkpoint(*checkpoint);
    name = checkpoint->stem().string() + "-public";
  } else {
    if (cell.effort == Effort::full) must_be_trainable(cell);
    weights = weights_of(cell, scheme, key, places_.cache / (name + ".safetensors"));
  }
  if (cell.form == Form::float32) {
    model.file = to_safetensors(weights);
    return model;
  }
  auto network = build_network(cell.model, input_of(cell.dataset), cell.network_seed);
  load(*network, weights);
  scheme.wire(*network, key);
  model.file = to_safetensors(stored(*network, cell.form, random_share(dataset(cell.dataset).training, kCalibrationImages, cell.network_seed)));
  write_file(places_.cache / (name + "." + to_string(cell.form) + ".safetensors"), model.file);
  return model;
}

bool Workshop::has_public_base(const Cell& cell) const { return !sibling_of(cell.dataset).empty(); }

Weights Workshop::public_base(const Cell& cell) {
  Cell base = cell;
  base.dataset = sibling_of(cell.dataset);
  base.form = Form::float32;
  const auto plain = make_scheme("nnlock-v1");  // any scheme that needs no training: the base is not locked
  return from_safetensors(trained(base, *plain, right_key(base, *plain)).file, "the public base");
}

}  // namespace nnlock::lab
