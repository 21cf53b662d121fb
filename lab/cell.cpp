// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/cell.hpp"

#include "lab/failure.hpp"

namespace nnlock::lab {

std::string Cell::name() const {
  std::string name = attack + "/" + dataset + "-" + model + "-" + to_string(form) + "-" + scheme + "-s" + std::to_string(seed);
  if (network_seed != 1) name += "-n" + std::to_string(network_seed);
  for (const auto& [parameter, value] : with) name += "-" + parameter + "=" + value;
  return name + (effort == Effort::smoke ? "-smoke" : "");
}

std::string Cell::command() const {
  std::string line = "nnlock-lab run --attack " + attack + " --dataset " + dataset + " --model " + model + " --weights " + to_string(form) + " --scheme " +
                     scheme + " --seed " + std::to_string(seed);
  if (network_seed != 1) line += " --network-seed " + std::to_string(network_seed);
  if (effort == Effort::smoke) line += " --effort smoke";
  for (const auto& [parameter, value] : with) line += " --with " + parameter + "=" + value;
  return line;
}

const char* to_string(Effort effort) { return effort == Effort::smoke ? "smoke" : "full"; }

Effort effort_named(const std::string& name) {
  for (const Effort effort : {Effort::smoke, Effort::full})
    if (name == to_string(effort)) return effort;
  throw Failure("no effort is called " + name, "use smoke or full");
}

}  // namespace nnlock::lab
