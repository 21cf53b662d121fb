// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include <cmath>

#include "lab/attack.hpp"
#include "lab/schemes/low_bit_testing.hpp"
#include "lab/testing.hpp"
#include "lab/wrong_keys/random_networks.hpp"

namespace nnlock::lab {
namespace {

void quiet(const std::string&) {}

class WrongKeysOnStripes : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    write_stripes(folder_.path(), 1000, 100);
    dataset_ = new Dataset(load_dataset("mnist", folder_.path()));
    auto network = build_network("mlp", {}, 1);
    train(*network, dataset_->training, {.epochs = 3, .batch = 32}, 1, quiet);
    file_ = to_safetensors(stored(*network, Form::float32, {}));
  }
  static Json run(const Scheme& scheme) {
    const Attack& attack = attack_named("wrong-keys");
    Random random(1, "right key");
    const Key key = random_key(scheme.info().key_bits, random);
    Attacker attacker(attack.info(), {.target = {.scheme = &scheme, .model = "mlp"}, .locked_file = scheme.lock(file_, key, 1), .seed = 1});
    return attack.run(attacker, Judge{&dataset_->test, &key}, Budget(attack.info(), {.effort = Effort::smoke}), quiet);
  }
  static double mean(const Json& answers) { return answers.at("accuracy").at("mean").number(); }
  static inline const TemporaryFolder folder_;
  static inline Dataset* dataset_ = nullptr;
  static inline Bytes file_;
};

TEST_F(WrongKeysOnStripes, ReportsAWeakSchemeAsBroken) {
  const Json outcome = run(LowBit());
  EXPECT_GT(outcome.at("right_key").at("accuracy").number(), 0.95);
  EXPECT_GT(mean(outcome.at("random_keys")), 0.95);
  EXPECT_GT(outcome.at("no_unlocking").at("accuracy").number(), 0.95);
  EXPECT_LT(outcome.at("initialised_networks").at("against_random_keys").at("ks_probability").number(), 0.001);
  EXPECT_LT(outcome.at("random_networks").at("against_random_keys").at("ks_probability").number(), 0.001);
}

TEST_F(WrongKeysOnStripes, ReportsNnlockV1AsAtChance) {
  const Json outcome = run(*make_scheme("nnlock-v1"));
  EXPECT_GT(outcome.at("right_key").at("accuracy").number(), 0.95);
  EXPECT_LT(std::abs(outcome.at("against_chance").at("standard_errors").number()), 4);
  EXPECT_EQ(outcome.at("random_keys").at("nan_share").at("max").number(), 0);
  EXPECT_LT(mean(outcome.at("near_keys").at(0).at("answers")), 0.5);
  EXPECT_LT(outcome.at("near_keys").at(0).at("equal_bytes").at("mean").number(), 0.02);
  EXPECT_GT(outcome.at("random_networks").at("against_random_keys").at("ks_probability").number(), 0.001);
}

// The published key schedule changes a quarter of its bytes not at all when one key bit changes (scheme-facts of the AES schedule).
TEST_F(WrongKeysOnStripes, SeesThePoorAvalancheOfThePublishedSchedule) {
  const Json outcome = run(*make_scheme("nnlock-2022-128"));
  const double near = outcome.at("near_keys").at(0).at("equal_bytes").at("mean").number();
  EXPECT_GT(near, 0.15);
  EXPECT_LT(near, 0.5);
  EXPECT_LT(outcome.at("near_keys").at(6).at("equal_bytes").at("mean").number(), 0.02);
}

TEST_F(WrongKeysOnStripes, SeesThatHpnnDegradesBitByBit) {
  const Json outcome = run(*make_scheme("hpnn-64"));  // a plain network under a random key: the right key is as bad as any other
  EXPECT_EQ(outcome.at("near_keys").size(), 7u);
  EXPECT_FALSE(outcome.has("random_networks"));  // the weights are as trained, so there is nothing to draw
  EXPECT_EQ(outcome.at("near_keys").at(0).at("equal_bytes").at("mean").number(), 1);
}

TEST(RandomWeights, KeepShapeRangeAndSign) {
  const Weights like = {{"a", torch::rand({40, 30}) + 0.5}, {"b", torch::randn({300})}, {"c", torch::randint(-1000, 900, {50}, torch::kInt32)},
                        {"d", torch::randint(-3, 3, {500}, torch::kInt8)}, {"e.scale", torch::rand({3})}};
  Random random(1, "x");
  const Weights drawn = random_weights(like, Scramble::finite, random);
  EXPECT_GE(drawn[0].value.min().item<float>(), 0.5f);
  EXPECT_LT(drawn[0].value.max().item<float>(), 2.0f);
  EXPECT_LT(drawn[1].value.min().item<float>(), 0);
  // Where signs occur the ring goes down to 2^-40, as in the locked file; few normal numbers are as small.
  EXPECT_GT(drawn[1].value.abs().lt(1e-9f).sum().item<int>(), 10);
  EXPECT_GE(drawn[1].value.abs().min().item<float>(), 0x1p-40f);
  EXPECT_TRUE(torch::isfinite(drawn[1].value).all().item<bool>());
  EXPECT_GE(drawn[2].value.min().item<int>(), -1024);
  EXPECT_LT(drawn[2].value.max().item<int>(), 1024);
  EXPECT_GT(drawn[3].value.max().item<int>(), 100);
  EXPECT_TRUE(torch::equal(drawn[4].value, like[4].value));
  const Weights bytes = random_weights({{"f", torch::rand({4000})}}, Scramble::bytes, random);
  EXPECT_FALSE(torch::isfinite(bytes[0].value).all().item<bool>());  // one float in 256 is infinite or no number
  EXPECT_TRUE(bytes[0].value.abs().gt(1e20f).any().item<bool>());
}

}  // namespace
}  // namespace nnlock::lab
