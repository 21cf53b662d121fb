// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// One key stream for two files: the masked streams of two locked versions, or of two models, differ by w1 ^ w2 and the key is gone. What that
// tells with one version known, with the public base known, and with nothing known, as cells. Nothing here uses how the stream is made, but for
// the last step of the base: the key itself (known_schedule).
#include <algorithm>
#include <optional>

#include "lab/cryptanalysis/analysis.hpp"
#include "lab/cryptanalysis/known_schedule/evidence.hpp"
#include "lab/cryptanalysis/known_schedule/known_plaintext.hpp"
#include "lab/cryptanalysis/two_time_pad/pairs.hpp"
#include "lab/cryptanalysis/two_time_pad/section.hpp"
#include "lab/cryptanalysis/two_time_pad/versions.hpp"
#include "lab/failure.hpp"

namespace nnlock::lab {
namespace {

// Three versions in a row: a public base, what its owner made of that and locked, and the next one, locked under the same key.
struct Scene {
  Stream base, first, second;      // plain
  Stream locked_first, locked_second;  // masked: what the analyst has
  std::vector<Weight> weights;
};

Json counted_shares(std::uint64_t right, std::uint64_t of) {
  Json json;
  json["right"] = right;
  json["of"] = of;
  return json;
}

// A zero difference says "unchanged".
Json unchanged(const Scene& scene) {
  const Stream difference = scene.locked_first ^ scene.locked_second, zero(difference.size());
  std::uint64_t stayed = 0, seen = 0, wrongly = 0;
  for (const Weight& weight : scene.weights) {
    const bool is = equal_at(weight, scene.first, scene.second), said = equal_at(weight, difference, zero);
    stayed += is, seen += is && said, wrongly += !is && said;
  }
  Json json = counted_shares(seen, stayed);
  json["wrongly"] = wrongly;
  return json;
}

// Weights of the second version that differ from the first, and how many of these `read` has right.
Json changes_in(const Scene& scene, const Stream& read) {
  std::uint64_t right = 0, of = 0;
  for (const Weight& weight : scene.weights) {
    if (equal_at(weight, scene.first, scene.second)) continue;
    ++of, right += equal_at(weight, read, scene.second);
  }
  return counted_shares(right, of);
}

// Weights of the whole second version.
Json all_of(const Scene& scene, const Stream& read) {
  std::uint64_t right = 0;
  for (const Weight& weight : scene.weights) right += equal_at(weight, read, scene.second);
  return counted_shares(right, scene.weights.size());
}

// Where the two locked versions agree, the key stream is taken to be locked ^ base. Right where the first version is as the base there.
Json key_stream_by_base(const Scene& scene, const Stream& key_stream) {
  const Stream difference = scene.locked_first ^ scene.locked_second, zero(difference.size()), guess = scene.locked_first ^ scene.base;
  std::uint64_t right = 0, of = 0;
  for (const Weight& weight : scene.weights) {
    if (!equal_at(weight, difference, zero)) continue;
    ++of, right += equal_at(weight, guess, key_stream);
  }
  return counted_shares(right, of);
}

Json to_json(const PairScore& score) {
  Json json;
  json["pairs"] = score.pairs;
  json["right_by_guess"] = score.guessed;
  json["right"] = score.read;
  json["right_either_way"] = score.either_way;
  json["tries_without"] = score.tries_without;
  json["tries"] = score.tries;
  return json;
}

// For each byte of a stream, which byte of an element of this type it is; nothing where tensors have another type.
std::vector<std::optional<std::size_t>> places(const std::vector<ParamSpan>& spans, Dtype dtype, std::size_t width) {
  std::vector<std::optional<std::size_t>> all;
  for (const ParamSpan& span : spans)
    for (std::uint64_t i = 0; i < span.length; ++i) all.push_back(span.dtype == dtype ? std::optional<std::size_t>(i % width) : std::nullopt);
  return all;
}

class TwoTimePad : public Analysis {
 public:
  const AttackInfo& info() const override {
    static const AttackInfo info{.name = "two-time-pad",
                                 .summary = "one key stream for two versions of a model, or for two models",
                                 .knows = {Knows::locked_file, Knows::second_file, Knows::public_base},
                                 .budget = {{"changed", "0.1", "0.1", "share of the weights that each version moves"},
                                            {"step", "4", "4", "by how much an int8 weight moves at most; floats and biases by 5 per cent"},
                                            {"lock_id", "fresh", "fresh", "nnlock-v1 only: fresh for each version, as the library draws it, or reused, which only a lab can do"},
                                            {"second_model", "none", "none", "another TFLite model of the data folder, locked under the same key"}}};
    return info;
  }

  Json run(const Analyst& analyst, const Truth& truth, const Budget& budget, const Log& log) const override {
    const FineTuning how{.share = budget.real("changed"), .step = static_cast<int>(budget.whole("step"))};
    if (how.step < 1) throw Failure("step=" + budget.text("step") + " moves nothing", "give 1 or more");
    const Bytes base = fine_tuned(truth.plain, how, Random(analyst.seed(), "base")), second = fine_tuned(truth.plain, how, Random(analyst.seed(), "second version"));
    const std::uint64_t second_seed = analyst.seed() + (budget.text("lock_id") == "reused" ? 0 : 1);
    const MaskedStream first_masked = masked_stream(analyst.locked());
    const Bytes second_locked = analyst.scheme().lock(second, truth.key, second_seed);
    const Scene scene{plain_stream(base), plain_stream(truth.plain), plain_stream(second), first_masked.bytes, masked_stream(second_locked).bytes, weights_of(first_masked.pieces)};
    const Stream difference = scene.locked_first ^ scene.locked_second;
    Json outcome;
    outcome["weights"] = scene.weights.size();
    outcome["unchanged_seen"] = unchanged(scene);
    outcome["first_known"]["weights"] = all_of(scene, difference ^ scene.first);
    outcome["first_known"]["changes"] = changes_in(scene, difference ^ scene.first);
    log("the base");
    outcome["base_known"] = by_base(analyst, truth, scene, first_masked, base, second, second_locked);
    log("nothing known");
    const Dtype dtype = dtype_under_attack(first_masked);
    outcome["type"] = std::string(nnlock::to_string(dtype));
    outcome["versions_unknown"] = versions_unknown(scene, truth.plain, dtype, how);
    if (budget.text("second_model") != "none") outcome["models_unknown"] = models_unknown(analyst, truth, budget.text("second_model"), second_seed, dtype, scene);
    return outcome;
  }

  std::vector<Cell> cells(Effort effort) const override;
  std::string why_it_stopped(const Json& outcome) const override {
    const Json& seen = outcome.at("unchanged_seen");
    const bool by_chance = seen.at("right").number() <= 0.01 * seen.at("of").number();  // int8 weights agree in one of 256
    return by_chance && !outcome.at("base_known").at("key_found").flag() ? "the two files share no key stream: equal weights are locked to equal bytes as often as others, and the public base gives no key" : "";
  }
  void report(const RecordSet& records, Page& page) const override { report_two_time_pad(records, page); }

 private:
  static Json by_base(const Analyst& analyst, const Truth& truth, const Scene& scene, const MaskedStream& first, const Bytes& base, const Bytes& second, const Bytes& second_locked) {
    const KeyStream made = analyst.scheme().key_stream(truth.key);
    const Stream key_stream = made ? made(scene.first.size()) : Stream{};
    const Stream difference = scene.locked_first ^ scene.locked_second;
    Json json;
    json["key_stream"] = key_stream.empty() ? Json() : key_stream_by_base(scene, key_stream);
    json["changes"] = changes_in(scene, difference ^ scene.base);
    const auto hit = key_from_base(first, base, analyst.scheme().info().key_bits);
    json["key_found"] = hit.has_value();
    json["blocks_tried"] = hit ? Json(hit->blocks_tried) : Json();
    json["unlocks_both"] = hit && analyst.scheme().unlock(analyst.locked(), hit->key) == truth.plain && analyst.scheme().unlock(second_locked, hit->key) == second;
    return json;
  }

  // Only weights that moved count: where nothing moved, the difference is zero and tells nothing of the value.
  static Json versions_unknown(const Scene& scene, const Bytes& model, Dtype dtype, const FineTuning& how) {
    const Prior prior = generic_prior(dtype);
    std::vector<PairReader> readers;
    for (const BytePrior& byte : prior.bytes) readers.emplace_back(dtype == Dtype::i8 ? tuned(byte, how.share, how.step) : independent(byte, byte));
    const auto place = places(parameters_of(model), dtype, readers.size());
    std::vector<PairScore> scores(readers.size());
    for (std::size_t i = 0; i < place.size(); ++i)
      if (place[i] && scene.first[i] != scene.second[i])
        add(scores[*place[i]], readers[*place[i]], scene.locked_first[i] ^ scene.locked_second[i], scene.first[i], scene.second[i]);
    return to_json(scores.back());  // of a float only the byte of sign and exponent tells anything
  }

  static Json models_unknown(const Analyst& analyst, const Truth& truth, const std::string& name, std::uint64_t seed, Dtype dtype, const Scene& scene) {
    const Bytes other = model_file("tflite/" + name + ".tflite");
    const Stream plain = plain_stream(other), locked = masked_stream(analyst.scheme().lock(other, truth.key, seed)).bytes;
    const Prior prior = generic_prior(dtype);
    const std::size_t width = prior.bytes.size();
    std::vector<PairReader> readers;  // [place in the one element * width + place in the other]
    for (const BytePrior& one : prior.bytes)
      for (const BytePrior& two : prior.bytes) readers.emplace_back(independent(one, two));
    const auto here = places(parameters_of(truth.plain), dtype, width), there = places(parameters_of(other), dtype, width);
    std::vector<PairScore> scores(width);
    for (std::size_t i = 0; i < std::min(here.size(), there.size()); ++i)
      if (here[i] && there[i]) add(scores[*here[i]], readers[*here[i] * width + *there[i]], scene.locked_first[i] ^ locked[i], scene.first[i], plain[i]);
    return to_json(scores.back());  // of a float only the byte of sign and exponent tells anything
  }
};

std::vector<Cell> TwoTimePad::cells(Effort effort) const {
  std::vector<Cell> cells;
  const auto add = [&](const char* file, const char* scheme, std::map<std::string, std::string> with) {
    cells.push_back({.attack = info().name, .scheme = scheme, .file = file, .seed = 1, .effort = effort, .with = std::move(with)});
  };
  if (effort == Effort::smoke) {
    for (const char* scheme : {"nnlock-2022-128", "nnlock-v1"}) add("examples/models/fashion_int8.tflite", scheme, {});
    return cells;
  }
  struct Target {
    const char *file, *other;
  };
  for (const Target& target : {Target{"tflite/vww_96_int8.tflite", "ad01_int8"}, Target{"tflite/pretrainedResnet_quant.tflite", "kws_ref_model"},
                               Target{"tflite/vww_96_float.tflite", "ad01_fp32"}, Target{"safetensors/cifar10_resnet20.safetensors", "pretrainedResnet"}}) {
    for (const char* changed : {"0.01", "0.5"}) add(target.file, "nnlock-2022-128", {{"changed", changed}});
    for (const char* scheme : {"nnlock-2022-128", "nnlock-2022-256"}) add(target.file, scheme, {{"second_model", target.other}});
    for (const char* lock_id : {"fresh", "reused"}) add(target.file, "nnlock-v1", {{"lock_id", lock_id}, {"second_model", target.other}});
  }
  return cells;
}

}  // namespace

const Analysis& two_time_pad() {
  static const TwoTimePad analysis;
  return analysis;
}

}  // namespace nnlock::lab
