// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Key bits of HPNN relaxed: each factor is tanh of a number that descends the gradient of the loss on some labelled images; in the end
// its sign is the bit. The descent often ends far from the key, where the loss is higher; so several random starts are taken a few
// steps down, and those with the least loss go on. The relaxed loss may be less near the key's complement than near the key, so the best start's mirror goes on
// too, and what decides in the end is the loss under the rounded key. A key that goes through a cipher has no gradient; gradient-stream is what corresponds to this there.
#include "lab/attack.hpp"
#include "lab/gradient/section.hpp"
#include "lab/key_search/key_trial.hpp"
#include "lab/schemes/hpnn.hpp"

#include <algorithm>

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
  Descent(const Attacker& attacker, const Images& images, const Budget& budget, torch::Tensor start)
      : images_(images),
        network_(attacker.network()),
        relaxed_(std::move(start)),
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
  torch::Tensor mirror() const { return (-relaxed_.detach()).requires_grad_(); }
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
                                            {"first_steps", "30", "30", "of Adam in each start, on all images; those with the least loss go on"},
                                            {"steps", "60", "150", "of Adam from there, in each that goes on"},
                                            {"rate", "0.1", "0.1", "of Adam"},
                                            {"spread", "0.5", "0.5", "relaxed bits start uniform between minus and plus this"},
                                            {"finalists", "1", "3", "starts that go on, besides the mirror of the best"},
                                            {"sweeps", "1", "3", "over all bits of the rounded key in the end, each flipped if that lowers the loss"}}};
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
    auto finalists = best_starts(attacker, images, budget, verdict, outcome);
    const Descent* best = nullptr;
    double least = 0;
    for (auto& descent : finalists) {
      log("descent");
      descent->go(budget.whole("steps"), verdict);
      descent->note(verdict);
      const double loss = -fitness.of(trial.with(descent->key()));
      outcome["finalists"]["loss"].push_back(loss);
      outcome["finalists"]["bits_right"].push_back(verdict.bits_right(descent->key()));
      if (best && loss >= least) continue;
      least = loss;
      best = descent.get();
    }
    outcome["course"] = best->course();
    outcome["rounded"] = verdict.of(best->key());
    log("single bits");
    const Key key = polished(best->key(), least, budget.whole("sweeps"), [&](const Key& tried) { return -fitness.of(trial.with(tried)); });
    outcome["loss"] = least;
    outcome["right_key_loss"] = -fitness.of(trial.with(*judge.right_key));
    outcome["found"] = verdict.of(key);
    outcome["influence"] = verdict.influence(key);
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
  using Descents = std::vector<std::unique_ptr<Descent>>;

  // Rounding each bit by itself leaves a few wrong that the loss can tell. `loss` is the key's, and becomes that of the key returned.
  template <class LossOf>
  static Key polished(Key key, double& loss, std::int64_t sweeps, const LossOf& loss_of) {
    bool better = true;
    for (std::int64_t sweep = 0; sweep < sweeps && better; ++sweep) {
      better = false;
      for (std::size_t bit = 0; bit < key.bits(); ++bit) {
        key.flip(bit);
        const double tried = loss_of(key);
        better |= tried < loss;
        if (tried < loss) loss = tried;
        else key.flip(bit);
      }
    }
    return key;
  }

  // The mirror of the best first. `outcome` gets what each start reached: loss, share of right bits and accuracy.
  static Descents best_starts(const Attacker& attacker, const Images& images, const Budget& budget, KeyVerdict& verdict, Json& outcome) {
    Random random(attacker.seed(), "relaxed keys");
    std::vector<std::pair<double, std::unique_ptr<Descent>>> starts;
    for (std::int64_t i = 0; i < std::max<std::int64_t>(1, budget.whole("starts")); ++i) {
      auto descent = std::make_unique<Descent>(attacker, images, budget, random_start(attacker.scheme().info().key_bits, budget.real("spread"), random));
      descent->go(budget.whole("first_steps"), verdict);
      outcome["starts"]["loss"].push_back(descent->relaxed_loss());
      outcome["starts"]["bits_right"].push_back(verdict.bits_right(descent->key()));
      outcome["starts"]["accuracy"].push_back(verdict.accuracy(descent->key()));
      starts.emplace_back(descent->relaxed_loss(), std::move(descent));
    }
    std::stable_sort(starts.begin(), starts.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    Descents finalists;
    finalists.push_back(std::make_unique<Descent>(attacker, images, budget, starts.front().second->mirror()));
    const auto count = std::clamp<std::int64_t>(budget.whole("finalists"), 1, static_cast<std::int64_t>(starts.size()));
    for (std::int64_t i = 0; i < count; ++i) finalists.push_back(std::move(starts[static_cast<std::size_t>(i)].second));
    return finalists;
  }
};

}  // namespace

const Attack& gradient() {
  static const Gradient attack;
  return attack;
}

}  // namespace nnlock::lab
