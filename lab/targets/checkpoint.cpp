// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/targets/checkpoint.hpp"

#include <algorithm>
#include <cstdlib>

namespace nnlock::lab {
namespace {

// layer1.0.bn2.running_var -> layer1_0_conv2.norm_var, layer1.0.conv2.weight -> layer1_0_conv2.weight
std::string lab_name(std::string name) {
  const std::size_t dot = name.rfind('.');
  std::string layer = name.substr(0, dot), what = name.substr(dot + 1);
  if (const std::size_t bn = layer.rfind("bn"); bn != std::string::npos) {
    layer.replace(bn, 2, "conv");
    what = what.starts_with("running_") ? "norm_" + what.substr(8) : "norm_" + what;
  }
  std::replace(layer.begin(), layer.end(), '.', '_');
  return layer + "." + what;
}

}  // namespace

std::optional<Path> find_checkpoint(const std::string& model, const std::string& dataset, const Path& cache) {
  const char* data = std::getenv("NNLOCK_DATA_DIR");
  const Path folder = data != nullptr && *data != '\0' ? Path(data) : Path(NNLOCK_SOURCE_ROOT).parent_path() / "shared/data";
  const std::string name = dataset + "_" + model + ".safetensors";
  for (const Path& file : {folder / "safetensors" / name, cache / name})
    if (std::filesystem::exists(file)) return file;
  return std::nullopt;
}

Weights read_checkpoint(const Path& file) {
  Weights weights = from_safetensors(read_file(file), file.string());
  for (auto& [name, value] : weights) name = lab_name(name);
  return weights;
}

}  // namespace nnlock::lab
