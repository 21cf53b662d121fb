// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The master key of the published lock from weights that can be guessed, as cells.
#include <algorithm>

#include "lab/cryptanalysis/analysis.hpp"
#include "lab/cryptanalysis/known_schedule/known_plaintext.hpp"
#include "lab/cryptanalysis/known_schedule/section.hpp"

namespace nnlock::lab {
namespace {

// The public base of which the model under attack is a refinement, where no such pair is at hand: its largest tensor is the model's (frozen), all others are
// drawn anew.
Bytes base_of(const Bytes& refined, std::uint64_t seed) {
  const auto spans = parameters_of(refined);
  const auto frozen = std::max_element(spans.begin(), spans.end(), [](const ParamSpan& a, const ParamSpan& b) { return a.length < b.length; });
  Random random(seed, "public base");
  Bytes base = refined;
  for (auto span = spans.begin(); span != spans.end(); ++span)
    for (std::uint64_t i = span->offset; span != frozen && i < span->offset + span->length; ++i) base[i] = static_cast<std::byte>(random.below(256));
  return base;
}

class KnownPlaintext : public Analysis {
 public:
  const AttackInfo& info() const override {
    static const AttackInfo info{.name = "known-plaintext",
                                 .summary = "the key expansion backwards, from one key length of weights that are guessed: zeros, ones, or a public base model",
                                 .knows = {Knows::locked_file, Knows::public_base},
                                 .budget = {{"base", "none", "none", "file of a public model that this one may refine; none: zeros and ones only; made: a base with one layer in common"}}};
    return info;
  }
  Json run(const Analyst& analyst, const Truth& truth, const Budget& budget, const Log& log) const override {
    const MaskedStream stream = masked_stream(analyst.locked());
    // nnlock-v1 has keys of 256 bits, and no schedule that could be run backwards: it is tried as if it had one.
    const std::size_t bits = analyst.scheme().info().key_bits;
    log("guesses");
    auto hit = key_from_common_values(stream, bits);
    const std::string& base = budget.text("base");
    if (!hit && base != "none") hit = key_from_base(stream, base == "made" ? base_of(truth.plain, analyst.seed()) : analyst.other_model(base), bits);
    Json outcome;
    outcome["key_found"] = hit.has_value();
    if (hit) {
      outcome["guess"] = hit->guess;
      outcome["tensor"] = hit->tensor;
      outcome["position"] = hit->position;
      outcome["blocks_tried"] = hit->blocks_tried;
    }
    if (!hit) outcome["why"] = "no guess at any aligned place makes the expansion that follows from it give what was guessed in the next key length too";
    outcome["key_is_right"] = hit && hit->key == truth.key;
    outcome["unlocks"] = hit && analyst.scheme().unlock(analyst.locked(), hit->key) == truth.plain;
    return outcome;
  }
  std::vector<Cell> cells(Effort effort) const override {
    std::vector<Cell> cells;
    const auto add = [&](const char* file, const char* scheme, std::map<std::string, std::string> with = {}) {
      cells.push_back({.attack = info().name, .scheme = scheme, .file = file, .seed = 1, .effort = effort, .with = std::move(with)});
    };
    const std::vector<const char*> schemes = {"nnlock-2022-128", "nnlock-2022-256", "nnlock-v1"};
    for (const char* scheme : schemes) add("examples/models/fashion_int8.tflite", scheme, {{"base", "made"}});
    if (effort == Effort::smoke) return cells;
    for (const char* file : {"tflite/vww_96_int8.tflite", "tflite/vww_96_float.tflite", "tflite/ad01_int8.tflite", "tflite/ad01_fp32.tflite", "tflite/pretrainedResnet_quant.tflite",
                             "tflite/pretrainedResnet_large_int8.tflite", "tflite/pretrainedResnet_large_float.tflite", "tflite/movenet_single_pose_lightning_ptq.tflite", "tflite/kws_ref_model.tflite",
                             "tflite/str_ww_ref_model.tflite", "tflite/person_detect.tflite", "tflite/micro_speech_quantized.tflite", "tflite/mediapipe_face_detection_short_range.tflite",
                             "tflite/mobilenet_v1_0.75_192_quant.tflite", "tflite/mobilenet_v2_1.0_224_quant.tflite", "onnx/Ultraface_version-RFB-320.onnx", "safetensors/cifar10_resnet20.safetensors"})
      for (const char* scheme : schemes) add(file, scheme);
    return cells;
  }
  void report(const RecordSet& records, Page& page) const override { report_known_plaintext(records, page); }
  std::vector<Finding> findings(const RecordSet& records, const Page&) const override { return findings_of_key_recovery(records, "master key from weights that are guessed"); }
};

}  // namespace

const Analysis& known_plaintext() {
  static const KnownPlaintext analysis;
  return analysis;
}

}  // namespace nnlock::lab
