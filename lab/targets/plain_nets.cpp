// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Networks that are a plain sequence: a multilayer perceptron, LeNet-5 and one in the manner of VGG.
#include "lab/targets/network.hpp"

namespace nnlock::lab {
namespace {

torch::Tensor pooled(const torch::Tensor& x) { return torch::max_pool2d(x, 2); }

class Mlp : public Network {
 public:
  explicit Mlp(const InputShape& input) {
    hidden1_ = add_unit("hidden1", {.in = input.channels * input.side * input.side, .out = 256});
    hidden2_ = add_unit("hidden2", {.in = 256, .out = 256});
    answer_ = add_unit("answer", {.in = 256, .out = 10, .hidden = false});
  }
  torch::Tensor forward(torch::Tensor images) override {
    return answer_->forward(torch::relu(hidden2_->forward(torch::relu(hidden1_->forward(images.flatten(1))))));
  }

 private:
  std::shared_ptr<Unit> hidden1_, hidden2_, answer_;
};

// LeCun et al. 1998, with rectifiers and maximum pooling; 28 x 28 images are padded to its 32 x 32.
class LeNet5 : public Network {
 public:
  explicit LeNet5(const InputShape& input) {
    conv1_ = add_unit("conv1", {.in = input.channels, .out = 6, .kernel = 5, .padding = (32 - input.side) / 2});
    conv2_ = add_unit("conv2", {.in = 6, .out = 16, .kernel = 5});
    hidden1_ = add_unit("hidden1", {.in = 400, .out = 120});
    hidden2_ = add_unit("hidden2", {.in = 120, .out = 84});
    answer_ = add_unit("answer", {.in = 84, .out = 10, .hidden = false});
  }
  torch::Tensor forward(torch::Tensor images) override {
    auto x = pooled(torch::relu(conv1_->forward(images)));
    x = pooled(torch::relu(conv2_->forward(x))).flatten(1);
    return answer_->forward(torch::relu(hidden2_->forward(torch::relu(hidden1_->forward(x)))));
  }

 private:
  std::shared_ptr<Unit> conv1_, conv2_, hidden1_, hidden2_, answer_;
};

// Pairs of 3 x 3 convolutions, each pair followed by pooling.
class Vgg : public Network {
 public:
  explicit Vgg(const InputShape& input) {
    std::int64_t in = input.channels;
    for (const std::int64_t out : {16, 16, 32, 32, 64, 64}) {
      convs_.push_back(add_unit("conv" + std::to_string(convs_.size() + 1), {.in = in, .out = out, .kernel = 3, .padding = 1, .normalised = true}));
      in = out;
    }
    const std::int64_t side = input.side / 8;
    hidden_ = add_unit("hidden", {.in = in * side * side, .out = 128});
    answer_ = add_unit("answer", {.in = 128, .out = 10, .hidden = false});
  }
  torch::Tensor forward(torch::Tensor x) override {
    for (std::size_t i = 0; i < convs_.size(); ++i) {
      x = torch::relu(convs_[i]->forward(x));
      if (i % 2 == 1) x = pooled(x);
    }
    return answer_->forward(torch::relu(hidden_->forward(x.flatten(1))));
  }

 private:
  std::vector<std::shared_ptr<Unit>> convs_;
  std::shared_ptr<Unit> hidden_, answer_;
};

}  // namespace

std::shared_ptr<Network> make_mlp(const InputShape& input) { return std::make_shared<Mlp>(input); }
std::shared_ptr<Network> make_lenet5(const InputShape& input) { return std::make_shared<LeNet5>(input); }
std::shared_ptr<Network> make_vgg(const InputShape& input) { return std::make_shared<Vgg>(input); }

}  // namespace nnlock::lab
