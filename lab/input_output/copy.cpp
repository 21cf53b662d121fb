// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/input_output/copy.hpp"

#include "lab/schemes/hpnn.hpp"

namespace nnlock::lab {

Copy::Copy(const Attacker& attacker) : network_(attacker.network()), bits_(static_cast<std::int64_t>(attacker.scheme().info().key_bits)) {
  attacker.scheme().install_locked(*network_, attacker.locked_file());
  for (auto& parameter : network_->parameters()) parameter.set_requires_grad(false);
}

void Copy::set_factors(const torch::Tensor& factors) { network_->set_signs(hpnn_signs(factors, *network_)); }

torch::Tensor Copy::run(const torch::Tensor& factors, const torch::Tensor& pixels) {
  set_factors(factors);
  return network_->forward(pixels);
}

torch::Tensor Copy::logits(const torch::Tensor& factors, const torch::Tensor& pixels) {
  set_factors(factors);
  return logits_of(*network_, pixels);
}

std::int64_t Copy::first_output(std::size_t index) const {
  std::int64_t first = 0;
  for (std::size_t i = 0; i < index; ++i)
    if (network_->units()[i].unit->shape().hidden) first += network_->units()[i].unit->shape().out;
  return first;
}

torch::Tensor Copy::bits_before(std::size_t index) const {
  auto before = torch::zeros({bits_}, torch::kBool);
  before.index_fill_(0, torch::arange(first_output(index), torch::kInt64).remainder(bits_), true);
  return before;
}

torch::Tensor Copy::bits_of(std::size_t index) const {
  const std::int64_t first = first_output(index);
  return torch::arange(first, first + network_->units()[index].unit->shape().out, torch::kInt64).remainder(bits_);
}

std::vector<std::size_t> Copy::dense_layers() const {
  std::vector<std::size_t> layers;
  for (std::size_t i = 0; i < network_->units().size(); ++i) {
    const Unit::Shape& shape = network_->units()[i].unit->shape();
    if (shape.hidden && shape.kernel == 0) layers.push_back(i);
  }
  return layers;
}

torch::Tensor made_up_images(const InputShape& input, std::int64_t count, Random& random) {
  constexpr std::int64_t kSides[] = {4, 7, 14, 28};
  constexpr double kLeast = -0.8, kGreatest = 2;
  std::vector<torch::Tensor> images;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t side = std::min(kSides[i % 4], input.side);
    const double filled = random.uniform();
    auto grid = torch::empty({1, input.channels, side, side});
    for (std::int64_t j = 0; j < grid.numel(); ++j)
      grid.data_ptr<float>()[j] = static_cast<float>(random.uniform() < filled ? kLeast + (kGreatest - kLeast) * random.uniform() : kLeast);
    images.push_back(torch::upsample_nearest2d(grid, {input.side, input.side}));
  }
  return torch::cat(images);
}

Answered ask(Attacker& attacker, std::int64_t count, Random& random) {
  Answered answered{.pixels = made_up_images(attacker.target().input, count, random)};
  answered.logits = attacker.ask_oracle(answered.pixels);
  return answered;
}

torch::Tensor distance_to(const torch::Tensor& logits, const Answered& answered) {
  return (logits - answered.logits).square().sum(1).mean() / answered.logits.var(0).sum();
}

bool same_logits(const torch::Tensor& a, const torch::Tensor& b) {
  return (a - b).abs().max().item<double>() < 1e-4 * (1 + b.abs().max().item<double>());
}

}  // namespace nnlock::lab
