// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// A small vision transformer (Dosovitskiy et al. 2021): 4 x 4 patches, 64 channels, four blocks of four heads, mean of all tokens.
#include "lab/targets/network.hpp"

#include <cmath>

namespace nnlock::lab {
namespace {

constexpr std::int64_t kWidth = 64, kHeads = 4, kPatch = 4, kBlocks = 4;

struct LayerNorm {
  torch::Tensor weight, bias;
  torch::Tensor forward(const torch::Tensor& x) const { return torch::layer_norm(x, {kWidth}, weight, bias); }
};

struct Block {
  LayerNorm before_attention, before_hidden;
  std::shared_ptr<Unit> queries_keys_values, projection, hidden, back;

  torch::Tensor forward(const torch::Tensor& x) const {
    const auto y = x + projection->forward(attention(queries_keys_values->forward(before_attention.forward(x))));
    return y + back->forward(torch::gelu(hidden->forward(before_hidden.forward(y))));
  }
  static torch::Tensor attention(const torch::Tensor& joined) {
    const std::int64_t images = joined.size(0), tokens = joined.size(1), size = kWidth / kHeads;
    const auto parts = joined.view({images, tokens, 3, kHeads, size}).permute({2, 0, 3, 1, 4});
    const auto weights = torch::softmax(torch::matmul(parts[0], parts[1].transpose(-2, -1)) / std::sqrt(static_cast<double>(size)), -1);
    return torch::matmul(weights, parts[2]).transpose(1, 2).reshape({images, tokens, kWidth});
  }
};

class VisionTransformer : public Network {
 public:
  explicit VisionTransformer(const InputShape& input) {
    const std::int64_t tokens = (input.side / kPatch) * (input.side / kPatch);
    patches_ = add_unit("patches", {.in = input.channels, .out = kWidth, .kernel = kPatch, .stride = kPatch});
    position_ = register_parameter("position", torch::randn({1, tokens, kWidth}) * 0.02);
    for (std::int64_t i = 1; i <= kBlocks; ++i) add_block("block" + std::to_string(i));
    last_ = norm("norm");
    answer_ = add_unit("answer", {.in = kWidth, .out = 10, .hidden = false});
  }
  torch::Tensor forward(torch::Tensor images) override {
    auto x = patches_->forward(images).flatten(2).transpose(1, 2) + position_;
    for (const Block& block : blocks_) x = block.forward(x);
    return answer_->forward(last_.forward(x).mean(1));
  }

 private:
  LayerNorm norm(const std::string& name) {
    return {register_parameter(name + "_weight", torch::ones({kWidth})), register_parameter(name + "_bias", torch::zeros({kWidth}))};
  }
  void add_block(const std::string& name) {
    blocks_.push_back({norm(name + "_norm1"), norm(name + "_norm2"), add_unit(name + "_qkv", {.in = kWidth, .out = 3 * kWidth}),
                       add_unit(name + "_projection", {.in = kWidth, .out = kWidth}), add_unit(name + "_hidden", {.in = kWidth, .out = 2 * kWidth}),
                       add_unit(name + "_back", {.in = 2 * kWidth, .out = kWidth})});
  }

  std::shared_ptr<Unit> patches_, answer_;
  torch::Tensor position_;
  std::vector<Block> blocks_;
  LayerNorm last_;
};

}  // namespace

std::shared_ptr<Network> make_vision_transformer(const InputShape& input) { return std::make_shared<VisionTransformer>(input); }

}  // namespace nnlock::lab
