// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Residual networks in the CIFAR style (He et al. 2016, section 4.2): 6n + 2 layers, three stages of n blocks with 16, 32 and 64
// channels, shortcuts without parameters (option A). Layers are named as in the public checkpoints, with '_' for '.'.
#include "lab/targets/network.hpp"

namespace nnlock::lab {
namespace {

struct Block {
  std::shared_ptr<Unit> conv1, conv2;

  torch::Tensor forward(const torch::Tensor& x) const {
    return torch::relu(conv2->forward(torch::relu(conv1->forward(x))) + shortcut(x));
  }
  // Every second pixel, and zeros for the channels that are new.
  torch::Tensor shortcut(const torch::Tensor& x) const {
    const auto& shape = conv1->shape();
    if (shape.stride == 1) return x;
    const std::int64_t fresh = (shape.out - shape.in) / 2;
    return torch::constant_pad_nd(x.slice(2, 0, c10::nullopt, 2).slice(3, 0, c10::nullopt, 2), {0, 0, 0, 0, fresh, fresh}, 0);
  }
};

class ResNet : public Network {
 public:
  ResNet(const InputShape& input, std::int64_t blocks) {
    stem_ = add_unit("conv1", {.in = input.channels, .out = 16, .kernel = 3, .padding = 1, .normalised = true});
    std::int64_t in = 16;
    for (std::int64_t stage = 1; stage <= 3; ++stage) {
      for (std::int64_t i = 0; i < blocks; ++i) {
        const std::int64_t out = 8 << stage, stride = i == 0 && stage > 1 ? 2 : 1;
        const std::string name = "layer" + std::to_string(stage) + "_" + std::to_string(i) + "_";
        blocks_.push_back({add_unit(name + "conv1", {.in = in, .out = out, .kernel = 3, .stride = stride, .padding = 1, .normalised = true}),
                           add_unit(name + "conv2", {.in = out, .out = out, .kernel = 3, .padding = 1, .normalised = true})});
        in = out;
      }
    }
    answer_ = add_unit("linear", {.in = in, .out = 10, .hidden = false});
  }
  torch::Tensor forward(torch::Tensor x) override {
    x = torch::relu(stem_->forward(x));
    for (const Block& block : blocks_) x = block.forward(x);
    return answer_->forward(x.mean({2, 3}));
  }

 private:
  std::shared_ptr<Unit> stem_, answer_;
  std::vector<Block> blocks_;
};

}  // namespace

std::shared_ptr<Network> make_resnet(const InputShape& input, std::int64_t blocks) { return std::make_shared<ResNet>(input, blocks); }

}  // namespace nnlock::lab
