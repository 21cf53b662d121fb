// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Key recovery from questions to an authorised device, in the manner of Li, Zhao, He and Zhou (DAC 2024), of which the abstract is
// public: algebraic where that works, learning elsewhere, and a last check that needs no judge. No training image is used.
#include "lab/input_output/recovery.hpp"
#include "lab/input_output/section.hpp"
#include "lab/schemes/hpnn.hpp"

namespace nnlock::lab {
namespace {

class InputOutput : public Attack {
 public:
  const AttackInfo& info() const override {
    static const AttackInfo info{.name = "input-output",
                                 .summary = "HPNN's key bits from the oracle's logits for made-up images: by algebra where a unit can be moved alone, by learning elsewhere, the key proved on fresh questions",
                                 .knows = {Knows::locked_file, Knows::architecture, Knows::oracle},
                                 .budget = {{"algebraic", "1", "1", "0: the learning step alone"},
                                            {"inputs", "4", "4", "images around which a dense layer is probed"},
                                            {"questions", "512", "2048", "for the learning step"},
                                            {"starts", "6", "20", "of the learning step, at most"},
                                            {"steps", "200", "300", "of one start"},
                                            {"batch", "64", "64", "questions in a step"},
                                            {"rate", "0.05", "0.05", "of Adam"}}};
    return info;
  }

  std::string refusal(const Target& target) const override {
    if (target.scheme->info().name.starts_with("hpnn-")) return {};
    return target.scheme->info().name + " has no sign bits inside the network for the logits to tell";
  }

  Json run(Attacker& attacker, const Judge& judge, const Budget& budget, const Log& log) const override {
    Recovery recovery(attacker, judge, budget, log);
    if (budget.whole("algebraic") != 0) recovery.probe_upwards();
    for (std::int64_t start = 1; start <= budget.whole("starts") && !recovery.complete(); ++start) recovery.learn(start);
    Json outcome;
    outcome["key_proved"] = recovery.complete();  // by the attacker: logits equal on fresh questions
    outcome["bits"] = recovery.copy().bits();
    judge_key(outcome, recovery, *judge.right_key, attacker);
    judge_answers(outcome, recovery, attacker, judge);
    outcome["stages"] = recovery.stages();
    return outcome;
  }

  std::vector<Cell> cells(Effort effort) const override;
  void report(const RecordSet& records, Page& page) const override { report_input_output(records, page); }
  std::vector<Finding> findings(const RecordSet& records, const Page&) const override { return input_output_findings(records); }

 private:
  // A bit matters when the right network's logits for made-up images change with it.
  static torch::Tensor bits_that_matter(Copy& copy, const torch::Tensor& right, const torch::Tensor& pixels) {
    auto matter = torch::zeros({copy.bits()}, torch::kBool);
    const auto logits = copy.logits(right, pixels);
    for (std::int64_t bit = 0; bit < copy.bits(); ++bit) {
      auto flipped = right.clone();
      flipped[bit] *= -1;
      matter[bit] = !same_logits(copy.logits(flipped, pixels), logits);
    }
    return matter;
  }

  static void judge_key(Json& outcome, Recovery& recovery, const Key& key, const Attacker& attacker) {
    const auto right = hpnn_factors(key);
    Random random(attacker.seed(), "bits that matter");
    const auto matter = bits_that_matter(recovery.copy(), right, made_up_images(attacker.target().input, 128, random));
    const auto equal = recovery.factors() == right;
    outcome["bits_right"] = equal.sum().item<std::int64_t>();
    outcome["bits_that_matter"] = matter.sum().item<std::int64_t>();
    outcome["bits_that_matter_right"] = (equal & matter).sum().item<std::int64_t>();
  }

  static void judge_answers(Json& outcome, Recovery& recovery, const Attacker& attacker, const Judge& judge) {
    const auto authorised = network_under(*judge.right_key, attacker);
    const auto right = logits_of(*authorised, judge.test->pixels), found = recovery.copy().logits(recovery.factors(), judge.test->pixels);
    outcome["right_key"] = to_json(lab::judge(right, judge.test->labels));
    outcome["recovered"] = to_json(lab::judge(found, judge.test->labels));
    outcome["same_answers"] = (right.argmax(1) == found.argmax(1)).to(torch::kFloat64).mean().item<double>();
    outcome["greatest_logit_difference"] = (right - found).abs().max().item<double>();
  }
};

std::vector<Cell> InputOutput::cells(Effort effort) const {
  std::vector<Cell> cells;
  const auto add = [&](const char* model, const char* scheme, std::uint64_t seed) -> Cell& {
    return cells.emplace_back(Cell{.attack = info().name, .dataset = "fashion", .model = model, .scheme = scheme, .seed = seed, .effort = effort});
  };
  add("mlp", "hpnn-64", 1);
  add("lenet5", "hpnn-64", 1);
  if (effort == Effort::smoke) return cells;
  add("mlp", "hpnn-64", 1).with["algebraic"] = "0";
  for (const char* scheme : {"hpnn-128", "hpnn-256"}) {
    add("mlp", scheme, 1);
    add("mlp", scheme, 1).with["algebraic"] = "0";
  }
  add("lenet5", "hpnn-128", 1);
  add("resnet8", "hpnn-128", 1).with["starts"] = "4";  // a minute each, and none found the key so far
  for (std::uint64_t seed = 2; seed <= 10; ++seed)
    for (const char* model : {"mlp", "lenet5"}) add(model, "hpnn-64", seed);
  return cells;
}

}  // namespace

const Attack& input_output() {
  static const InputOutput attack;
  return attack;
}

}  // namespace nnlock::lab
