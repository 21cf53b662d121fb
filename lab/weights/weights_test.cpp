// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include "lab/failure.hpp"
#include "lab/testing.hpp"
#include "lab/weights/forms.hpp"
#include "nnlock/lock.hpp"

namespace nnlock::lab {
namespace {

Weights some_weights() {
  return {{"a", torch::randn({3, 2})}, {"b", torch::tensor({1, -2, 3}, torch::kInt8)}, {"c", torch::tensor(7, torch::kInt32)}};
}

TEST(Safetensors, WhatIsWrittenIsRead) {
  const Weights written = some_weights(), read = from_safetensors(to_safetensors(written), "x");
  ASSERT_EQ(read.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(read[i].name, written[i].name);
    EXPECT_EQ(read[i].value.scalar_type(), written[i].value.scalar_type());
    EXPECT_TRUE(torch::equal(read[i].value, written[i].value));
  }
}

TEST(Safetensors, TheLibraryReadsTheSame) {
  const TemporaryFolder folder;
  const Path file = folder.path() / "model.safetensors";
  write_file(file, to_safetensors(some_weights()));
  const auto info = inspect_file(file.string());
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->params.size(), 3u);
  EXPECT_EQ(info->param_bytes, 24u + 3u + 4u);
}

Bytes file_with(const std::string& header, std::size_t data) {
  Bytes bytes(8);
  bytes[0] = static_cast<std::byte>(header.size());
  append(bytes, bytes_of(header));
  bytes.resize(bytes.size() + data);
  return bytes;
}

TEST(Safetensors, RefusesDamage) {
  EXPECT_NO_THROW(from_safetensors(file_with(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8), "x"));
  for (const char* header : {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,12]}})", R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})",
                             R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", R"({"a":{"dtype":"F16","shape":[4],"data_offsets":[0,8]}})",
                             R"({"a":{"dtype":"F32","shape":[4294967295,4294967295],"data_offsets":[0,8]}})", R"({"a":7})", R"([])", R"({"a":)"})
    EXPECT_THROW(from_safetensors(file_with(header, 8), "x"), Failure) << header;
  EXPECT_THROW(from_safetensors(Bytes(7), "x"), Failure);
  EXPECT_THROW(from_safetensors(Bytes(8, std::byte{255}), "x"), Failure);
}

class WeightsOfEachModel : public testing::TestWithParam<std::string> {};

// Trained statistics are imitated: fresh ones are the identity, which would hide a mistake in folding.
std::shared_ptr<Network> lived_in(const std::string& model) {
  auto network = build_network(model, {}, 1);
  torch::NoGradGuard no_grad;
  for (const auto& item : network->named_buffers()) item.value().uniform_(0.5, 2);
  for (const auto& item : network->named_parameters())
    if (item.key().find("norm") != std::string::npos) item.value().uniform_(0.5, 1.5);
  return network;
}

TEST_P(WeightsOfEachModel, Float32IsExact) {
  auto network = lived_in(GetParam()), other = build_network(GetParam(), {}, 2);
  const auto images = torch::randn({2, 1, 28, 28});
  load(*other, from_safetensors(to_safetensors(stored(*network, Form::float32, {})), "x"));
  EXPECT_TRUE(torch::equal(other->forward(images), network->forward(images)));
}

TEST_P(WeightsOfEachModel, Int8IsCloseAndSmall) {
  auto network = lived_in(GetParam()), other = build_network(GetParam(), {}, 2);
  const Images images{torch::randn({16, 1, 28, 28}), torch::zeros({16}, torch::kInt64)};
  const Weights weights = stored(*network, Form::int8, images);
  load(*other, from_safetensors(to_safetensors(weights), "x"));
  const auto right = network->forward(images.pixels), answered = other->forward(images.pixels);
  EXPECT_LT((answered - right).norm().item<double>(), 0.1 * right.norm().item<double>());
  for (const auto& [name, unit] : network->units()) {
    const auto weight = std::find_if(weights.begin(), weights.end(), [&, &unit_name = name](const NamedTensor& t) { return t.name == unit_name + ".weight"; });
    ASSERT_NE(weight, weights.end()) << name;
    EXPECT_EQ(weight->value.scalar_type(), torch::kInt8) << name;
    EXPECT_EQ(weight->value.abs().max().item<int>(), 127) << name;
  }
}

// A locked network's activations would grow without end; int8 stops them.
TEST_P(WeightsOfEachModel, Int8ClampsWhatComesIn) {
  auto network = lived_in(GetParam());
  const Images images{torch::randn({16, 1, 28, 28}), torch::zeros({16}, torch::kInt64)};
  const Weights floats = stored(*network, Form::float32, {});
  load(*network, stored(*network, Form::int8, images));
  const auto far = images.pixels.sign() * 1e6;
  EXPECT_TRUE(torch::equal(network->forward(far), network->forward(far * 10)));
  load(*network, floats);
  EXPECT_FALSE(torch::equal(network->forward(far), network->forward(far * 10)));
}

TEST_P(WeightsOfEachModel, Int8LetsGradientsThrough) {
  auto network = lived_in(GetParam());
  const Images images{torch::randn({16, 1, 28, 28}), torch::zeros({16}, torch::kInt64)};
  load(*network, stored(*network, Form::int8, images));
  network->forward(images.pixels).pow(2).sum().backward();
  EXPECT_GT(network->parameters().front().grad().abs().sum().item<double>(), 0);
}

INSTANTIATE_TEST_SUITE_P(Models, WeightsOfEachModel, testing::Values("lenet5", "resnet8", "mobilenet", "vit"), [](const auto& test) { return test.param; });

TEST(Load, RefusesTheWeightsOfAnotherModel) {
  auto lenet = build_network("lenet5", {}, 1), wide = build_network("lenet5", {3, 32}, 1), mlp = build_network("mlp", {}, 1);
  EXPECT_THROW(load(*mlp, stored(*lenet, Form::float32, {})), Failure);
  EXPECT_THROW(load(*wide, stored(*lenet, Form::float32, {})), Failure);
}

}  // namespace
}  // namespace nnlock::lab
