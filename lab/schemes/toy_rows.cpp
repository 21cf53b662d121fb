// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// A lock to practise on (docs/new-scheme.md), weak on purpose: key bit j negates rows j, j + 64, j + 128 ... of the weights of each layer.
// 64 bits are too many to try them all, and yet the key falls.
#include "lab/schemes/scheme.hpp"
#include "lab/weights/forms.hpp"

namespace nnlock::lab {
namespace {

class ToyRows : public Scheme {
 public:
  const SchemeInfo& info() const override {
    static const SchemeInfo info{.name = "toy-rows", .key_bits = 64, .scramble = Scramble::none};
    return info;
  }

  Bytes lock(const Bytes& model_file, const Key& key, std::uint64_t) const override { return to_safetensors(with_rows_negated(model_file, key)); }
  Weights unlock(const Bytes& locked, const Key& key) const override { return with_rows_negated(locked, key); }  // twice is not at all

 private:
  static Weights with_rows_negated(const Bytes& file, const Key& key) {
    Weights weights = from_safetensors(file, "the model");
    for (auto& [name, value] : weights) {
      if (value.dim() < 2 || is_scale(name)) continue;  // biases and scales stay
      for (std::int64_t row = 0; row < value.size(0); ++row)
        if (key.bit(static_cast<std::size_t>(row) % key.bits())) value[row].neg_();
    }
    return weights;
  }
};

}  // namespace

std::unique_ptr<Scheme> make_toy_rows() { return std::make_unique<ToyRows>(); }

}  // namespace nnlock::lab
