// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/cryptanalysis/analysis.hpp"

#include <cstdlib>
#include <stdexcept>

#include "lab/cryptanalysis/bfloat16.hpp"
#include "lab/failure.hpp"
#include "lab/record_file.hpp"

namespace nnlock::lab {
namespace {

constexpr std::string_view kAsBfloat16 = ":bf16";

Path place_of(const std::string& name) {
  const char* data = std::getenv("NNLOCK_DATA_DIR");
  const Path root = NNLOCK_SOURCE_ROOT;
  for (const Path& folder : {root, data != nullptr ? Path(data) : root / "../shared/data"})
    if (std::filesystem::exists(folder / name)) return folder / name;
  return {};
}

Json describe_target(const Cell& cell, const FileScheme& scheme, const Bytes& plain) {
  std::uint64_t bytes = 0;
  if (!plain.empty())
    for (const ParamSpan& span : parameters_of(plain)) bytes += span.length;
  Json json;
  json["model"] = cell.file.empty() ? "none" : cell.model_name();
  json["dataset"] = "none";
  json["weights"] = "file";
  json["file"] = cell.file;
  json["parameter_bytes"] = bytes;
  json["scheme"] = scheme.info().name;
  json["key_bits"] = scheme.info().key_bits;
  return json;
}

}  // namespace

Bytes model_file(const std::string& name) {
  if (name.ends_with(kAsBfloat16)) return as_bfloat16(model_file(name.substr(0, name.size() - kAsBfloat16.size())));
  const Path place = place_of(name);
  if (place.empty()) throw Failure(name + ": neither in the project nor in the data folder", "set NNLOCK_DATA_DIR to the folder that has it");
  return read_file(place);
}

Bytes Analyst::other_model(const std::string& name) const {
  if (Path(name).stem() == Path(file_).stem()) throw std::logic_error("the analysis asks for the plain model that it attacks: " + name);
  return model_file(name);
}

std::string Analysis::refusal(const FileScheme&) const { return {}; }

std::string Analysis::why_it_stopped(const Json&) const { return {}; }

bool run_analysis(const Cell& cell, const Path& records, const Log& log) {
  if (std::filesystem::exists(record_of(cell, records))) return false;
  RecordFile record(cell, records);
  const Analysis* analysis = analysis_named(cell.attack);
  if (analysis == nullptr) throw Failure("no attack on files is called " + cell.attack, "see nnlock-lab list");
  const Budget budget(analysis->info(), cell);
  const auto scheme = file_scheme_named(cell.scheme);
  if (const std::string why = analysis->refusal(*scheme); !why.empty()) throw Failure(cell.name() + ": refused: " + why, "choose another target");
  const Bytes plain = cell.file.empty() ? Bytes{} : model_file(cell.file);
  Random random(cell.seed, "right key");
  const Key key = random_key(scheme->info().key_bits, random);
  const Analyst analyst(*scheme, plain.empty() ? Bytes{} : scheme->lock(plain, key, cell.seed), cell.file, cell.seed);
  record.begin(analysis->info(), budget, describe_target(cell, *scheme, plain));
  Json outcome = analysis->run(analyst, {plain, key}, budget, log);
  if (const std::string why = analysis->why_it_stopped(outcome); !why.empty()) outcome["why"] = why;
  record.json()["outcome"] = std::move(outcome);
  record.finish();
  return true;
}

const std::vector<const Analysis*>& analyses() {
  static const std::vector<const Analysis*> all = {&known_plaintext(), &ciphertext_only(), &short_period(), &avalanche(), &statistics(), &sbox_analysis(), &two_time_pad(), &tampering(), &memory_search()};
  return all;
}

const Analysis* analysis_named(const std::string& name) {
  for (const Analysis* analysis : analyses())
    if (analysis->info().name == name) return analysis;
  return nullptr;
}

}  // namespace nnlock::lab
