// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include "lab/input_output/recovery.hpp"
#include "lab/schemes/hpnn.hpp"
#include "lab/testing.hpp"

namespace nnlock::lab {
namespace {

void quiet(const std::string&) {}

class InputOutputOnStripes : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    write_stripes(folder_.path(), 1000, 100);
    dataset_ = new Dataset(load_dataset("mnist", folder_.path()));
  }

  // A network trained under a random key of the scheme, and what an attacker has of it.
  struct Target {
    Target(const std::string& model, const std::string& scheme_name) : scheme(make_scheme(scheme_name)) {
      Random random(1, "right key");
      key = random_key(scheme->info().key_bits, random);
      authorised = build_network(model, {}, 1);
      scheme->wire(*authorised, key);
      train(*authorised, dataset_->training, {.epochs = 3, .batch = 32}, 1, quiet);
      hands = {.target = {.scheme = scheme.get(), .model = model}, .locked_file = scheme->lock(to_safetensors(stored(*authorised, Form::float32, {})), key, 1),
               .authorised = authorised, .seed = 1};
    }
    Attacker attacker() const { return Attacker(attack_named("input-output").info(), hands); }

    std::unique_ptr<Scheme> scheme;
    Key key;
    std::shared_ptr<Network> authorised;
    Attacker::Hands hands;
  };
  static Json run(const Target& target, const std::map<std::string, std::string>& with) {
    const Attack& attack = attack_named("input-output");
    Attacker attacker = target.attacker();
    return attack.run(attacker, Judge{&dataset_->test, &target.key}, Budget(attack.info(), {.effort = Effort::smoke, .with = with}), quiet);
  }
  static void expect_the_whole_key(const Json& outcome) {
    EXPECT_EQ(outcome.at("bits_that_matter_right").number(), outcome.at("bits_that_matter").number());
    EXPECT_EQ(outcome.at("same_answers").number(), 1);
    EXPECT_LT(outcome.at("greatest_logit_difference").number(), 1e-3);
    EXPECT_GT(outcome.at("bits_that_matter").number(), 0.8 * outcome.at("bits").number());
  }
  static inline const TemporaryFolder folder_;
  static inline Dataset* dataset_ = nullptr;
};

TEST_F(InputOutputOnStripes, AlgebraAloneReadsThePerceptronsKey) {
  const Json outcome = run(Target("mlp", "hpnn-64"), {{"starts", "0"}});
  expect_the_whole_key(outcome);
  EXPECT_EQ(outcome.at("bits_right").number(), 64);
  EXPECT_EQ(outcome.at("stages").at(0).at("bits_certain_right").number(), 64);
}

TEST_F(InputOutputOnStripes, LearningFindsThePerceptronsKey) { expect_the_whole_key(run(Target("mlp", "hpnn-64"), {{"algebraic", "0"}})); }

TEST_F(InputOutputOnStripes, BothTogetherFindLeNetsKey) { expect_the_whole_key(run(Target("lenet5", "hpnn-64"), {{"starts", "12"}})); }

TEST(InputOutput, RefusesASchemeWithoutSignBits) {
  for (const char* name : {"nnlock-v1", "nnlock-2022-128", "hpnn-64"}) {
    const auto scheme = make_scheme(name);
    EXPECT_EQ(attack_named("input-output").refusal({.scheme = scheme.get(), .model = "mlp"}).empty(), name == std::string("hpnn-64")) << name;
  }
}

TEST(MadeUpImages, DoNotDependOnAnythingButTheLabel) {
  Random a(1, "x"), b(1, "x"), c(2, "x");
  const auto images = made_up_images({}, 8, a);
  EXPECT_TRUE(torch::equal(images, made_up_images({}, 8, b)));
  EXPECT_FALSE(torch::equal(images, made_up_images({}, 8, c)));
  EXPECT_EQ(images.sizes(), torch::IntArrayRef({8, 1, 28, 28}));
}

}  // namespace
}  // namespace nnlock::lab
