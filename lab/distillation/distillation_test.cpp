// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include "lab/attack.hpp"
#include "lab/testing.hpp"

namespace nnlock::lab {
namespace {

void quiet(const std::string&) {}

// The device calls class c what is class c + 1 by its label: what a student knows shows whose student it is.
TEST(Distillation, TheStudentOfADeviceAnswersAsTheDeviceDoes) {
  const TemporaryFolder folder;
  write_stripes(folder.path(), 1000, 100);
  const Dataset dataset = load_dataset("mnist", folder.path());
  const auto device = build_network("mlp", {}, 1);
  train(*device, {dataset.training.pixels, (dataset.training.labels + 9).remainder(10)}, {.epochs = 3, .batch = 32}, 1, quiet);
  const auto scheme = make_scheme("nnlock-v1");
  const Attack& attack = attack_named("distillation");
  Attacker attacker(attack.info(), {.target = {.scheme = scheme.get(), .model = "mlp"}, .training = &dataset.training, .authorised = device, .seed = 1});
  const Budget budget(attack.info(), {.effort = Effort::smoke, .with = {{"images", "500"}, {"visits", "5000"}}});
  const Json outcome = attack.run(attacker, Judge{&dataset.test, nullptr}, budget, quiet);
  EXPECT_LT(outcome.at("right_key").at("accuracy").number(), 0.05);
  for (const char* student : {"logits", "answers"}) {
    EXPECT_GT(outcome.at(student).at("same_answers").number(), 0.95) << student;
    EXPECT_LT(outcome.at(student).at("accuracy").number(), 0.05) << student;
  }
  EXPECT_GT(outcome.at("labels").at("accuracy").number(), 0.95);
  EXPECT_LT(outcome.at("labels").at("same_answers").number(), 0.05);
  EXPECT_EQ(outcome.at("questions").number(), 500);
  EXPECT_EQ(attacker.oracle_questions(), 600);
}

// It needs neither the file nor a weakness of the scheme, so no scheme is safe from it.
TEST(Distillation, FitsEverySchemeAndNeverTouchesTheLockedFile) {
  const Attack& attack = attack_named("distillation");
  EXPECT_FALSE(attack.info().knows_about(Knows::locked_file));
  for (const std::string& name : scheme_names()) {
    const auto scheme = make_scheme(name);
    EXPECT_EQ(why_not(attack, {.scheme = scheme.get(), .model = "mlp", .dataset = "fashion"}), "") << name;
  }
}

}  // namespace
}  // namespace nnlock::lab
