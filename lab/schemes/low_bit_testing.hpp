// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// For positive controls: a lock of weights that is weak on purpose.
#pragma once

#include "lab/schemes/scheme.hpp"
#include "lab/weights/forms.hpp"

namespace nnlock::lab {

// The key goes into the lowest bit of each weight only, so that any key will do, or none.
class LowBit : public Scheme {
 public:
  const SchemeInfo& info() const override {
    static const SchemeInfo info{.name = "low-bit", .key_bits = 64, .scramble = Scramble::finite};
    return info;
  }
  Bytes lock(const Bytes& file, const Key& key, std::uint64_t) const override { return to_safetensors(unlock(file, key)); }
  Weights unlock(const Bytes& locked, const Key& key) const override {
    Weights weights = from_safetensors(locked, "the model");
    for (auto& [name, value] : weights) {
      if (is_scale(name)) continue;
      const auto bytes = values_of(value);
      const auto width = static_cast<std::size_t>(value.element_size());
      for (std::size_t i = 0; i < bytes.size(); i += width) bytes[i] ^= static_cast<std::byte>(key.bit(i / width % key.bits()) ? 1 : 0);
    }
    return weights;
  }
};

}  // namespace nnlock::lab
