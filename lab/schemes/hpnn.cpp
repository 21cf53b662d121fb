// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/schemes/hpnn.hpp"

#include "lab/schemes/scheme.hpp"

namespace nnlock::lab {

torch::Tensor hpnn_factors(const Key& key) {
  auto factors = torch::ones({static_cast<std::int64_t>(key.bits())});
  for (std::size_t i = 0; i < key.bits(); ++i)
    if (key.bit(i)) factors.data_ptr<float>()[i] = -1;
  return factors;
}

torch::Tensor hpnn_signs(const torch::Tensor& factors, const Network& network) {
  return factors.index_select(0, torch::arange(network.hidden_width(), torch::kInt64).remainder(factors.size(0)));
}

namespace {

class Hpnn : public Scheme {
 public:
  explicit Hpnn(std::size_t key_bits)
      : info_{.name = "hpnn-" + std::to_string(key_bits), .key_bits = key_bits, .trained_under_key = true, .scramble = Scramble::none} {}
  const SchemeInfo& info() const override { return info_; }

  std::string refusal(const Network& network) const override {
    const std::int64_t width = network.hidden_width();
    if (width >= static_cast<std::int64_t>(info_.key_bits)) return {};
    return "the network has " + std::to_string(width) + " hidden units, too few for " + std::to_string(info_.key_bits) + " key bits";
  }
  Bytes lock(const Bytes& model_file, const Key&, std::uint64_t) const override { return model_file; }  // training did it
  Weights unlock(const Bytes& locked, const Key&) const override { return from_safetensors(locked, "the model"); }
  void wire(Network& network, const Key& key) const override { network.set_signs(hpnn_signs(hpnn_factors(key), network)); }

 private:
  SchemeInfo info_;
};

}  // namespace

std::unique_ptr<Scheme> make_hpnn(std::size_t key_bits) { return std::make_unique<Hpnn>(key_bits); }

}  // namespace nnlock::lab
