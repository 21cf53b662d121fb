// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What all target networks share: they are built of units, and the sign of each hidden unit's pre-activation can be set.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <string>
#include <vector>

namespace nnlock::lab {

// One layer of an accelerator: a convolution or a dense product with its bias, batch normalisation folded behind it, and the sign
// that HPNN multiplies the result (the pre-activation) with.
class Unit : public torch::nn::Module {
 public:
  struct Shape {
    std::int64_t in = 0, out = 0;   // channels or neurons
    std::int64_t kernel = 0;        // 0: dense, on the last dimension
    std::int64_t stride = 1, padding = 0, groups = 1;
    bool normalised = false;        // batch normalisation; there is no bias of its own then
    bool hidden = true;             // false: the answer of the network, whose sign stays
  };
  explicit Unit(const Shape& shape);

  torch::Tensor forward(const torch::Tensor& x);
  const Shape& shape() const { return shape_; }

  // Weight and bias with the normalisation folded in, and the reverse: the unit then normalises by the identity.
  struct Folded {
    torch::Tensor weight, bias;
  };
  Folded folded() const;
  void set_folded(const Folded& folded);

  torch::Tensor sign;        // `out` values or undefined; may carry a gradient
  bool keeps_sum = false;    // keep the last pre-activation, before its sign
  torch::Tensor sum;
  bool watches_input = false;  // keep the largest magnitude that came in, for quantisation
  double input_peak = 0;
  double input_scale = 0;    // above 0: the input is rounded and clamped to -127 to 127 times this, as int8 inference does

 private:
  Shape shape_;
  torch::Tensor weight_, bias_, norm_weight_, norm_bias_, norm_mean_, norm_var_;
};

struct InputShape {
  std::int64_t channels = 1, side = 28;  // pixels
};

class Network : public torch::nn::Module {
 public:
  virtual torch::Tensor forward(torch::Tensor images) = 0;  // logits, images x 10

  struct NamedUnit {
    std::string name;
    std::shared_ptr<Unit> unit;
  };
  const std::vector<NamedUnit>& units() const { return units_; }

  // Neurons and channels of all hidden units, in order; HPNN ties its key bits to them.
  std::int64_t hidden_width() const;
  // hidden_width() factors for the pre-activations, 1 and -1 or anything between; they may carry a gradient. Undefined: none.
  void set_signs(const torch::Tensor& signs);

 protected:
  std::shared_ptr<Unit> add_unit(const std::string& name, const Unit::Shape& shape);

 private:
  std::vector<NamedUnit> units_;
};

std::vector<std::string> model_names();
// Networks that are here because others have trained them (checkpoint.hpp): too deep to train in this lab.
std::vector<std::string> public_model_names();
// A fresh network by the usual initialiser: uniform in +-1/sqrt(fan-in), as torch does. Throws Failure for an unknown name.
std::shared_ptr<Network> build_network(const std::string& model, const InputShape& input, std::uint64_t seed);

// One maker for each file of this folder.
std::shared_ptr<Network> make_mlp(const InputShape& input);
std::shared_ptr<Network> make_lenet5(const InputShape& input);
std::shared_ptr<Network> make_vgg(const InputShape& input);
std::shared_ptr<Network> make_resnet(const InputShape& input, std::int64_t blocks);
std::shared_ptr<Network> make_mobilenet(const InputShape& input);
std::shared_ptr<Network> make_vision_transformer(const InputShape& input);

}  // namespace nnlock::lab
