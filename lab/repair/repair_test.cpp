// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include <cmath>

#include "lab/attack.hpp"
#include "lab/failure.hpp"
#include "lab/repair/transforms.hpp"
#include "lab/testing.hpp"

namespace nnlock::lab {
namespace {

void quiet(const std::string&) {}

// Weak on purpose, in the manner of SFGE: every twentieth weight, from a place the key gives, has 8 added to it. The rest lies open.
class FewOutliers : public Scheme {
 public:
  const SchemeInfo& info() const override {
    static const SchemeInfo info{.name = "few-outliers", .key_bits = 8, .scramble = Scramble::none};
    return info;
  }
  Bytes lock(const Bytes& file, const Key& key, std::uint64_t) const override { return to_safetensors(moved(file, key, 8)); }
  Weights unlock(const Bytes& locked, const Key& key) const override { return moved(locked, key, -8); }

 private:
  static Weights moved(const Bytes& file, const Key& key, float by) {
    Weights weights = from_safetensors(file, "x");
    for (auto& [name, value] : weights)
      for (std::int64_t i = key.bytes[0] % 20; i < value.numel(); i += 20) value.data_ptr<float>()[i] += by;
    return weights;
  }
};

class RepairOnStripes : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    dataset_ = new Dataset(noisy_stripes());
    auto network = build_network("mlp", {}, 1);
    train(*network, dataset_->training, {.epochs = 3, .batch = 32}, 1, quiet);
    file_ = to_safetensors(stored(*network, Form::float32, {}));
  }
  static Json run(const Scheme& scheme, const std::string& transforms) {
    const Attack& attack = attack_named("repair");
    Random random(1, "right key");
    const Key key = random_key(scheme.info().key_bits, random);
    Attacker attacker(attack.info(), {.target = {.scheme = &scheme, .model = "mlp"}, .locked_file = scheme.lock(file_, key, 1),
                                      .training = &dataset_->training, .seed = 1});
    const Budget budget(attack.info(), {.effort = Effort::smoke,
                                        .with = {{"share", "0.02"}, {"steps", "12"}, {"points", "1"}, {"pruned", "0.06"}, {"transforms", transforms}}});
    return attack.run(attacker, Judge{&dataset_->test, &key}, budget, quiet);
  }
  static double untouched(const Json& outcome, std::size_t transform) {
    return outcome.at("transforms").at(transform).at("untouched").at("locked").at("accuracy").number();
  }
  static double difference(const Json& outcome, std::size_t transform, const char* start) {
    return outcome.at("transforms").at(transform).at("difference").at(start).number();
  }
  static inline Dataset* dataset_ = nullptr;
  static inline Bytes file_;
};

TEST_F(RepairOnStripes, UndoesAWeakScheme) {
  const Json outcome = run(FewOutliers(), "none,prune_largest,clip_initialiser");
  EXPECT_LT(untouched(outcome, 0), 0.5);
  EXPECT_GT(untouched(outcome, 1), 0.9);
  EXPECT_GT(difference(outcome, 1, "locked_all"), 0.2);
  EXPECT_GT(difference(outcome, 2, "locked_all"), 0.2);
  EXPECT_EQ(outcome.at("runs").size(), 7u);  // random once, and two starts for each transform
}

TEST_F(RepairOnStripes, HasNoHeadStartFromNnlockV1) {
  const Json outcome = run(*make_scheme("nnlock-v1"), "prune_largest,requantise,clip_initialiser,clip_deviations+norm_match");
  EXPECT_GT(outcome.at("random").at("best").at("random_all").number(), 0.3);  // training does something
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_LT(untouched(outcome, i), 0.4);
    for (const char* start : {"locked_all", "wrong_key_all"}) EXPECT_LT(difference(outcome, i, start), 0.1) << i;
  }
}

class Transforms : public testing::Test {
 protected:
  Transforms() {
    torch::NoGradGuard no_grad;
    for (auto& parameter : network_->parameters()) parameter.mul_(40);
    weight().flatten().slice(0, 0, 3).copy_(torch::tensor({1e30f, HUGE_VALF, NAN}));
  }
  torch::Tensor weight() { return network_->named_parameters()["conv2.weight"].data(); }
  torch::Tensor part(const char* name) { return network_->named_buffers()[name]; }
  torch::Tensor after(const std::string& names) {
    apply_transform(names, *network_, *fresh_, {.pruned = 0.25});
    return weight();
  }
  std::shared_ptr<Network> network_ = build_network("vgg", {}, 1), fresh_ = build_network("vgg", {}, 2);
};

TEST_F(Transforms, NoneLeavesEverything) {
  const auto before = weight().clone();
  EXPECT_TRUE(torch::allclose(after("none"), before, 0, 0, true));
}

TEST_F(Transforms, PruningTakesItsShareFromOneEnd) {
  const double greatest = weight().flatten().slice(0, 3).abs().max().item<double>();
  const auto small = after("prune_smallest");
  EXPECT_NEAR(small.eq(0).to(torch::kFloat64).mean().item<double>(), 0.25, 0.01);
  EXPECT_EQ(small.max().item<float>(), 1e30f);
  const auto large = after("prune_largest");
  EXPECT_LT(large.abs().max().item<double>(), greatest);
  EXPECT_TRUE(torch::isfinite(large).all().item<bool>());
}

TEST_F(Transforms, RequantisingLeavesAtMost255Values) {
  const auto values = after("requantise");
  EXPECT_LE(std::get<0>(at::_unique(values)).numel(), 255);
  EXPECT_LT(values.max().item<float>(), 1e3f);
}

TEST_F(Transforms, ClippingKeepsToTheRange) {
  EXPECT_LT(after("clip_deviations").max().item<float>(), 1e30f);
  const float usual = static_cast<float>(1 / std::sqrt(16.0 * 9));
  EXPECT_LE(after("clip_initialiser").abs().max().item<float>(), usual);
}

TEST_F(Transforms, NormMatchingGivesTheUsualNormAndResetsNormalisation) {
  part("conv2.norm_var").fill_(1e20);
  const auto values = after("clip_deviations+norm_match");
  EXPECT_NEAR(values.norm().item<double>(), fresh_->named_parameters()["conv2.weight"].norm().item<double>(), 1e-3);
  EXPECT_TRUE(part("conv2.norm_var").eq(1).all().item<bool>());
}

TEST_F(Transforms, AnUnknownOneIsRefused) { EXPECT_THROW(after("none+polish"), Failure); }

}  // namespace
}  // namespace nnlock::lab
