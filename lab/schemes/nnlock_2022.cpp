// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// NN-Lock as published (Alam et al., JETC 18(3), 2022): w' = S(w XOR k) for each byte of the parameters, in file order, k the endless
// key expansion. The paper does not say what follows the standard's rounds; continuing them is the reading that favours it.
#include <algorithm>

#include "lab/schemes/aes_schedule.hpp"
#include "lab/schemes/scheme.hpp"
#include "lab/weights/forms.hpp"

namespace nnlock::lab {
namespace {

class Nnlock2022 : public Scheme {
 public:
  explicit Nnlock2022(std::size_t key_bits) : info_{.name = "nnlock-2022-" + std::to_string(key_bits), .key_bits = key_bits, .scramble = Scramble::bytes} {}
  const SchemeInfo& info() const override { return info_; }

  Bytes lock(const Bytes& model_file, const Key& key, std::uint64_t) const override {
    const SBox& sbox = aes_sbox();
    return to_safetensors(transformed(model_file, key, [&](std::uint8_t w, std::uint8_t k) { return sbox[w ^ k]; }));
  }
  Weights unlock(const Bytes& locked, const Key& key) const override {
    const SBox& inverse = aes_inverse_sbox();
    return transformed(locked, key, [&](std::uint8_t w, std::uint8_t k) { return static_cast<std::uint8_t>(inverse[w] ^ k); });
  }

 private:
  template <class PerByte>
  static Weights transformed(const Bytes& file, const Key& key, const PerByte& per_byte) {
    Weights weights = from_safetensors(file, "the model");
    std::size_t length = 0, at = 0;
    for (const auto& [name, value] : weights)
      if (!is_scale(name)) length += value.nbytes();
    const auto stream = endless_schedule(key.bytes, length);
    for (auto& [name, value] : weights) {
      if (is_scale(name)) continue;
      for (std::byte& byte : values_of(value)) byte = static_cast<std::byte>(per_byte(std::to_integer<std::uint8_t>(byte), stream[at++]));
    }
    return weights;
  }

  SchemeInfo info_;
};

}  // namespace

std::unique_ptr<Scheme> make_nnlock_2022(std::size_t key_bits) { return std::make_unique<Nnlock2022>(key_bits); }

}  // namespace nnlock::lab
