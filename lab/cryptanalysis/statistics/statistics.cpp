// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Statistics of locked bytes and of the key stream itself. They are what is usually shown for a lock, and they do not tell a broken one from a sound one.
#include <algorithm>

#include "lab/cryptanalysis/analysis.hpp"
#include "lab/cryptanalysis/statistics/raw_stream.hpp"
#include "lab/cryptanalysis/statistics/section.hpp"
#include "lab/cryptanalysis/statistics/stream_statistics.hpp"
#include "lab/failure.hpp"

namespace nnlock::lab {
namespace {

using Stream = std::vector<std::uint8_t>;

Bytes zeroed(Bytes model) {
  for (const ParamSpan& span : parameters_of(model)) std::fill_n(model.begin() + static_cast<std::ptrdiff_t>(span.offset), span.length, std::byte{0});
  return model;
}

Json to_json(const std::string& name, const Stream& bytes) {
  if (bytes.size() < 4096) throw Failure("only " + std::to_string(bytes.size()) + " int8 weights to measure", "choose a larger int8 model");
  const StreamStatistics statistics = statistics_of(bytes);
  Json json;
  json["stream"] = name;
  json["bytes"] = statistics.bytes;
  json["entropy"] = statistics.entropy;
  json["chi_square"] = statistics.chi_square;
  json["chi_square_probability"] = statistics.chi_square_probability;
  json["serial_bits"] = statistics.serial_bits;
  json["serial_probability"] = statistics.serial_probability;
  json["adjacent_correlation"] = statistics.adjacent_correlation;
  json["adjacent_probability"] = statistics.adjacent_probability;
  json["coinciding_lag"] = statistics.coinciding_lag;
  json["coincidence_z"] = statistics.coincidence_z;
  json["coincidence_probability"] = statistics.coincidence_probability;
  json["passes"] = statistics.passes();
  return json;
}

class Statistics : public Analysis {
 public:
  const AttackInfo& info() const override {
    static const AttackInfo info{.name = "statistics",
                                 .summary = "entropy, chi-square, serial and adjacent correlation of locked bytes and of the key stream",
                                 .knows = {Knows::locked_file},
                                 .budget = {{"bytes", "65536", "1048576", "of each stream, where there are so many"}}};
    return info;
  }
  Json run(const Analyst& analyst, const Truth& truth, const Budget& budget, const Log& log) const override {
    const auto most = static_cast<std::size_t>(budget.whole("bytes"));
    if (truth.plain.empty()) throw Failure("no file to measure", "name a model with int8 weights: --file");
    Json outcome;
    const auto add = [&](const char* name, const Stream& bytes) {
      log(name);
      outcome["streams"].push_back(to_json(name, bytes));
    };
    add("plain", int8_bytes(truth.plain, most));
    add("locked", int8_bytes(analyst.locked(), most));
    add("zeros, locked", int8_bytes(analyst.scheme().lock(zeroed(truth.plain), truth.key, analyst.seed()), most));
    if (const KeyStream key_stream = analyst.scheme().key_stream(truth.key)) add("key stream", key_stream(most));
    return outcome;
  }
  std::vector<Cell> cells(Effort effort) const override {
    std::vector<Cell> cells;
    // Another key for each model: the raw key stream hangs on the key alone.
    const auto add = [&](const char* file, std::uint64_t seed, std::initializer_list<const char*> schemes) {
      for (const char* scheme : schemes) cells.push_back({.attack = info().name, .scheme = scheme, .file = file, .seed = seed, .effort = effort});
    };
    if (effort == Effort::smoke) {
      add("examples/models/fashion_int8.tflite", 1, {"nnlock-2022-128", "nnlock-v1"});
      return cells;
    }
    std::uint64_t seed = 0;
    for (const char* file : {"tflite/movenet_single_pose_lightning_ptq.tflite", "tflite/person_detect.tflite", "tflite/vww_96_int8.tflite", "tflite/ad01_int8.tflite"})
      add(file, ++seed, {"nnlock-2022-128", "nnlock-2022-256", "nnlock-v1", "period-176", "period-4096"});
    return cells;
  }
  std::string why_it_stopped(const Json& outcome) const override {
    for (std::size_t i = 0; i < outcome.at("streams").size(); ++i)
      if (const Json& stream = outcome.at("streams").at(i); stream.at("stream").string() != "plain" && !stream.at("passes").flag()) return {};
    return "no test tells the bytes from uniform ones in so many of them";
  }
  void report(const RecordSet& records, Page& page) const override { report_statistics(records, page); }
};

}  // namespace

const Analysis& statistics() {
  static const Statistics analysis;
  return analysis;
}

}  // namespace nnlock::lab
