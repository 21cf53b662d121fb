// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

// For tests of key searches: a small network that tells stripes apart, plain and trained under an HPNN key, and attacks run on it.
#pragma once

#include <gtest/gtest.h>

#include "lab/attack.hpp"
#include "lab/testing.hpp"

namespace nnlock::lab {

class LockedStripes : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    const TemporaryFolder folder;
    write_stripes(folder.path(), 1000, 200);
    dataset_ = std::make_unique<Dataset>(load_dataset("mnist", folder.path()));
  }
  static void TearDownTestSuite() { dataset_.reset(); }

  static Json run(const char* attack_name, const std::string& scheme_name, std::map<std::string, std::string> with = {}) {
    return run(attack_name, *make_scheme(scheme_name), Form::float32, std::move(with));
  }
  static Json run(const char* attack_name, const Scheme& scheme, Form form, std::map<std::string, std::string> with = {}) {
    const Attack& attack = attack_named(attack_name);
    Random random(1, "right key");
    const Key key = random_key(scheme.info().key_bits, random);
    const Bytes locked = scheme.lock(model_file(scheme, key, form), key, 1);
    const auto authorised = build_network("mlp", {}, 0);
    scheme.install(*authorised, locked, key);
    Attacker attacker(attack.info(), {.target = {.scheme = &scheme, .model = "mlp", .form = form},
                                      .locked_file = locked,
                                      .training = &dataset_->training,
                                      .authorised = authorised,
                                      .seed = 1});
    return attack.run(attacker, Judge{&dataset_->test, &key}, Budget(attack.info(), {.effort = Effort::smoke, .with = std::move(with)}), [](const std::string&) {});
  }

 private:
  // Trained fast and long: after a short training, stripes are told apart under nearly any HPNN key.
  static Bytes model_file(const Scheme& scheme, const Key& key, Form form) {
    static std::map<std::string, Bytes> made;
    Bytes& file = made[to_string(form) + (scheme.info().trained_under_key ? scheme.info().name : "")];
    if (!file.empty()) return file;
    const auto network = build_network("mlp", {}, 1);
    scheme.wire(*network, key);
    train(*network, dataset_->training, {.epochs = 8, .batch = 32, .rate = 1e-2}, 1, [](const std::string&) {});
    return file = to_safetensors(stored(*network, form, dataset_->training));
  }
  static inline std::unique_ptr<Dataset> dataset_;
};

}  // namespace nnlock::lab
