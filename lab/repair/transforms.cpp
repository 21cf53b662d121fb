// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/repair/transforms.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <sstream>

#include "lab/failure.hpp"

namespace nnlock::lab {
namespace {

// A tensor of the network, and the same one of a fresh network.
struct Part {
  std::string name;
  torch::Tensor value, fresh;
};

std::vector<Part> parts_of(const Network& network, const Network& fresh) {
  std::vector<Part> parts;
  const auto values = network.named_parameters(), usual = fresh.named_parameters();
  for (const auto& item : values) parts.push_back({item.key(), item.value(), usual[item.key()]});
  const auto buffers = network.named_buffers(), usual_buffers = fresh.named_buffers();
  for (const auto& item : buffers) parts.push_back({item.key(), item.value(), usual_buffers[item.key()]});
  return parts;
}

bool is_normalisation(const std::string& name) { return name.find(".norm_") != std::string::npos; }

// The magnitude that a share of all magnitudes does not exceed.
double magnitude_at(const torch::Tensor& value, double share) {
  const auto sorted = std::get<0>(value.abs().flatten().sort());
  const auto last = static_cast<double>(sorted.size(0) - 1);
  return sorted[std::clamp<std::int64_t>(std::llround(share * last), 0, sorted.size(0) - 1)].item<double>();
}

// Double precision: the squares of large floats are no floats.
double norm_of(const torch::Tensor& value) { return value.to(torch::kFloat64).norm().item<double>(); }

void prune_largest(Part& part, const Strengths& strengths) {
  part.value.masked_fill_(part.value.abs() > magnitude_at(part.value, 1 - strengths.pruned), 0);
}

void prune_smallest(Part& part, const Strengths& strengths) {
  part.value.masked_fill_(part.value.abs() < magnitude_at(part.value, strengths.pruned), 0);
}

void requantise(Part& part, const Strengths& strengths) {
  const double scale = magnitude_at(part.value, strengths.percentile) / 127;
  if (scale > 0) part.value.copy_((part.value / scale).round().clamp(-127, 127) * scale);
}

void clip_initialiser(Part& part, const Strengths&) {
  part.value.clamp_(part.fresh.min().item<double>(), part.fresh.max().item<double>());
}

void clip_deviations(Part& part, const Strengths& strengths) {
  const auto wide = part.value.to(torch::kFloat64);
  const double mean = wide.mean().item<double>(), reach = strengths.deviations * wide.std(false).item<double>();
  part.value.clamp_(mean - reach, mean + reach);
}

// Batch normalisation becomes the identity it starts as: its norms say nothing about its values.
void norm_match(Part& part, const Strengths&) {
  if (is_normalisation(part.name)) part.value.copy_(part.fresh);
  else if (const double norm = norm_of(part.value); norm > 0) part.value.copy_(part.value.to(torch::kFloat64) * (norm_of(part.fresh) / norm));
}

struct Transform {
  const char* name;
  std::function<void(Part&, const Strengths&)> apply;
};

const std::vector<Transform>& transforms() {
  static const std::vector<Transform> all = {
      {"none", nullptr},
      {"prune_largest", prune_largest},
      {"prune_smallest", prune_smallest},
      {"requantise", requantise},
      {"clip_initialiser", clip_initialiser},
      {"clip_deviations", clip_deviations},
      {"norm_match", norm_match},
  };
  return all;
}

std::string all_names() {
  std::string text;
  for (const Transform& transform : transforms()) text += std::string(text.empty() ? "" : ", ") + transform.name;
  return text;
}

const Transform& transform_named(const std::string& name) {
  for (const Transform& transform : transforms())
    if (name == transform.name) return transform;
  throw Failure("no transform is called " + name, "join some of " + all_names() + " with '+'");
}

}  // namespace

void apply_transform(const std::string& names, Network& network, const Network& fresh, const Strengths& strengths) {
  torch::NoGradGuard no_grad;
  std::istringstream rest(names);
  for (std::string name; std::getline(rest, name, '+');) {
    const Transform& transform = transform_named(name);
    if (!transform.apply) continue;
    for (Part& part : parts_of(network, fresh)) {
      part.value.masked_fill_(torch::isfinite(part.value).logical_not(), 0);
      transform.apply(part, strengths);
    }
  }
}

}  // namespace nnlock::lab
