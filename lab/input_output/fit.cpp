// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/input_output/fit.hpp"

namespace nnlock::lab {
namespace {

constexpr double kStartWidth = 0.2, kNoise = 0.5, kCoolest = 0.3;

torch::Tensor noisy_factors(const torch::Tensor& parameter, double heat, at::Generator& random) {
  const auto u = torch::rand(parameter.sizes(), random).clamp(1e-6, 1 - 1e-6);
  return torch::tanh((parameter + kNoise * torch::logit(u)) / heat);
}

}  // namespace

torch::Tensor fit_factors(Copy& copy, const torch::Tensor& known, const torch::Tensor& certain, const Answered& answered,
                          const FitSettings& settings, at::Generator& random) {
  auto parameter = (kStartWidth * torch::randn({copy.bits()}, random)).requires_grad_();
  torch::optim::Adam optimiser({parameter}, torch::optim::AdamOptions(settings.rate));
  for (std::int64_t step = 0; step < settings.steps; ++step) {
    const double heat = std::max(kCoolest, 1 - static_cast<double>(step) / static_cast<double>(settings.steps));
    const auto picked = torch::randint(answered.pixels.size(0), {settings.batch}, random, torch::TensorOptions(torch::kInt64));
    const Answered part{answered.pixels.index_select(0, picked), answered.logits.index_select(0, picked)};
    const auto factors = torch::where(certain, known, noisy_factors(parameter, heat, random));
    optimiser.zero_grad();
    distance_to(copy.run(factors, part.pixels), part).backward();
    optimiser.step();
  }
  torch::NoGradGuard no_grad;
  return torch::where(certain, known, torch::where(parameter > 0, torch::ones_like(parameter), -torch::ones_like(parameter)));
}

double flip_while_better(Copy& copy, torch::Tensor& factors, const torch::Tensor& certain, const Answered& answered) {
  const auto distance = [&] { return distance_to(copy.logits(factors, answered.pixels), answered).item<double>(); };
  double least = distance();
  for (bool better = true; better;) {
    better = false;
    for (std::int64_t bit = 0; bit < copy.bits(); ++bit) {
      if (certain[bit].item<bool>()) continue;
      factors[bit] *= -1;
      const double now = distance();
      if (now < least) {
        least = now;
        better = true;
      } else {
        factors[bit] *= -1;
      }
    }
  }
  return least;
}

}  // namespace nnlock::lab
