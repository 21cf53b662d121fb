// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/targets/training.hpp"

#include <ATen/CPUGeneratorImpl.h>

#include "lab/random.hpp"

namespace nnlock::lab {
namespace {

// Up linearly over the first fifth of the steps, then down to zero.
double rate_at(const Recipe& recipe, std::int64_t step, std::int64_t steps) {
  const double done = (static_cast<double>(step) + 0.5) / static_cast<double>(steps);
  return recipe.rate * (done < 0.2 ? done / 0.2 : (1 - done) / 0.8);
}

// One move for the whole batch, one mirroring for each image.
torch::Tensor augmented(const torch::Tensor& images, Random& random) {
  const auto shift = [&] { return static_cast<std::int64_t>(random.below(5)) - 2; };
  const std::int64_t right = shift(), down = shift();
  const auto moved = torch::constant_pad_nd(images, {right, -right, down, -down}, 0);
  auto mirrored = torch::empty({images.size(0), 1, 1, 1}, torch::kBool);
  for (std::int64_t i = 0; i < images.size(0); ++i) mirrored.data_ptr<bool>()[i] = random.below(2) == 1;
  return torch::where(mirrored, moved.flip(3), moved);
}

void set_rate(torch::optim::AdamW& optimiser, double rate) {
  for (auto& group : optimiser.param_groups()) static_cast<torch::optim::AdamWOptions&>(group.options()).lr(rate);
}

std::vector<torch::Tensor> trained_parameters(const Network& network) {
  std::vector<torch::Tensor> trained;
  for (const auto& parameter : network.parameters())
    if (parameter.requires_grad()) trained.push_back(parameter);
  return trained;
}

// Returns the loss before the step.
double take_step(Network& network, torch::optim::AdamW& optimiser, const torch::Tensor& pixels, const torch::Tensor& labels, double temperature) {
  optimiser.zero_grad();
  const auto loss = torch::cross_entropy_loss(network.forward(pixels) / temperature, labels);
  loss.backward();
  optimiser.step();
  return loss.item<double>();
}

}  // namespace

std::string Recipe::name() const {
  return (images == 0 ? "" : "n" + std::to_string(images) + "-") + (steps > 0 ? "s" + std::to_string(steps) : "e" + std::to_string(epochs));
}

Recipe recipe_for(const std::string& model, const std::string& dataset, Effort effort) {
  if (effort == Effort::smoke) return {.images = 4000, .epochs = 3, .batch = 64};
  Recipe recipe{.epochs = 3};  // about a minute each on one core of 2023
  if (model == "mlp" || model == "lenet5") recipe.epochs = 10;
  if (model == "resnet20") recipe.epochs = 5;
  if (model == "vit") recipe.rate = 1e-3;
  if (dataset == "cifar10") {
    recipe.epochs *= 4;  // one batch of five is found here, so an epoch is short
    recipe.augment = true;
  }
  return recipe;
}

void train(Network& network, const Images& images, const Recipe& recipe, std::uint64_t seed, const Log& log, const AfterStep& after_step) {
  const Images chosen = recipe.images == 0 ? images : random_share(images, recipe.images, seed);
  const std::int64_t batches = (chosen.size() + recipe.batch - 1) / recipe.batch;
  const std::int64_t steps = recipe.steps > 0 ? recipe.steps : batches * recipe.epochs;
  auto order_random = at::make_generator<at::CPUGeneratorImpl>(seed);
  Random random(seed, "augment");
  torch::optim::AdamW optimiser(trained_parameters(network), torch::optim::AdamWOptions(recipe.rate).weight_decay(0.01));
  torch::Tensor order;
  double loss_sum = 0;
  network.train();
  for (std::int64_t step = 0; step < steps; ++step) {
    const std::int64_t b = step % batches;
    if (b == 0) order = torch::randperm(chosen.size(), order_random, torch::TensorOptions(torch::kInt64));
    const auto picked = order.slice(0, b * recipe.batch, std::min(chosen.size(), (b + 1) * recipe.batch));
    auto pixels = chosen.pixels.index_select(0, picked);
    if (recipe.augment) pixels = augmented(pixels, random);
    set_rate(optimiser, rate_at(recipe, step, steps));
    loss_sum += take_step(network, optimiser, pixels, chosen.labels.index_select(0, picked), recipe.temperature);
    if (after_step) {
      after_step(step + 1);
      network.train();
    }
    if (b + 1 < batches) continue;
    log("epoch " + std::to_string(step / batches + 1) + " of " + std::to_string((steps + batches - 1) / batches) + ": loss " +
        std::to_string(loss_sum / static_cast<double>(batches)));
    loss_sum = 0;
  }
  network.eval();
}

}  // namespace nnlock::lab
