// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// This library's own lock (spec/lock-v1.md), through its front door: what an attacker has is what lock_file() wrote, and a wrong key
// is a decoy unlock. Layouts are those that the library chooses by itself.
#include "lab/failure.hpp"
#include "lab/schemes/lock_file.hpp"
#include "lab/schemes/scheme.hpp"
#include "nnlock/lock.hpp"

namespace nnlock::lab {
namespace {

class NnlockV1 : public Scheme {
 public:
  const SchemeInfo& info() const override {
    static const SchemeInfo info{.name = "nnlock-v1", .key_bits = 256, .scramble = Scramble::finite};
    return info;
  }
  Bytes lock(const Bytes& model_file, const Key& key, std::uint64_t seed) const override { return lock_model(model_file, key, seed, {"*.scale"}); }
  Weights unlock(const Bytes& locked, const Key& key) const override {
    const auto plain = value_or_throw(unlock_bytes(master_key(key), locked, {}, UnlockOptions{.decoy = true, .threads = 1}));
    return from_safetensors(plain.bytes(), "the unlocked model");
  }
  Weights unlock_unchecked(const Bytes& locked, const Key& key) const override { return from_safetensors(nnlock::lab::unlock_unchecked(locked, key), "the unlocked model"); }
};

}  // namespace

std::unique_ptr<Scheme> make_nnlock_v1() { return std::make_unique<NnlockV1>(); }

}  // namespace nnlock::lab
