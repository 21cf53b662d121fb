// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What the gradient attack comes to against a lock whose key goes through a cipher: the key bits have no gradient, but the key stream can
// be relaxed instead, one unknown for each bit of each int8 weight. A weight is the two's complement sum of its bits; each locked bit is
// taken XOR a relaxed bit of the key stream, tanh of a number that descends the gradient of the loss. Scales are public. The biases, few,
// are learnt as plain numbers from zero, which favours the attacker. There are then more unknowns than weights, so this is training from
// scratch by another road; two controls run beside it: the same from random bytes, and common training from random initialisation.
#include "lab/attack.hpp"
#include "lab/gradient/section.hpp"

namespace nnlock::lab {
namespace {

constexpr std::int64_t kBits = 8;

struct Settings {
  std::int64_t steps = 0;
  double bit_rate = 0, plain_rate = 0;
};

// The weights of one unit as relaxed bits.
class RelaxedUnit {
 public:
  RelaxedUnit(const torch::Tensor& locked, const torch::Tensor& scale) : shape_(locked.sizes().vec()) {
    const auto bits = locked.flatten().to(torch::kInt32).unsqueeze(1).bitwise_and(masks()).ne(0);
    locked_ = torch::where(bits, 1.0, -1.0).to(torch::kFloat32);
    std::vector<std::int64_t> rows(shape_.size(), 1);
    rows[0] = -1;
    scale_ = scale.view(rows);
    relaxed = torch::empty_like(locked_).uniform_(0, 1).requires_grad_();  // all bits stay at first: the way begins at the locked weights
  }
  // With relaxed key bits, or with each rounded to 1 or -1.
  torch::Tensor weight(bool round) const {
    const auto key = round ? torch::where(relaxed < 0, -1.0, 1.0).to(torch::kFloat32) : torch::tanh(relaxed);
    const auto values = ((locked_ * key + 1) / 2).matmul(place_values()).view(shape_);
    return values * scale_;
  }
  torch::Tensor relaxed;  // a number for each bit of the key stream; above 0: the bit stays

 private:
  static torch::Tensor masks() { return torch::tensor({1, 2, 4, 8, 16, 32, 64, 128}, torch::kInt32); }
  static torch::Tensor place_values() { return torch::tensor({1.f, 2.f, 4.f, 8.f, 16.f, 32.f, 64.f, -128.f}); }
  std::vector<std::int64_t> shape_;
  torch::Tensor locked_, scale_;  // 1 and -1, weights x 8
};

const torch::Tensor& tensor_named(const Weights& weights, const std::string& name) {
  for (const NamedTensor& tensor : weights)
    if (tensor.name == name) return tensor.value;
  throw std::logic_error("no tensor " + name);  // the network was loaded from these weights
}

double loss_and_gradients(Network& network, const Images& images) {
  network.zero_grad();
  const auto loss = torch::cross_entropy_loss(network.forward(images.pixels), images.labels);
  loss.backward();
  return loss.item<double>();
}

void note(Json& course, const Judge& judge, Network& network, std::int64_t step, double loss) {
  course["step"].push_back(step);
  course["loss"].push_back(loss);
  course["accuracy"].push_back(judge.measure(network).accuracy);
}

class GradientStream : public Attack {
 public:
  const AttackInfo& info() const override {
    static const AttackInfo info{.name = "gradient-stream",
                                 .summary = "the key stream of int8 weights relaxed bit by bit, by gradient descent",
                                 .knows = {Knows::locked_file, Knows::architecture, Knows::training_data},
                                 .budget = {{"images", "200", "600", "labelled images that give the loss"},
                                            {"steps", "60", "200", "of Adam, on all images"},
                                            {"rate", "0.02", "0.02", "of Adam, for the relaxed bits"},
                                            {"plain_rate", "0.001", "0.001", "of Adam, for biases, and for the weights of common training"}}};
    return info;
  }

  std::string refusal(const Target& target) const override {
    if (target.scheme->info().trained_under_key) return "the key of " + target.scheme->info().name + " is not in the weights";
    return target.form == Form::int8 ? "" : "it relaxes the bits of int8 weights";
  }

  Json run(Attacker& attacker, const Judge& judge, const Budget& budget, const Log& log) const override {
    const Settings settings{budget.whole("steps"), budget.real("rate"), budget.real("plain_rate")};
    const Images images = attacker.training_data(budget.whole("images"));
    const Weights locked = from_safetensors(attacker.locked_file(), "the locked model");
    Json outcome;
    log("from the locked weights");
    outcome["from_locked"] = by_bits(attacker, locked, images, settings, judge);
    log("from random bytes");
    outcome["from_random_bytes"] = by_bits(attacker, with_random_bytes(locked, attacker.seed()), images, settings, judge);
    log("common training");
    outcome["common_training"] = common_training(*attacker.network(1), images, settings, judge);
    outcome["right_key_accuracy"] = judge.measure(*network_under(*judge.right_key, attacker)).accuracy;
    return outcome;
  }

  std::vector<Cell> cells(Effort effort) const override {
    std::vector<Cell> cells;
    const auto add = [&](const char* model, const char* scheme) {
      cells.push_back({.attack = info().name, .dataset = "fashion", .model = model, .scheme = scheme, .form = Form::int8, .effort = effort});
    };
    if (effort == Effort::smoke) {
      add("mlp", "nnlock-v1");
      return cells;
    }
    for (const char* scheme : {"nnlock-v1", "nnlock-2022-128"})
      for (const char* model : {"mlp", "lenet5"}) add(model, scheme);
    return cells;
  }
  void report(const RecordSet& records, Page& page) const override { report_gradient_stream(records, info(), page); }

 private:
  static Weights with_random_bytes(const Weights& locked, std::uint64_t seed) {
    Random random(seed, "random bytes");
    Weights weights;
    for (const auto& [name, value] : locked) {
      auto drawn = value.clone();
      if (value.scalar_type() == torch::kInt8)
        for (std::byte& byte : values_of(drawn)) byte = static_cast<std::byte>(random.below(256));
      weights.push_back({name, drawn});
    }
    return weights;
  }

  static Json by_bits(const Attacker& attacker, const Weights& locked, const Images& images, const Settings& settings, const Judge& judge) {
    const auto network = attacker.network();
    load(*network, locked);
    torch::manual_seed(attacker.seed());
    std::vector<RelaxedUnit> units;
    std::vector<torch::Tensor> bits, biases, weights;
    for (const auto& [name, unit] : network->units()) {
      units.emplace_back(tensor_named(locked, name + ".weight"), tensor_named(locked, name + ".weight.scale"));
      bits.push_back(units.back().relaxed);
      weights.push_back(unit->named_parameters()["weight"]);
      biases.push_back(unit->named_parameters()["bias"]);
    }
    torch::optim::Adam bit_optimiser(bits, torch::optim::AdamOptions(settings.bit_rate)), bias_optimiser(biases, torch::optim::AdamOptions(settings.plain_rate));
    const auto set_weights = [&](bool round) {
      torch::NoGradGuard no_grad;
      for (std::size_t i = 0; i < units.size(); ++i) weights[i].copy_(units[i].weight(round));
    };
    {
      torch::NoGradGuard no_grad;
      for (auto& bias : biases) bias.zero_();
    }
    Json course;
    for (std::int64_t step = 0; step <= settings.steps; ++step) {
      set_weights(false);
      const double loss = loss_and_gradients(*network, images);
      if (step % 20 == 0 || step == settings.steps) {
        note(course, judge, *network, step, loss);
        set_weights(true);
        course["rounded_accuracy"].push_back(judge.measure(*network).accuracy);
      }
      if (step == settings.steps) break;
      bit_optimiser.zero_grad();
      for (std::size_t i = 0; i < units.size(); ++i) units[i].weight(false).backward(weights[i].grad());
      bit_optimiser.step();
      bias_optimiser.step();
    }
    std::int64_t unknowns = 0;
    for (const auto& tensor : bits) unknowns += tensor.numel();
    course["unknown_bits"] = unknowns;
    set_weights(false);  // nothing obliges a thief to round
    course["final_accuracy"] = judge.measure(*network).accuracy;
    return course;
  }

  static Json common_training(Network& network, const Images& images, const Settings& settings, const Judge& judge) {
    torch::optim::Adam optimiser(network.parameters(), torch::optim::AdamOptions(settings.plain_rate));
    Json course;
    for (std::int64_t step = 0; step <= settings.steps; ++step) {
      const double loss = loss_and_gradients(network, images);
      if (step % 20 == 0 || step == settings.steps) note(course, judge, network, step, loss);
      if (step < settings.steps) optimiser.step();
    }
    course["final_accuracy"] = judge.measure(network).accuracy;
    return course;
  }
};

}  // namespace

const Attack& gradient_stream() {
  static const GradientStream attack;
  return attack;
}

}  // namespace nnlock::lab
