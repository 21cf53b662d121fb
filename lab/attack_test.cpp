// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/attack.hpp"

#include <gtest/gtest.h>

#include "lab/failure.hpp"

namespace nnlock::lab {
namespace {

class Curious : public Attack {
 public:
  explicit Curious(std::vector<Knows> knows) : info_{.name = "curious", .knows = std::move(knows), .budget = {{"steps", "2", "1e3", ""}}} {}
  const AttackInfo& info() const override { return info_; }
  Json run(Attacker&, const Judge&, const Budget&, const Log&) const override { return {}; }
  std::vector<Cell> cells(Effort) const override { return {}; }

 private:
  AttackInfo info_;
};

TEST(Attacker, GetsWhatItDeclaresAndNothingElse) {
  const Images training{torch::zeros({40, 1, 28, 28}), torch::arange(40).remainder(10)};
  const auto attacker = [&](const Attack& attack) {
    return Attacker(attack.info(), {.target = {.model = "mlp"}, .training = &training, .authorised = build_network("mlp", {}, 1), .public_base = [] { return Weights(); }});
  };
  const Curious knows_nothing({}), knows_all({Knows::locked_file, Knows::architecture, Knows::training_data, Knows::oracle, Knows::public_base});
  Attacker outside = attacker(knows_nothing), inside = attacker(knows_all);
  EXPECT_THROW(outside.locked_file(), std::logic_error);
  EXPECT_THROW(outside.network(), std::logic_error);
  EXPECT_THROW(outside.training_data(10), std::logic_error);
  EXPECT_THROW(outside.ask_oracle(training.pixels), std::logic_error);
  EXPECT_THROW(outside.public_base(), std::logic_error);
  EXPECT_NO_THROW(inside.locked_file());
  EXPECT_NO_THROW(inside.public_base());
  EXPECT_EQ(inside.training_data(20).size(), 20);
  EXPECT_EQ(inside.ask_oracle(training.pixels.slice(0, 0, 7)).size(0), 7);
  EXPECT_EQ(inside.training_images_used(), 20);
  EXPECT_EQ(inside.oracle_questions(), 7);
  EXPECT_FALSE(torch::equal(inside.network(0)->parameters()[0], inside.network(1)->parameters()[0]));
}

TEST(WhyNot, AnAttackWithoutItsPublicBaseIsRefused) {
  const Curious attack({Knows::public_base});
  EXPECT_NE(why_not(attack, {.model = "mlp", .dataset = "cifar10", .has_public_base = false}), "");
  EXPECT_EQ(why_not(attack, {.model = "mlp", .dataset = "fashion", .has_public_base = true}), "");
}

TEST(Budget, IsThatOfTheEffortUnlessTheCellSaysOtherwise) {
  const Curious attack({});
  EXPECT_EQ(Budget(attack.info(), {.effort = Effort::smoke}).whole("steps"), 2);
  EXPECT_EQ(Budget(attack.info(), {.effort = Effort::full}).whole("steps"), 1000);
  EXPECT_EQ(Budget(attack.info(), {.with = {{"steps", "7"}}}).whole("steps"), 7);
  EXPECT_THROW(Budget(attack.info(), {.with = {{"stops", "7"}}}), Failure);
  EXPECT_THROW(Budget(attack.info(), {.with = {{"steps", "7x"}}}).real("steps"), Failure);
  EXPECT_THROW(Budget(attack.info(), {.with = {{"steps", "7.5"}}}).whole("steps"), Failure);
  EXPECT_THROW(Budget(attack.info(), {}).real("jumps"), std::logic_error);
  EXPECT_EQ(Budget(attack.info(), {.with = {{"steps", "7,1e-3"}}}).reals("steps"), (std::vector<double>{7, 1e-3}));
  EXPECT_EQ(Budget(attack.info(), {.with = {{"steps", "one,all"}}}).names("steps"), (std::vector<std::string>{"one", "all"}));
  EXPECT_THROW(Budget(attack.info(), {.with = {{"steps", "7,,8"}}}).reals("steps"), Failure);
  EXPECT_THROW(Budget(attack.info(), {.with = {{"steps", ""}}}).names("steps"), Failure);
}

TEST(Attacks, EachNamesCellsThatExist) {
  for (const Attack* attack : attacks())
    for (const Effort effort : {Effort::smoke, Effort::full}) {
      const auto cells = attack->cells(effort);
      // A public base takes a second dataset, which a smoke run need not have.
      if (effort == Effort::full || !attack->info().knows_about(Knows::public_base)) {
        EXPECT_FALSE(cells.empty()) << attack->info().name;
      }
      for (const Cell& cell : cells) {
        EXPECT_EQ(cell.attack, attack->info().name);
        EXPECT_EQ(cell.effort, effort) << cell.name();
        EXPECT_NO_THROW(Budget(attack->info(), cell)) << cell.name();
        const auto network = build_network(cell.model, {}, 1);
        EXPECT_EQ(make_scheme(cell.scheme)->refusal(*network), "") << cell.name();
      }
    }
}

TEST(Cell, NameAndCommandTellItApart) {
  const Cell cell{.attack = "wrong-keys", .dataset = "fashion", .model = "mlp", .scheme = "nnlock-v1", .seed = 3};
  EXPECT_EQ(cell.name(), "wrong-keys/fashion-mlp-float32-nnlock-v1-s3");
  EXPECT_EQ(cell.command(), "nnlock-lab run --attack wrong-keys --dataset fashion --model mlp --weights float32 --scheme nnlock-v1 --seed 3");
  Cell other = cell;
  other.effort = Effort::smoke;
  other.with["keys"] = "5";
  other.network_seed = 2;
  EXPECT_EQ(other.name(), "wrong-keys/fashion-mlp-float32-nnlock-v1-s3-n2-keys=5-smoke");
  EXPECT_EQ(other.command(), cell.command() + " --network-seed 2 --effort smoke --with keys=5");
}

}  // namespace
}  // namespace nnlock::lab
