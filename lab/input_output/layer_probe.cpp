// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/input_output/layer_probe.hpp"

namespace nnlock::lab {
namespace {

constexpr double kStep = 0.05;   // of a pre-activation, away from zero, so that it does not switch
constexpr double kLeak = 0.05;   // of the move, that another pre-activation may take part in it before the move is left out
constexpr double kOn = 0.1, kOff = 0.02;  // of the largest answer to a move: often only a few units are on

// The pre-activations of the unit, images x outputs.
torch::Tensor sums(Copy& copy, Unit& unit, const torch::Tensor& factors, const torch::Tensor& pixels) {
  unit.keeps_sum = true;
  copy.run(factors, pixels);
  unit.keeps_sum = false;
  return std::exchange(unit.sum, {});
}

// d sum / d pixel, outputs x pixels: one copy of the image for each output.
torch::Tensor jacobian(Copy& copy, Unit& unit, const torch::Tensor& factors, const torch::Tensor& image) {
  const auto pixels = image.repeat({unit.shape().out, 1, 1, 1}).requires_grad_();
  sums(copy, unit, factors, pixels).diagonal().sum().backward();
  return pixels.grad().flatten(1);
}

// One image for each output of the unit, in which that output's pre-activation alone has moved.
torch::Tensor moves(const torch::Tensor& jacobian, const torch::Tensor& steps, const torch::Tensor& image) {
  const auto directions = torch::pinverse(jacobian.to(torch::kFloat64), 1e-9).t();  // outputs x pixels
  const auto moved = image.flatten(1).to(torch::kFloat64) + directions * steps.to(torch::kFloat64).unsqueeze(1);
  return moved.to(torch::kFloat32).view({-1, image.size(1), image.size(2), image.size(3)});
}

// Outputs whose move was clean, by the copy's own arithmetic.
torch::Tensor clean(const torch::Tensor& before, const torch::Tensor& after, const torch::Tensor& steps) {
  const auto wanted = torch::diag(steps);
  return ((after - before - wanted).abs().amax(1) < kLeak * steps.abs()) & (steps.abs() > 1e-4);
}

void count(Evidence& evidence, const torch::Tensor& bits, const torch::Tensor& z, const torch::Tensor& answers, const torch::Tensor& usable) {
  const double largest = answers.masked_select(usable).max().item<double>();
  const auto on = usable & (answers > kOn * largest), off = usable & (answers < kOff * largest);
  evidence.positive.index_add_(0, bits, (on & (z > 0)).to(torch::kInt64));
  evidence.negative.index_add_(0, bits, (on & (z < 0)).to(torch::kInt64));
  evidence.on += on.sum().item<std::int64_t>();
  evidence.off += off.sum().item<std::int64_t>();
  evidence.unclear += (usable & ~on & ~off).sum().item<std::int64_t>();
}

}  // namespace

torch::Tensor Evidence::decided() const { return (positive > 0) ^ (negative > 0); }

torch::Tensor Evidence::factors() const { return torch::where(positive > negative, torch::ones({positive.size(0)}), -torch::ones({positive.size(0)})); }

bool Evidence::consistent() const {
  const auto contradicted = ((positive > 0) & (negative > 0)).sum().item<std::int64_t>(), agreed = decided().sum().item<std::int64_t>();
  return agreed > 0 && off * 10 > on && contradicted * 20 <= agreed;
}

Evidence probe_layer(Copy& copy, Attacker& attacker, const torch::Tensor& factors, std::size_t index, std::int64_t inputs, Random& random) {
  Unit& unit = *copy.network().units()[index].unit;
  Evidence evidence{torch::zeros({copy.bits()}, torch::kInt64), torch::zeros({copy.bits()}, torch::kInt64)};
  for (std::int64_t i = 0; i < inputs; ++i) {
    const Answered start = ask(attacker, 1, random);
    if (sums(copy, unit, factors, start.pixels).numel() > start.pixels.numel()) break;  // no room to move one alone, or one layer for many places
    const auto slopes = jacobian(copy, unit, factors, start.pixels);
    torch::NoGradGuard no_grad;
    const auto z = sums(copy, unit, factors, start.pixels);
    const auto steps = kStep * z[0];
    const auto moved = moves(slopes, steps, start.pixels);
    const auto usable = clean(z, sums(copy, unit, factors, moved), steps);
    if (usable.sum().item<std::int64_t>() < 4) continue;
    const auto answers = (attacker.ask_oracle(moved) - start.logits).norm(2, 1) / steps.abs();
    count(evidence, copy.bits_of(index), z[0], answers, usable);
  }
  return evidence;
}

}  // namespace nnlock::lab
