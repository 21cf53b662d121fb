// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Key bits of HPNN relaxed: each factor is tanh of a number that descends the gradient of the loss on some labelled images; in the end
// its sign is the bit. The descent often ends far from the key, where the loss is higher; so several random starts are taken a few
// steps down, and the one with the least loss goes on. A key that goes through a cipher has no gradient; gradient-stream is what corresponds to this there.
#include "lab/attack.hpp"
#include "lab/gradient/section.hpp"
#include "lab/key_search/key_trial.hpp"
#include "lab/schemes/hpnn.hpp"

namespace nnlock::lab {
namespace {

// A bit is 1 where its factor is negative.
Key rounded(const torch::Tensor& relaxed) {
  Key key{std::vector<std::uint8_t>(static_cast<std::size_t>(relaxed.size(0)) / 8)};
  for (std::size_t i = 0; i < key.bits(); ++i)
    if (relaxed.data_ptr<float>()[i] < 0) key.flip(i);
  return key;
}

// Not zeros: a sign of zero stops every gradient behind it.
torch::Tensor random_start(std::size_t bits, double spread, Random& random) {
  auto start = torch::empty({static_cast<std::int64_t>(bits)});
  for (std::size_t i = 0; i < bits; ++i) start.data_ptr<float>()[i] = static_cast<float>((2 * random.uniform() - 1) * spread);
  return start.requires_grad_();
}

// One start and its way down.
class Descent {
 public:
  Descent(const Attacker& attacker, const Images& images, const Budget& budget, Random& random)
      : images_(images),
        network_(attacker.network()),
        relaxed_(random_start(attacker.scheme().info().key_bits, budget.real("spread"), random)),
        optimiser_({relaxed_}, torch::optim::AdamOptions(budget.real("rate"))) {
    attacker.scheme().install_locked(*network_, attacker.locked_file());
    for (auto& parameter : network_->parameters()) parameter.requires_grad_(false);
  }
  void go(std::int64_t steps, KeyVerdict& verdict) {
    for (std::int64_t i = 0; i < steps; ++i) {
      if (step_ % 10 == 0) note(verdict);
      optimiser_.zero_grad();
      loss().backward();
      optimiser_.step();
      ++step_;
    }
  }
  double relaxed_loss() const {
    torch::NoGradGuard no_grad;
    return loss().item<double>();
  }
  Key key() const { return rounded(relaxed_); }
  // Relaxed loss by step, and share of right bits and accuracy of the rounded key.
  const Json& course() const { return course_; }
  void note(KeyVerdict& verdict) {
    course_["step"].push_back(step_);
    course_["loss"].push_back(relaxed_loss());
    course_["bits_right"].push_back(verdict.bits_right(key()));
    course_["accuracy"].push_back(verdict.accuracy(key()));
  }

 private:
  torch::Tensor loss() const {
    network_->set_signs(hpnn_signs(torch::tanh(relaxed_), *network_));
    return torch::cross_entropy_loss(network_->forward(images_.pixels), images_.labels);
  }
  const Images& images_;
  std::shared_ptr<Network> network_;
  torch::Tensor relaxed_;
  torch::optim::Adam optimiser_;
  std::int64_t step_ = 0;
  Json course_;
};

class Gradient : public Attack {
 public:
  const AttackInfo& info() const override {
    static const AttackInfo info{.name = "gradient",
                                 .summary = "key bits relaxed through tanh, by gradient descent",
                                 .knows = {Knows::locked_file, Knows::architecture, Knows::training_data},
                                 .budget = {{"images", "200", "600", "labelled images that give the loss"},
                                            {"starts", "8", "12", "random starts"},
                                            {"first_steps", "30", "30", "of Adam in each start, on all images; the start with the least loss goes on"},
                                            {"steps", "60", "150", "of Adam from there"},
                                            {"rate", "0.1", "0.1", "of Adam"},
                                            {"spread", "0.5", "0.5", "relaxed bits start uniform between minus and plus this"}}};
    return info;
  }

  std::string refusal(const Target& target) const override {
    if (target.scheme->info().name.starts_with("hpnn-")) return {};
    return "the key of " + target.scheme->info().name + " does not act inside the network, so its bits have no gradient";
  }

  Json run(Attacker& attacker, const Judge& judge, const Budget& budget, const Log& log) const override {
    const Images images = attacker.training_data(budget.whole("images"));
    const Fitness fitness(Fitness::Kind::loss, images);
    KeyTrial trial(attacker);
    KeyVerdict verdict(attacker, judge);
    Json outcome;
    log("starts");
    const auto descent = best_start(attacker, images, budget, verdict, outcome);
    log("descent");
    descent->go(budget.whole("steps"), verdict);
    descent->note(verdict);
    outcome["course"] = descent->course();
    outcome["loss"] = -fitness.of(trial.with(descent->key()));
    outcome["right_key_loss"] = -fitness.of(trial.with(*judge.right_key));
    outcome["found"] = verdict.of(descent->key());
    outcome["influence"] = verdict.influence(descent->key());
    return outcome;
  }

  std::vector<Cell> cells(Effort effort) const override {
    std::vector<Cell> cells;
    const auto add = [&](const char* model, const char* scheme, std::uint64_t seed) {
      cells.push_back({.attack = info().name, .dataset = "fashion", .model = model, .scheme = scheme, .seed = seed, .effort = effort});
    };
    if (effort == Effort::smoke) {
      add("mlp", "hpnn-64", 1);
      return cells;
    }
    for (std::uint64_t seed = 1; seed <= 10; ++seed)
      for (const char* model : {"mlp", "lenet5"}) add(model, "hpnn-64", seed);
    for (const char* model : {"mlp", "lenet5"}) add(model, "hpnn-128", 1);
    add("mlp", "hpnn-256", 1);
    return cells;
  }
  void report(const RecordSet& records, Page& page) const override { report_gradient(records, info(), page); }
  std::vector<Finding> findings(const RecordSet& records, const Page&) const override { return findings_of_gradient(records, info()); }

 private:
  // `outcome` gets what each start reached: loss, share of right bits and accuracy.
  static std::unique_ptr<Descent> best_start(const Attacker& attacker, const Images& images, const Budget& budget, KeyVerdict& verdict, Json& outcome) {
    Random random(attacker.seed(), "relaxed keys");
    std::unique_ptr<Descent> best;
    double least = 0;
    for (std::int64_t i = 0; i < std::max<std::int64_t>(1, budget.whole("starts")); ++i) {
      auto descent = std::make_unique<Descent>(attacker, images, budget, random);
      descent->go(budget.whole("first_steps"), verdict);
      const double loss = descent->relaxed_loss();
      outcome["starts"]["loss"].push_back(loss);
      outcome["starts"]["bits_right"].push_back(verdict.bits_right(descent->key()));
      outcome["starts"]["accuracy"].push_back(verdict.accuracy(descent->key()));
      if (best && loss >= least) continue;
      least = loss;
      best = std::move(descent);
    }
    return best;
  }
};

}  // namespace

const Attack& gradient() {
  static const Gradient attack;
  return attack;
}

}  // namespace nnlock::lab
