// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// In the manner of MobileNet (Howard et al. 2017): depthwise 3 x 3 convolutions, each followed by a 1 x 1 convolution.
#include "lab/targets/network.hpp"

namespace nnlock::lab {
namespace {

class MobileNet : public Network {
 public:
  explicit MobileNet(const InputShape& input) {
    layers_.push_back(add_unit("stem", {.in = input.channels, .out = 24, .kernel = 3, .padding = 1, .normalised = true}));
    std::int64_t in = 24;
    const std::int64_t outs[] = {48, 48, 96, 96, 128}, strides[] = {2, 1, 2, 1, 1};
    for (std::size_t i = 0; i < std::size(outs); ++i) {
      const std::string name = "block" + std::to_string(i + 1);
      layers_.push_back(add_unit(name + "_depthwise", {.in = in, .out = in, .kernel = 3, .stride = strides[i], .padding = 1, .groups = in, .normalised = true}));
      layers_.push_back(add_unit(name + "_pointwise", {.in = in, .out = outs[i], .kernel = 1, .normalised = true}));
      in = outs[i];
    }
    answer_ = add_unit("answer", {.in = in, .out = 10, .hidden = false});
  }
  torch::Tensor forward(torch::Tensor x) override {
    for (const auto& layer : layers_) x = torch::relu(layer->forward(x));
    return answer_->forward(x.mean({2, 3}));
  }

 private:
  std::vector<std::shared_ptr<Unit>> layers_;
  std::shared_ptr<Unit> answer_;
};

}  // namespace

std::shared_ptr<Network> make_mobilenet(const InputShape& input) { return std::make_shared<MobileNet>(input); }

}  // namespace nnlock::lab
