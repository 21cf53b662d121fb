// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/cell.hpp"

#include <algorithm>
#include <filesystem>

namespace nnlock::lab {

namespace {

// An attack on files may also be on none: on the key stream or the S-box alone.
std::string target_of(const Cell& cell) {
  if (!cell.file.empty()) return cell.model_name() + "-";
  if (cell.dataset.empty()) return "";
  return cell.dataset + "-" + cell.model + "-" + to_string(cell.form) + "-";
}

std::string target_options(const Cell& cell) {
  if (!cell.file.empty()) return " --file " + cell.file;
  if (cell.dataset.empty()) return "";
  return " --dataset " + cell.dataset + " --model " + cell.model + " --weights " + to_string(cell.form);
}

}  // namespace

std::string Cell::model_name() const {
  if (file.empty()) return model;
  const std::size_t colon = file.find(':');  // the file in another form (cryptanalysis/analysis.hpp)
  return std::filesystem::path(file.substr(0, colon)).stem().string() + (colon == std::string::npos ? "" : "-" + file.substr(colon + 1));
}

std::string Cell::name() const {
  std::string name = attack + "/" + target_of(*this) + scheme + "-s" + std::to_string(seed);
  if (network_seed != 1) name += "-n" + std::to_string(network_seed);
  for (auto [parameter, value] : with) {
    std::replace(value.begin(), value.end(), '/', '_');  // a value may name a file; a record stands in the folder of its attack
    name += "-" + parameter + "=" + value;
  }
  return name + (effort == Effort::smoke ? "-smoke" : "");
}

std::string Cell::command() const {
  std::string line = "nnlock-lab run --attack " + attack + target_options(*this) + " --scheme " + scheme + " --seed " + std::to_string(seed);
  if (network_seed != 1) line += " --network-seed " + std::to_string(network_seed);
  if (effort == Effort::smoke) line += " --effort smoke";
  for (const auto& [parameter, value] : with) line += " --with " + parameter + "=" + value;
  return line;
}

}  // namespace nnlock::lab
