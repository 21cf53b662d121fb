// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Distillation through the authorised interface: whoever may put questions to an unlocked device can train a network of their own on its
// answers. No lock of weights can prevent that, and none claims to; it is measured so that its price is known.
#include <algorithm>

#include "lab/attack.hpp"
#include "lab/distillation/section.hpp"

namespace nnlock::lab {
namespace {

struct Student {
  torch::Tensor targets;   // probabilities, images x classes
  double temperature = 1;  // of the student's logits in training; that of the targets is in them
};

torch::Tensor only_the_answer(const torch::Tensor& labels) { return torch::one_hot(labels, kClasses).to(torch::kFloat32); }

class Distillation : public Attack {
 public:
  const AttackInfo& info() const override {
    static const AttackInfo info{.name = "distillation",
                                 .summary = "a fresh network trained on an authorised device's answers; out of any lock's reach",
                                 .knows = {Knows::architecture, Knows::training_data, Knows::oracle},
                                 .budget = {{"images", "1000", "20000", "of the training set, as questions; their labels serve the comparison alone"},
                                            {"visits", "20000", "200000", "images in all passes of one training"},
                                            {"passes", "40", "40", "at most"},
                                            {"batch", "64", "64", "images in a step"},
                                            {"rate", "0.002", "0.002", "highest, of AdamW"},
                                            {"temperature", "4", "4", "of the logits when they are learned from"}}};
    return info;
  }

  Json run(Attacker& attacker, const Judge& judge, const Budget& budget, const Log& log) const override {
    const Images images = attacker.training_data(budget.whole("images"));
    const auto logits = attacker.ask_oracle(images.pixels);
    const double temperature = budget.real("temperature");
    // The judge's questions; the record's `used` counts them too.
    const auto right = attacker.ask_oracle(judge.test->pixels);
    Json outcome;
    outcome["questions"] = images.size();
    outcome["judged_on"] = judge.test->size();
    outcome["right_key"] = to_json(lab::judge(right, judge.test->labels));
    const auto add = [&](const std::string& name, const Student& student) {
      log("student of " + name);
      outcome[name] = taught(attacker, judge, budget, images.pixels, student, right, log);
    };
    add("logits", {torch::softmax(logits / temperature, 1), temperature});
    add("answers", {only_the_answer(logits.argmax(1))});
    add("labels", {only_the_answer(images.labels)});  // no oracle: what the images are worth by themselves, to someone who knows their labels
    return outcome;
  }

  std::vector<Cell> cells(Effort effort) const override {
    std::vector<Cell> cells;
    for (const char* model : {"mlp", "lenet5"})
      for (const char* images : {"1000", "5000", "20000"}) {
        Cell cell{.attack = info().name, .dataset = "fashion", .model = model, .scheme = "nnlock-v1", .effort = effort};
        if (effort == Effort::full) cell.with["images"] = images;
        cells.push_back(cell);
        if (effort == Effort::smoke) return cells;
      }
    return cells;
  }

  void report(const RecordSet& records, Page& page) const override { report_distillation(records, page); }

 private:
  static Json taught(Attacker& attacker, const Judge& judge, const Budget& budget, const torch::Tensor& pixels, const Student& student, const torch::Tensor& right,
                     const Log& log) {
    const std::int64_t passes = std::clamp<std::int64_t>(budget.whole("visits") / pixels.size(0), 1, budget.whole("passes"));
    const auto network = attacker.network();
    const Recipe recipe{.epochs = passes, .batch = budget.whole("batch"), .rate = budget.real("rate"), .temperature = student.temperature};
    train(*network, {pixels, student.targets}, recipe, attacker.seed(), log);
    const auto found = logits_of(*network, judge.test->pixels);
    Json json = to_json(lab::judge(found, judge.test->labels));
    json["same_answers"] = (right.argmax(1) == found.argmax(1)).to(torch::kFloat64).mean().item<double>();
    return json;
  }
};

}  // namespace

const Attack& distillation() {
  static const Distillation attack;
  return attack;
}

}  // namespace nnlock::lab
