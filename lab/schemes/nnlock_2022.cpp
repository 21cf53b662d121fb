// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// NN-Lock as published (Alam et al., JETC 18(3), 2022), on the lab's own files.
#include "lab/schemes/published_lock.hpp"
#include "lab/schemes/scheme.hpp"
#include "lab/weights/forms.hpp"

namespace nnlock::lab {
namespace {

class Nnlock2022 : public Scheme {
 public:
  explicit Nnlock2022(std::size_t key_bits) : info_{.name = "nnlock-2022-" + std::to_string(key_bits), .key_bits = key_bits, .scramble = Scramble::bytes} {}
  const SchemeInfo& info() const override { return info_; }

  Bytes lock(const Bytes& model_file, const Key& key, std::uint64_t) const override { return lock_published(model_file, key, is_scale); }
  Weights unlock(const Bytes& locked, const Key& key) const override { return from_safetensors(unlock_published(locked, key, is_scale), "the model"); }

 private:
  SchemeInfo info_;
};

}  // namespace

std::unique_ptr<Scheme> make_nnlock_2022(std::size_t key_bits) { return std::make_unique<Nnlock2022>(key_bits); }

}  // namespace nnlock::lab
