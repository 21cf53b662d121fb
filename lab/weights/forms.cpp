// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/weights/forms.hpp"

#include <algorithm>
#include <map>

#include "lab/failure.hpp"

namespace nnlock::lab {
namespace {

// Parameters and buffers by name; those of units have the unit's name and a dot in front.
std::vector<NamedTensor> state_of(const Network& network) {
  std::vector<NamedTensor> state;
  for (const auto& item : network.named_parameters()) state.push_back({item.key(), item.value()});
  for (const auto& item : network.named_buffers()) state.push_back({item.key(), item.value()});
  return state;
}

torch::Tensor per_row(const torch::Tensor& factors, const torch::Tensor& like) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(like.dim()), 1);
  shape[0] = -1;
  return factors.view(shape);
}

void watch_inputs(Network& network, const Images& calibration) {
  torch::NoGradGuard no_grad;
  for (const auto& [name, unit] : network.units()) {
    unit->input_peak = 0;
    unit->watches_input = true;
  }
  network.forward(calibration.pixels);
  for (const auto& [name, unit] : network.units()) unit->watches_input = false;
}

void store_unit(Weights& weights, const std::string& name, const Unit& unit) {
  const auto folded = unit.folded();
  const auto scale = folded.weight.abs().flatten(1).amax(1).clamp_min(1e-8) / 127;
  const auto input_scale = torch::full({1}, std::max(unit.input_peak, 1e-8) / 127);
  const auto bias = (folded.bias.to(torch::kFloat64) / (scale * input_scale).to(torch::kFloat64)).round().clamp(-2147483648.0, 2147483647.0);
  weights.push_back({name + ".weight", (folded.weight / per_row(scale, folded.weight)).round().to(torch::kInt8)});
  weights.push_back({name + ".bias", bias.to(torch::kInt32)});
  weights.push_back({name + ".weight.scale", scale});
  weights.push_back({name + ".input.scale", input_scale});
}

Weights stored_int8(Network& network, const Images& calibration) {
  torch::NoGradGuard no_grad;
  watch_inputs(network, calibration);
  Weights weights;
  for (const auto& [name, unit] : network.units()) store_unit(weights, name, *unit);
  for (const auto& [name, value] : state_of(network))
    if (name.find('.') == std::string::npos) weights.push_back({name, value.detach().clone()});
  return weights;
}

using ByName = std::map<std::string, torch::Tensor>;

const torch::Tensor& member(const ByName& tensors, const std::string& name) {
  const auto found = tensors.find(name);
  if (found == tensors.end()) throw Failure("the weights have no tensor " + name, "use the weights of the same model and input size");
  return found->second;
}

void copy_checked(const torch::Tensor& to, const torch::Tensor& from, const std::string& name) {
  if (to.sizes() != from.sizes()) throw Failure("tensor " + name + " has another shape in the weights", "use the weights of the same model and input size");
  to.copy_(from);
}

void load_int8(Network& network, const ByName& tensors) {
  for (const auto& [name, unit] : network.units()) {
    const auto& weight = member(tensors, name + ".weight");
    const auto& scale = member(tensors, name + ".weight.scale");
    unit->input_scale = member(tensors, name + ".input.scale").item<double>();
    const auto bias_scale = scale * unit->input_scale;
    unit->set_folded({weight.to(torch::kFloat32) * per_row(scale, weight), (member(tensors, name + ".bias").to(torch::kFloat64) * bias_scale).to(torch::kFloat32)});
  }
  for (const auto& [name, value] : state_of(network))
    if (name.find('.') == std::string::npos) copy_checked(value, member(tensors, name), name);
}

}  // namespace

bool is_scale(const std::string& tensor) { return tensor.ends_with(".scale"); }

Weights stored(Network& network, Form form, const Images& calibration) {
  if (form == Form::int8) return stored_int8(network, calibration);
  Weights weights;
  for (const auto& [name, value] : state_of(network)) weights.push_back({name, value.detach().clone()});
  return weights;
}

void load(Network& network, const Weights& weights) {
  torch::NoGradGuard no_grad;
  ByName tensors;
  for (const auto& [name, value] : weights) tensors[name] = value;
  const bool int8 = std::any_of(weights.begin(), weights.end(), [](const NamedTensor& t) { return t.value.scalar_type() == torch::kInt8; });
  if (int8) return load_int8(network, tensors);
  for (const auto& [name, unit] : network.units()) unit->input_scale = 0;
  for (const auto& [name, value] : state_of(network)) copy_checked(value, member(tensors, name), name);
}

}  // namespace nnlock::lab
