// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include "lab/failure.hpp"
#include "lab/metrics.hpp"
#include "lab/targets/checkpoint.hpp"
#include "lab/targets/network.hpp"
#include "lab/targets/training.hpp"
#include "lab/testing.hpp"
#include "lab/weights/forms.hpp"
#include "lab/workshop.hpp"

namespace nnlock::lab {
namespace {

void quiet(const std::string&) {}

// Ten classes that a straight line tells apart.
Images separable(std::int64_t count, std::int64_t side) {
  torch::manual_seed(1);
  const auto labels = torch::arange(count).remainder(10);
  auto pixels = torch::randn({count, 1, side, side}) * 0.3;
  for (std::int64_t i = 0; i < count; ++i) pixels[i][0][2 * (i % 10)] += 2;
  return {pixels, labels};
}

class EachModel : public testing::TestWithParam<std::string> {};

TEST_P(EachModel, AnswersBothKindsOfImages) {
  for (const InputShape& input : {InputShape{1, 28}, InputShape{3, 32}}) {
    const auto network = build_network(GetParam(), input, 1);
    const auto logits = network->forward(torch::randn({2, input.channels, input.side, input.side}));
    EXPECT_EQ(logits.sizes(), (at::IntArrayRef{2, 10}));
    EXPECT_TRUE(torch::isfinite(logits).all().item<bool>());
  }
}

TEST_P(EachModel, IsTheSameForTheSameSeed) {
  const auto input = torch::ones({1, 1, 28, 28});
  const auto answers = [&](std::uint64_t seed) { return build_network(GetParam(), {}, seed)->forward(input); };
  EXPECT_TRUE(torch::equal(answers(3), answers(3)));
  EXPECT_FALSE(torch::equal(answers(3), answers(4)));
}

// A sign that is one changes nothing; one that is minus one changes the answers, wherever it stands.
TEST_P(EachModel, TheSignOfEveryHiddenUnitMatters) {
  const auto network = build_network(GetParam(), {}, 1);
  const auto images = torch::randn({4, 1, 28, 28});
  const auto plain = network->forward(images);
  network->set_signs(torch::ones({network->hidden_width()}));
  EXPECT_TRUE(torch::equal(network->forward(images), plain));
  std::int64_t at = 0;
  for (const auto& [name, unit] : network->units()) {
    if (!unit->shape().hidden) continue;
    auto signs = torch::ones({network->hidden_width()});
    signs.slice(0, at, at + unit->shape().out).fill_(-1);
    network->set_signs(signs);
    EXPECT_FALSE(torch::allclose(network->forward(images), plain)) << name;
    at += unit->shape().out;
  }
  network->set_signs({});
  EXPECT_TRUE(torch::equal(network->forward(images), plain));
  EXPECT_THROW(network->set_signs(torch::ones({1})), Failure);
}

TEST_P(EachModel, GradientsReachTheSigns) {
  const auto network = build_network(GetParam(), {}, 1);
  auto signs = torch::full({network->hidden_width()}, 0.5, torch::requires_grad());
  network->set_signs(signs);
  network->forward(torch::randn({4, 1, 28, 28})).pow(2).sum().backward();
  EXPECT_GT(signs.grad().ne(0).to(torch::kFloat64).mean().item<double>(), 0.5);
}

// Not of EachModel: they would take long there, and are built as ResNet-20 is.
TEST(PublicModels, AreAsDeepAsTheirNamesSay) {
  for (const std::string& model : public_model_names()) {
    const auto network = build_network(model, {3, 32}, 1);
    EXPECT_EQ("resnet" + std::to_string(network->units().size()), model);
    EXPECT_EQ(network->forward(torch::randn({1, 3, 32, 32})).sizes(), (at::IntArrayRef{1, 10}));
  }
  EXPECT_EQ(public_model_names().size(), 2u);
}

TEST(PublicModels, AreNotTrainedForWantOfACheckpoint) {
  const TemporaryFolder folder;
  write_stripes(folder.path() / "mnist", 1000, 1000);
  Workshop workshop({.data = folder.path(), .cache = folder.path(), .records = {}}, quiet);
  const Cell cell{.attack = "wrong-keys", .dataset = "mnist", .model = "resnet32", .scheme = "nnlock-v1"};
  const auto scheme = make_scheme(cell.scheme);
  EXPECT_THROW(workshop.trained(cell, *scheme, right_key(cell, *scheme)), Failure);
}

INSTANTIATE_TEST_SUITE_P(Models, EachModel, testing::ValuesIn(model_names()), [](const auto& test) { return test.param; });

TEST(Models, AnUnknownOneIsRefused) { EXPECT_THROW(build_network("perceptron", {}, 1), Failure); }

TEST(Training, LearnsAndRepeatsItself) {
  const Images images = separable(400, 28);
  const Recipe recipe{.epochs = 3, .batch = 32};
  const auto trained = [&](std::uint64_t seed) {
    auto network = build_network("mlp", {}, 1);
    train(*network, images, recipe, seed, quiet);
    return network;
  };
  const auto first = trained(1), again = trained(1), other = trained(2);
  const auto images_answered = first->forward(images.pixels);
  EXPECT_GT(images_answered.argmax(1).eq(images.labels).to(torch::kFloat64).mean().item<double>(), 0.95);
  EXPECT_TRUE(torch::equal(images_answered, again->forward(images.pixels)));
  EXPECT_FALSE(torch::equal(images_answered, other->forward(images.pixels)));
}

TEST(Training, TakesExactlySoManyStepsAndLeavesFrozenLayers) {
  const Images images = separable(100, 28);
  auto network = build_network("mlp", {}, 1);
  const auto& units = network->units();
  for (auto& parameter : units[0].unit->parameters()) parameter.requires_grad_(false);
  const auto frozen = units[0].unit->parameters()[0].clone(), free = units[1].unit->parameters()[0].detach().clone();
  std::vector<std::int64_t> heard;
  train(*network, images, {.steps = 6, .batch = 30}, 1, quiet, [&](std::int64_t done) {
    heard.push_back(done);
    measure(*network, images);  // leaves it in evaluation mode, which must not matter
  });
  EXPECT_EQ(heard, (std::vector<std::int64_t>{1, 2, 3, 4, 5, 6}));
  EXPECT_TRUE(torch::equal(units[0].unit->parameters()[0], frozen));
  EXPECT_FALSE(torch::equal(units[1].unit->parameters()[0], free));
}

TEST(Training, GoesThroughNormalisationAndAugmentation) {
  const Images images = separable(200, 28);
  auto network = build_network("resnet8", {}, 1);
  const auto before = stored(*network, Form::float32, images);
  train(*network, images, {.epochs = 2, .batch = 50, .augment = true}, 1, quiet);
  const auto after = stored(*network, Form::float32, images);
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_FALSE(torch::equal(before[i].value, after[i].value)) << before[i].name;
  EXPECT_FALSE(network->is_training());
}

TEST(Checkpoint, IsFoundInTheCacheToo) {
  const TemporaryFolder folder;
  EXPECT_FALSE(find_checkpoint("lenet5", "cifar10", folder.path()));
  const Path file = folder.path() / "cifar10_lenet5.safetensors";
  write_file(file, to_safetensors({{"layer1.0.bn2.running_var", torch::ones({2})}, {"layer1.0.conv2.weight", torch::ones({2})}}));
  ASSERT_EQ(find_checkpoint("lenet5", "cifar10", folder.path()), file);
  const Weights weights = read_checkpoint(file);
  EXPECT_EQ(weights[0].name, "layer1_0_conv2.norm_var");
  EXPECT_EQ(weights[1].name, "layer1_0_conv2.weight");
}

TEST(Checkpoint, ThePublicResNet20Fits) {
  const auto file = find_checkpoint("resnet20", "cifar10", "");
  if (!file) GTEST_SKIP() << "no checkpoint here; NNLOCK_DATA_DIR names a folder that has it";
  auto network = build_network("resnet20", {3, 32}, 1);
  const Weights weights = read_checkpoint(*file);
  load(*network, weights);
  EXPECT_EQ(weights.size(), stored(*network, Form::float32, {}).size());
}

}  // namespace
}  // namespace nnlock::lab
