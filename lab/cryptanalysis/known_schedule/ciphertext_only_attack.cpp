// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The attack of README.md as cells: the key of the published lock from the locked file and a prior, and from nothing else.
#include <algorithm>
#include <map>

#include "lab/cryptanalysis/analysis.hpp"
#include "lab/cryptanalysis/known_schedule/evidence.hpp"
#include "lab/cryptanalysis/known_schedule/recover.hpp"
#include "lab/cryptanalysis/known_schedule/recover_256.hpp"
#include "lab/cryptanalysis/known_schedule/section.hpp"
#include "lab/failure.hpp"

namespace nnlock::lab {
namespace {

// Weights of `dtype` in a model: tensors of at least two dimensions; a bias or a norm would blur the picture.
Bytes weights_in(const Bytes& model, Dtype dtype) {
  Bytes weights;
  for (const ParamSpan& span : parameters_of(model))
    if (span.dtype == dtype && span.shape.size() >= 2) append(weights, std::span(model).subspan(span.offset, span.length));
  return weights;
}

Json described(const RegionAttempt& attempt, const MaskedStream& stream) {
  Json json;
  json["tensor"] = stream.pieces[attempt.region.piece].span.name;
  json["first_round"] = attempt.region.first_round;
  json["rounds"] = attempt.region.rounds;
  json["loss"] = attempt.loss;
  json["survivors"] = Json::array(std::vector<std::size_t>(attempt.survivors.begin(), attempt.survivors.end()));
  json["bits"] = Json::array(std::vector<double>(attempt.bits.begin(), attempt.bits.end()));
  json["states"] = attempt.states;
  return json;
}

class CiphertextOnly : public Analysis {
 public:
  const AttackInfo& info() const override {
    static const AttackInfo info{.name = "ciphertext-only",
                                 .summary = "the four strands of the key expansion, each searched through, scored by what weights look like",
                                 .knows = {Knows::locked_file, Knows::other_models},
                                 .budget = {{"rounds", "96", "96", "round keys looked at, 16 bytes each; floats take as many times more as an element has bytes"},
                                            {"regions", "6", "6", "tensors tried before giving up"},
                                            {"given_bits", "32", "0", "bits of the strands' states that the attack is given, to shorten a test: 0 or 32"},
                                            {"prior", "generic", "generic", "no model at all: a heavy-tailed prior, then a wide one; or the files of other models, separated by commas"},
                                            {"threads", "2", "2", "of the search; they change nothing but its time"},
                                            {"log2_nodes", "26", "36", "AES-256 only: states looked at before giving up"}}};
    return info;
  }
  Json run(const Analyst& analyst, const Truth& truth, const Budget& budget, const Log& log) const override {
    const MaskedStream stream = masked_stream(analyst.locked());
    Json outcome;
    outcome["given_bits"] = 0;
    const auto key = analyst.scheme().info().name.ends_with("-256") ? wide(stream, budget, log, outcome) : narrow(stream, analyst, truth, budget, log, outcome);
    // The verdict: the key that was found opens the file.
    outcome["key_found"] = key.has_value();
    outcome["key_is_right"] = key == truth.key;
    outcome["unlocks"] = key && key->bits() == analyst.scheme().info().key_bits && analyst.scheme().unlock(analyst.locked(), *key) == truth.plain;
    return outcome;
  }
  std::vector<Cell> cells(Effort effort) const override;
  void report(const RecordSet& records, Page& page) const override { report_ciphertext_only(records, page); }
  std::vector<Finding> findings(const RecordSet& records, const Page&) const override { return findings_of_key_recovery(records, "master key from the locked file alone"); }

 private:
  // Strands of 32 bits.
  static std::optional<Key> narrow(const MaskedStream& stream, const Analyst& analyst, const Truth& truth, const Budget& budget, const Log& log, Json& outcome) {
    const std::vector<Prior> priors = priors_of(analyst, dtype_under_attack(stream), budget);
    RecoveryOptions options{.rounds = static_cast<std::uint64_t>(budget.whole("rounds")),
                            .most_regions = static_cast<std::size_t>(budget.whole("regions")),
                            .threads = static_cast<unsigned>(budget.whole("threads"))};
    if (budget.whole("given_bits") == 32) options.given_first_bytes = first_bytes(analyst, truth, stream, priors[0], options);
    if (options.given_first_bytes) log("given: 32 bits of the strands, so 2^24 states each instead of 2^32");
    outcome["dtype"] = std::string(to_string(priors[0].dtype));
    outcome["given_bits"] = options.given_first_bytes ? 32 : 0;
    outcome["kernel"] = search_kernels().front();
    double best = 0;
    for (const Prior& prior : priors) {
      log("search, " + prior.source);
      outcome["prior"] = prior.source;
      const Recovery recovery = recover_key(stream, prior, options);
      outcome["verified_bits_a_byte"] = recovery.verified_bits;
      for (const RegionAttempt& attempt : recovery.attempts) {
        outcome["attempts"].push_back(described(attempt, stream));
        best = std::max(best, *std::max_element(attempt.bits.begin(), attempt.bits.end()));
      }
      if (recovery.key) return recovery.key;
      options.rounds *= 2;  // the next prior says less of each weight
    }
    outcome["why"] = outcome.has("attempts") ? "in none of the attempts were there four strands of at least 40 bits of evidence; the likeliest state of any had " + std::to_string(static_cast<int>(best))
                                             : "no tensor is long enough for " + std::to_string(options.rounds / 2 * priors[0].width()) + " round keys";
    return std::nullopt;
  }

  // Strands of 64 bits: only int8, and only where weights lie close together.
  static std::optional<Key> wide(const MaskedStream& stream, const Budget& budget, const Log& log, Json& outcome) {
    log("search of 64-bit strands");
    const Recovery256 recovery =
        recover_key_256(stream, {.most_nodes = std::uint64_t{1} << std::clamp<std::int64_t>(budget.whole("log2_nodes"), 0, 62), .threads = static_cast<unsigned>(budget.whole("threads"))});
    outcome["dtype"] = "i8";
    outcome["prior"] = recovery.key ? "deviation " + std::to_string(static_cast<int>(recovery.assumption.deviation)) : "deviations 6 to 12";
    outcome["stretches"] = recovery.stretches;
    outcome["tried"] = recovery.tried;
    outcome["nodes"] = recovery.nodes;
    outcome["complete"] = recovery.complete;
    outcome["expected_log2_nodes"] = Json::array(recovery.expected_nodes);
    outcome["verified_bits_a_byte"] = recovery.verified_bits;
    if (recovery.key) outcome["tensor"] = recovery.tensor;
    else outcome["why"] = recovery.complete ? "no stretch of the file lies close enough together, or none was found in it" : "the budget of nodes was spent";
    outcome["bits"] = Json::array(std::vector<double>(recovery.bits.begin(), recovery.bits.end()));
    return recovery.key;
  }

  // What to believe of weights, one after the other. With no model to learn from: int8 weights lie close together, or else far apart, as in small convolutions.
  static std::vector<Prior> priors_of(const Analyst& analyst, Dtype dtype, const Budget& budget) {
    if (budget.text("prior") == "generic") return dtype == Dtype::i8 ? std::vector<Prior>{generic_prior(dtype), normal_prior(45)} : std::vector<Prior>{generic_prior(dtype)};
    Bytes weights;
    for (const std::string& name : budget.names("prior")) append(weights, weights_in(analyst.other_model(name), dtype));
    return {learnt_prior(dtype, weights, "byte frequencies of " + budget.text("prior"))};
  }
  // The first byte of each strand where the search begins: what a test gives away. Under nnlock-v1 there are no strands, and the bytes given are
  // what the published stream would have.
  static std::vector<std::uint8_t> first_bytes(const Analyst& analyst, const Truth& truth, const MaskedStream& stream, const Prior& prior, RecoveryOptions& options) {
    options.most_regions = 1;
    const auto places = regions(stream, prior.dtype, options.rounds * prior.bytes.size());
    std::vector<std::uint8_t> bytes(4);
    const KeyStream key_stream = analyst.scheme().key_stream(truth.key);
    if (places.empty() || !key_stream) return bytes;
    const auto k = key_stream(stream.bytes.size());
    for (unsigned j = 0; j < 4; ++j) bytes[j] = k[diagonal_position(j, places.front().first_round)];
    return bytes;
  }
};

std::vector<Cell> CiphertextOnly::cells(Effort effort) const {
  std::vector<Cell> cells;
  const auto add = [&](const std::string& file, const char* scheme, std::uint64_t seed, std::map<std::string, std::string> with = {}) {
    cells.push_back({.attack = info().name, .scheme = scheme, .file = file, .seed = seed, .effort = effort, .with = std::move(with)});
  };
  if (effort == Effort::smoke) {
    for (const char* scheme : {"nnlock-2022-128", "nnlock-v1"}) add("examples/models/fashion_int8.tflite", scheme, 1);
    return cells;
  }
  const std::string vww = "tflite/vww_96_int8.tflite", movenet = "tflite/movenet_single_pose_lightning_ptq.tflite", resnet = "tflite/pretrainedResnet_quant.tflite";
  const std::string large = "tflite/pretrainedResnet_large_int8.tflite", ad = "tflite/ad01_int8.tflite", kws = "tflite/kws_ref_model.tflite";
  const std::string resnet20 = "safetensors/cifar10_resnet20.safetensors", resnet20_bf16 = resnet20 + ":bf16";
  // At least ten keys over at least three models; then the other int8 models here, those included whose weights lie far apart.
  for (const std::uint64_t seed : {1u, 2u, 3u})
    for (const std::string& file : {vww, movenet, resnet, large}) add(file, "nnlock-2022-128", seed);
  for (const char* file : {"examples/models/fashion_int8.tflite", "tflite/ad01_int8.tflite", "tflite/posenet_mobilenet_v1_075_353_481_16_quant_decoder.tflite", "tflite/micro_speech_quantized.tflite",
                           "tflite/micro_speech_lstm.tflite", "tflite/person_detect.tflite", "tflite/kws_ref_model.tflite", "tflite/str_ww_ref_model.tflite"})
    add(file, "nnlock-2022-128", 1);
  add(kws, "nnlock-2022-128", 1, {{"prior", "tflite/str_ww_ref_model.tflite,tflite/person_detect.tflite"}});
  for (const std::string& file : {std::string("examples/models/fashion_float32.onnx"), std::string("tflite/vww_96_float.tflite"), std::string("tflite/pretrainedResnet_large_float.tflite"), resnet20, resnet20_bf16})
    add(file, "nnlock-2022-128", 1);
  for (const std::string& file : {ad, vww, large, movenet, kws}) add(file, "nnlock-2022-256", 1);
  for (const std::string& file : {vww, movenet, resnet20, resnet20_bf16}) add(file, "nnlock-v1", 1);
  return cells;
}

}  // namespace

const Analysis& ciphertext_only() {
  static const CiphertextOnly analysis;
  return analysis;
}

}  // namespace nnlock::lab
