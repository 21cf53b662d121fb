// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/targets/network.hpp"

#include <cmath>
#include <functional>

#include "lab/failure.hpp"

namespace nnlock::lab {
namespace {

constexpr double kEpsilon = 1e-5;  // of batch normalisation, as in torch

// Gradients pass as if nothing had been done (straight through), so that a quantised network can be trained.
torch::Tensor quantised(const torch::Tensor& x, double scale) {
  const auto stepped = (x.detach() / scale).round().clamp(-127, 127) * scale;
  return x.requires_grad() ? x + (stepped - x.detach()) : stepped;
}

}  // namespace

Unit::Unit(const Shape& shape) : shape_(shape) {
  const std::int64_t fan_in = shape.in / shape.groups * std::max<std::int64_t>(1, shape.kernel * shape.kernel);
  const double bound = 1 / std::sqrt(static_cast<double>(fan_in));
  const std::vector<std::int64_t> sizes = shape.kernel == 0 ? std::vector<std::int64_t>{shape.out, shape.in}
                                                            : std::vector<std::int64_t>{shape.out, shape.in / shape.groups, shape.kernel, shape.kernel};
  weight_ = register_parameter("weight", torch::empty(sizes).uniform_(-bound, bound));
  if (!shape.normalised) {
    bias_ = register_parameter("bias", torch::empty({shape.out}).uniform_(-bound, bound));
    return;
  }
  norm_weight_ = register_parameter("norm_weight", torch::ones({shape.out}));
  norm_bias_ = register_parameter("norm_bias", torch::zeros({shape.out}));
  norm_mean_ = register_buffer("norm_mean", torch::zeros({shape.out}));
  norm_var_ = register_buffer("norm_var", torch::ones({shape.out}));
}

torch::Tensor Unit::forward(const torch::Tensor& x) {
  if (watches_input) input_peak = std::max(input_peak, x.abs().max().item<double>());
  const torch::Tensor input = input_scale > 0 ? quantised(x, input_scale) : x;
  torch::Tensor y = shape_.kernel == 0 ? torch::linear(input, weight_, bias_)
                                       : torch::conv2d(input, weight_, bias_, shape_.stride, shape_.padding, 1, shape_.groups);
  if (shape_.normalised) y = torch::batch_norm(y, norm_weight_, norm_bias_, norm_mean_, norm_var_, is_training(), 0.1, kEpsilon, false);
  if (keeps_sum) sum = y;
  if (!sign.defined()) return y;
  return y * (shape_.kernel == 0 ? sign : sign.view({1, -1, 1, 1}));
}

Unit::Folded Unit::folded() const {
  torch::NoGradGuard no_grad;
  if (!shape_.normalised) return {weight_.clone(), bias_.clone()};
  const auto factor = norm_weight_ / (norm_var_ + kEpsilon).sqrt();
  std::vector<std::int64_t> per_row(static_cast<std::size_t>(weight_.dim()), 1);
  per_row[0] = -1;
  return {weight_ * factor.view(per_row), norm_bias_ - norm_mean_ * factor};
}

void Unit::set_folded(const Folded& folded) {
  torch::NoGradGuard no_grad;
  weight_.copy_(folded.weight);
  if (!shape_.normalised) {
    bias_.copy_(folded.bias);
    return;
  }
  norm_weight_.fill_(1);
  norm_bias_.copy_(folded.bias);
  norm_mean_.zero_();
  norm_var_.fill_(1 - kEpsilon);
}

std::shared_ptr<Unit> Network::add_unit(const std::string& name, const Unit::Shape& shape) {
  auto unit = register_module(name, std::make_shared<Unit>(shape));
  units_.push_back({name, unit});
  return unit;
}

std::int64_t Network::hidden_width() const {
  std::int64_t width = 0;
  for (const auto& [name, unit] : units_)
    if (unit->shape().hidden) width += unit->shape().out;
  return width;
}

void Network::set_signs(const torch::Tensor& signs) {
  if (signs.defined() && signs.numel() != hidden_width())
    throw Failure("the network has " + std::to_string(hidden_width()) + " hidden units and was given " + std::to_string(signs.numel()) + " signs",
                  "give one sign for each hidden unit");
  std::int64_t at = 0;
  for (const auto& [name, unit] : units_) {
    if (!unit->shape().hidden) continue;
    unit->sign = signs.defined() ? signs.slice(0, at, at + unit->shape().out) : torch::Tensor();
    at += unit->shape().out;
  }
}

namespace {

struct Maker {
  const char* name;
  std::function<std::shared_ptr<Network>(const InputShape&)> make;
  bool trained_by_others = false;
};

const std::vector<Maker>& makers() {
  static const std::vector<Maker> all = {
      {"mlp", make_mlp},
      {"lenet5", make_lenet5},
      {"vgg", make_vgg},
      {"resnet8", [](const InputShape& input) { return make_resnet(input, 1); }},
      {"resnet20", [](const InputShape& input) { return make_resnet(input, 3); }},
      {"mobilenet", make_mobilenet},
      {"vit", make_vision_transformer},
      {"resnet32", [](const InputShape& input) { return make_resnet(input, 5); }, true},
      {"resnet56", [](const InputShape& input) { return make_resnet(input, 9); }, true},
  };
  return all;
}

std::vector<std::string> names_where(bool trained_by_others) {
  std::vector<std::string> names;
  for (const Maker& maker : makers())
    if (maker.trained_by_others == trained_by_others) names.push_back(maker.name);
  return names;
}

}  // namespace

std::vector<std::string> model_names() { return names_where(false); }
std::vector<std::string> public_model_names() { return names_where(true); }

std::shared_ptr<Network> build_network(const std::string& model, const InputShape& input, std::uint64_t seed) {
  for (const Maker& maker : makers()) {
    if (model != maker.name) continue;
    torch::manual_seed(seed);
    auto network = maker.make(input);
    network->eval();
    return network;
  }
  throw Failure("no model is called " + model, "see nnlock-lab list");
}

}  // namespace nnlock::lab
