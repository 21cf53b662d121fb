// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include "lab/attack.hpp"
#include "lab/failure.hpp"
#include "lab/fine_tuning/fine_tune.hpp"
#include "lab/testing.hpp"

namespace nnlock::lab {
namespace {

void quiet(const std::string&) {}

// Weak on purpose: the key hides only which row of the last layer is which class; all that was learned before it lies open.
class TurnedAnswers : public Scheme {
 public:
  const SchemeInfo& info() const override {
    static const SchemeInfo info{.name = "turned-answers", .key_bits = 8, .scramble = Scramble::none};
    return info;
  }
  Bytes lock(const Bytes& file, const Key& key, std::uint64_t) const override { return to_safetensors(turned(file, 1 + key.bytes[0] % 9)); }
  Weights unlock(const Bytes& locked, const Key& key) const override { return turned(locked, -1 - key.bytes[0] % 9); }

 private:
  static Weights turned(const Bytes& file, std::int64_t places) {
    Weights weights = from_safetensors(file, "x");
    for (auto& [name, value] : weights)
      if (name.starts_with("answer.")) value = value.roll(places, 0).contiguous();
    return weights;
  }
};

class FineTuningOnStripes : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    dataset_ = new Dataset(noisy_stripes());
    auto network = build_network("mlp", {}, 1);
    train(*network, dataset_->training, {.epochs = 3, .batch = 32}, 1, quiet);
    weights_ = stored(*network, Form::float32, {});
  }
  static Json run(const std::string& name, const Scheme& scheme, std::map<std::string, std::string> with = {}) {
    const Attack& attack = attack_named(name);
    Random random(1, "right key");
    const Key key = random_key(scheme.info().key_bits, random);
    Attacker attacker(attack.info(), {.target = {.scheme = &scheme, .model = "mlp"}, .locked_file = scheme.lock(to_safetensors(weights_), key, 1),
                                      .training = &dataset_->training, .public_base = [] { return weights_; }, .seed = 1});
    std::map<std::string, std::string> few = {{"share", "0.015"}, {"steps", "30"}, {"rates", "1e-3,2e-2"}, {"last_rates", "2e-2,2e-1"}, {"points", "3"}};
    with.merge(few);
    return attack.run(attacker, Judge{&dataset_->test, &key}, Budget(attack.info(), {.effort = Effort::smoke, .with = with}), quiet);
  }
  static double difference(const Json& outcome, const std::string& name) { return outcome.at("difference").at(name).number(); }
  static inline Dataset* dataset_ = nullptr;
  static inline Weights weights_;
};

TEST_F(FineTuningOnStripes, ProfitsFromAWeakScheme) {
  const Json outcome = run("fine-tuning", TurnedAnswers(), {{"layers", "all,last"}});
  EXPECT_LT(outcome.at("untouched").at("locked").at("accuracy").number(), 0.2);
  EXPECT_GT(difference(outcome, "locked_last"), 0.2);
  EXPECT_GT(outcome.at("best").at("locked_last").number(), outcome.at("best").at("random_all").number() + 0.2);
}

TEST_F(FineTuningOnStripes, HasNoHeadStartFromNnlockV1) {
  const Json outcome = run("fine-tuning", *make_scheme("nnlock-v1"), {{"layers", "all,last"}});
  for (const char* start : {"locked_all", "wrong_key_all", "locked_last"}) EXPECT_LT(difference(outcome, start), 0.1) << start;
  EXPECT_GT(outcome.at("best").at("random_all").number(), 0.3);  // training does something
}

TEST_F(FineTuningOnStripes, ProfitsFromAPublicBase) {
  const Json outcome = run("fine-tuning-public-base", *make_scheme("nnlock-v1"));
  EXPECT_GT(outcome.at("untouched").at("public").at("accuracy").number(), 0.95);  // the test's base knows the very dataset
  EXPECT_GT(difference(outcome, "public_all"), 0.2);
}

TEST_F(FineTuningOnStripes, RecordsEveryRunAndRepeatsItself) {
  const Json outcome = run("fine-tuning", TurnedAnswers(), {{"layers", "last"}, {"steps", "7"}});
  EXPECT_EQ(outcome.text(), run("fine-tuning", TurnedAnswers(), {{"layers", "last"}, {"steps", "7"}}).text());
  EXPECT_EQ(outcome.at("images").number(), 30);
  const Json& runs = outcome.at("runs");
  ASSERT_EQ(runs.size(), 6u);  // three starts, two rates
  double best = outcome.at("untouched").at("locked").at("accuracy").number();
  for (std::size_t i = 0; i < 2; ++i) {
    ASSERT_EQ(runs.at(i).at("accuracy").size(), 3u);
    for (std::size_t point = 0; point < 3; ++point) best = std::max(best, runs.at(i).at("accuracy").at(point).number());
  }
  EXPECT_EQ(runs.at(0).at("steps").at(0).number(), 2);
  EXPECT_EQ(runs.at(0).at("steps").at(2).number(), 7);
  EXPECT_EQ(outcome.at("best").at("locked_last").number(), best);
}

TEST_F(FineTuningOnStripes, RefusesABudgetThatMakesNoSense) {
  for (const auto& wrong : {std::pair{"share", "0"}, {"share", "1.5"}, {"layers", "first"}, {"rates", "1e-3,fast"}, {"points", "0"}, {"steps", "2"}})
    EXPECT_THROW(run("fine-tuning", TurnedAnswers(), {{wrong.first, wrong.second}}), Failure) << wrong.first;
}

TEST(FineTuning, RefusesInt8) {
  EXPECT_NE(why_not(attack_named("fine-tuning"), {.model = "mlp", .form = Form::int8}), "");
  EXPECT_EQ(why_not(attack_named("fine-tuning"), {.model = "mlp"}), "");
}

}  // namespace
}  // namespace nnlock::lab
