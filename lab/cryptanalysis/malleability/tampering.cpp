// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Flips all over a locked file, opened with the right key, as cells: refused, or opened with exactly the bits turned over that the attacker chose.
// What a network does with such weights: lab/malleability.
#include "lab/cryptanalysis/analysis.hpp"
#include "lab/cryptanalysis/malleability/flips.hpp"
#include "lab/cryptanalysis/malleability/section.hpp"
#include "lab/failure.hpp"

namespace nnlock::lab {
namespace {

struct Count {
  std::uint64_t flips = 0, refused = 0, as_chosen = 0, otherwise = 0;
};

Json to_json(Region region, const Count& count) {
  Json json;
  json["region"] = to_string(region);
  json["flips"] = count.flips;
  json["refused"] = count.refused;
  json["as_chosen"] = count.as_chosen;
  json["otherwise"] = count.otherwise;
  return json;
}

class Tampering : public Analysis {
 public:
  const AttackInfo& info() const override {
    static const AttackInfo info{.name = "tampering",
                                 .summary = "chosen bits of a locked file turned over without the key, then opened with it",
                                 .knows = {Knows::locked_file},
                                 .budget = {{"flips", "40", "400", "single flips in each region of the file"}}};
    return info;
  }

  Json run(const Analyst& analyst, const Truth& truth, const Budget& budget, const Log& log) const override {
    const Trial trial{analyst, truth, regions_of(analyst.locked()), static_cast<std::uint64_t>(budget.whole("flips"))};
    Json outcome;
    for (const Region region : {Region::parameters, Region::record, Region::structure}) {
      log(to_string(region));
      if (const Count count = trial.flipped(region, true); count.flips > 0) outcome["opened"].push_back(to_json(region, count));
    }
    if (analyst.scheme().info().authenticated) outcome["unauthenticated"].push_back(to_json(Region::parameters, trial.flipped(Region::parameters, false)));
    return outcome;
  }

  std::vector<Cell> cells(Effort effort) const override {
    std::vector<Cell> cells;
    const auto add = [&](const char* file, const char* scheme) { cells.push_back({.attack = info().name, .scheme = scheme, .file = file, .seed = 1, .effort = effort}); };
    if (effort == Effort::smoke) {
      for (const char* scheme : {"nnlock-2022-128", "nnlock-v1"}) add("examples/models/fashion_int8.tflite", scheme);
      return cells;
    }
    for (const char* file : {"tflite/pretrainedResnet_quant.tflite", "tflite/kws_ref_model.tflite", "tflite/kws_ref_model_float32.tflite", "safetensors/mnist_tinygrad.safetensors", "onnx/mnist_cntk_winml.onnx"})
      for (const char* scheme : {"nnlock-2022-128", "nnlock-2022-256", "nnlock-v1"}) add(file, scheme);
    return cells;
  }
  std::string why_it_stopped(const Json& outcome) const override {
    for (std::size_t i = 0; i < outcome.at("opened").size(); ++i)
      if (outcome.at("opened").at(i).at("refused").number() < outcome.at("opened").at(i).at("flips").number()) return {};
    return "every changed file is refused: authentication";
  }
  void report(const RecordSet& records, Page& page) const override { report_tampering(records, page); }

 private:
  struct Trial {
    const Analyst& analyst;
    const Truth& truth;
    std::vector<Region> regions;
    std::uint64_t flips;

    // One bit each time, at a place drawn in the region.
    Count flipped(Region region, bool checked) const {
      std::vector<std::uint64_t> places;
      for (std::uint64_t i = 0; i < regions.size(); ++i)
        if (regions[i] == region) places.push_back(i);
      Random random(analyst.seed(), to_string(region));
      Count count;
      for (std::uint64_t i = 0; i < flips && !places.empty(); ++i) one({places[random.below(places.size())], static_cast<std::uint8_t>(1u << random.below(8))}, region, checked, count);
      return count;
    }
    void one(const Flip& flip, Region region, bool checked, Count& count) const {
      Bytes file = analyst.locked();
      if (region == Region::parameters) apply(flip, file);
      else file[flip.offset] ^= static_cast<std::byte>(flip.bits);
      ++count.flips;
      try {
        const Bytes opened = checked ? analyst.scheme().unlock(file, truth.key) : analyst.scheme().unlock_unchecked(file, truth.key);
        ++(opened == wanted(flip) ? count.as_chosen : count.otherwise);
      } catch (const Failure&) {
        ++count.refused;
      }
    }
    // The plain model with this bit turned over.
    Bytes wanted(const Flip& flip) const {
      Bytes model = truth.plain;
      const auto stored = stored_parameters(analyst.locked());
      const auto plain = parameters_of(model);
      for (std::size_t i = 0; i < stored.size(); ++i)
        if (flip.offset >= stored[i].offset && flip.offset - stored[i].offset < stored[i].length) {
          model[plain[i].offset + flip.offset - stored[i].offset] ^= static_cast<std::byte>(flip.bits);
          return model;
        }
      if (analyst.locked().size() == model.size()) model[flip.offset] ^= static_cast<std::byte>(flip.bits);  // in the structure
      return model;
    }
  };
};

}  // namespace

const Analysis& tampering() {
  static const Tampering analysis;
  return analysis;
}

}  // namespace nnlock::lab
