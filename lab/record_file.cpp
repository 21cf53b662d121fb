// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/record_file.hpp"

#include <ctime>

#include "lab/commit.hpp"  // written by the build

namespace nnlock::lab {
namespace {

std::string now() {
  const std::time_t seconds = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

Json describe_attack(const AttackInfo& info, const Budget& budget) {
  Json json;
  json["name"] = info.name;
  for (const Knows known : info.knows) json["knows"].push_back(to_string(known));
  for (const auto& [name, value] : budget.all()) json["budget"][name] = value;
  return json;
}

}  // namespace

Path record_of(const Cell& cell, const Path& records) { return records / (cell.name() + ".json"); }

RecordFile::RecordFile(const Cell& cell, const Path& records) : cell_(cell), file_(record_of(cell, records)) {}

void RecordFile::begin(const AttackInfo& info, const Budget& budget, Json target) {
  json_["record"] = 1;  // the version of this form
  json_["attack"] = describe_attack(info, budget);
  json_["target"] = std::move(target);
  json_["seed"] = cell_.seed;
  json_["effort"] = to_string(cell_.effort);
}

void RecordFile::finish() {
  json_["command"] = cell_.command();
  json_["commit"] = kCommit;
  json_["date"] = now();
  json_["seconds"] = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  write_file(file_, bytes_of(json_.text()));
}

}  // namespace nnlock::lab
