// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What docs/new-scheme.md does by hand: wrong keys, then a search that finds the key.
#include <gtest/gtest.h>

#include "lab/attack.hpp"
#include "lab/testing.hpp"

namespace nnlock::lab {
namespace {

void quiet(const std::string&) {}

class ToyRowsOnStripes : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    write_stripes(folder_.path(), 1000, 100);
    dataset_ = new Dataset(load_dataset("mnist", folder_.path()));
    network_ = build_network("mlp", {}, 1);
    train(*network_, dataset_->training, {.epochs = 3, .batch = 32}, 1, quiet);
  }
  Json run(const std::string& attack_name) const {
    const Attack& attack = attack_named(attack_name);
    Attacker attacker(attack.info(), {.target = {.scheme = scheme_.get(), .model = "mlp"}, .locked_file = locked_, .training = &dataset_->training, .seed = 1});
    return attack.run(attacker, Judge{&dataset_->test, &key_}, Budget(attack.info(), {.effort = Effort::smoke}), quiet);
  }
  double accuracy(const Key& key) const {
    const auto network = build_network("mlp", {}, 1);
    scheme_->install(*network, locked_, key);
    return measure(*network, dataset_->test).accuracy;
  }
  static inline const TemporaryFolder folder_;
  static inline Dataset* dataset_ = nullptr;
  static inline std::shared_ptr<Network> network_;
  const std::unique_ptr<Scheme> scheme_ = make_scheme("toy-rows");
  Random random_{1, "right key"};
  const Key key_ = random_key(64, random_);
  const Bytes locked_ = scheme_->lock(to_safetensors(stored(*network_, Form::float32, {})), key_, 1);
};

// At first sight it is a lock: a random key is worth little. At the second, a key with one wrong bit is as good as the right one.
TEST_F(ToyRowsOnStripes, WrongKeysLookBadUntilTheyAreNear) {
  const Json outcome = run("wrong-keys");
  EXPECT_GT(outcome.at("right_key").at("accuracy").number(), 0.95);
  EXPECT_LT(outcome.at("random_keys").at("accuracy").at("mean").number(), 0.6);
  EXPECT_GT(outcome.at("near_keys").at(0).at("answers").at("accuracy").at("mean").number(), 0.9);
}

// Bits that are flipped one at a time and kept when the loss on 50 labelled images falls.
TEST_F(ToyRowsOnStripes, ASearchFindsWhatTheKeyIsWorth) {
  const Images few = random_share(dataset_->training, 50, 1);
  const auto network = build_network("mlp", {}, 2);
  const auto loss = [&](const Key& key) {
    scheme_->install(*network, locked_, key);
    return torch::cross_entropy_loss(logits_of(*network, few.pixels), few.labels).item<double>();
  };
  Random random(2, "search");
  Key key = random_key(64, random);
  double least = loss(key);
  for (std::size_t i = 0; i < 3 * key.bits(); ++i) {
    key.flip(i % key.bits());
    if (const double now = loss(key); now < least) least = now;
    else key.flip(i % key.bits());
  }
  Random other(2, "search");
  EXPECT_LT(accuracy(random_key(64, other)), 0.6);
  EXPECT_GT(accuracy(key), 0.95);
}

}  // namespace
}  // namespace nnlock::lab
