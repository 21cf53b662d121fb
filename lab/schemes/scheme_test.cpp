// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/schemes/scheme.hpp"

#include <gtest/gtest.h>

#include "lab/failure.hpp"
#include "lab/schemes/hpnn.hpp"
#include "lab/schemes/lock_file.hpp"
#include "lab/testing.hpp"
#include "lab/weights/forms.hpp"

namespace nnlock::lab {
namespace {

Weights weights_of_mlp(Form form = Form::float32) {
  auto network = build_network("mlp", {}, 7);
  return stored(*network, form, {torch::randn({8, 1, 28, 28}), torch::zeros({8}, torch::kInt64)});
}

bool equal(const Weights& a, const Weights& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i].name != b[i].name || !torch::equal(a[i].value, b[i].value)) return false;
  return true;
}

class EachScheme : public testing::TestWithParam<std::string> {};

TEST_P(EachScheme, TheRightKeyRestoresTheWeightsExactly) {
  const auto scheme = make_scheme(GetParam());
  Random random(1, "test");
  const Key key = random_key(scheme->info().key_bits, random);
  for (const Form form : {Form::float32, Form::int8}) {
    const Weights plain = weights_of_mlp(form);
    EXPECT_TRUE(equal(scheme->unlock(scheme->lock(to_safetensors(plain), key, 1), key), plain)) << to_string(form);
  }
}

TEST_P(EachScheme, LockingAgainGivesTheSameFile) {
  const auto scheme = make_scheme(GetParam());
  Random random(1, "test");
  const Key key = random_key(scheme->info().key_bits, random);
  const Bytes plain = to_safetensors(weights_of_mlp());
  EXPECT_EQ(scheme->lock(plain, key, 5), scheme->lock(plain, key, 5));
}

TEST_P(EachScheme, AWrongKeyAndTheLockedFileGiveAnotherNetwork) {
  const auto scheme = make_scheme(GetParam());
  Random random(1, "test");
  const Key key = random_key(scheme->info().key_bits, random), wrong = random_key(scheme->info().key_bits, random);
  const Bytes locked = scheme->lock(to_safetensors(weights_of_mlp()), key, 1);
  auto network = build_network("mlp", {}, 0);
  const auto answers = [&] { return network->forward(torch::ones({1, 1, 28, 28})); };
  scheme->install(*network, locked, key);
  const auto right = answers();
  scheme->install(*network, locked, wrong);
  EXPECT_FALSE(torch::equal(answers(), right));
  scheme->install_locked(*network, locked);
  EXPECT_FALSE(torch::equal(answers(), right));
  scheme->install(*network, locked, key);
  EXPECT_TRUE(torch::equal(answers(), right));
}

INSTANTIATE_TEST_SUITE_P(Schemes, EachScheme, testing::ValuesIn(scheme_names()), [](const auto& test) {
  std::string name = test.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(NnlockV1, AWrongKeyKeepsEveryNumberFiniteAndScalesReadable) {
  const auto scheme = make_nnlock_v1();
  Random random(1, "test");
  const Key key = random_key(256, random), wrong = random_key(256, random);
  for (const Form form : {Form::float32, Form::int8}) {
    const Weights plain = weights_of_mlp(form);
    const Weights unlocked = scheme->unlock(scheme->lock(to_safetensors(plain), key, 1), wrong);
    for (std::size_t i = 0; i < plain.size(); ++i) {
      EXPECT_TRUE(torch::isfinite(unlocked[i].value).all().item<bool>()) << plain[i].name;
      EXPECT_EQ(torch::equal(unlocked[i].value, plain[i].value), is_scale(plain[i].name)) << plain[i].name;
    }
  }
}

TEST(LockFile, IsTheSameForTheSameSeedAndOpensWithItsKeyOnly) {
  const TemporaryFolder folder;
  const auto file = [&](const char* name) { return folder.path() / name; };
  const Weights plain = weights_of_mlp(Form::float32);
  write_file(file("plain.safetensors"), to_safetensors(plain));
  const Key key = key_from_hex(std::string(62, '0') + "a1");
  EXPECT_EQ(key.bytes.back(), 0xa1);
  lock_model_file(key, file("plain.safetensors"), file("first.safetensors"), 1);
  lock_model_file(key, file("plain.safetensors"), file("again.safetensors"), 1);
  lock_model_file(key, file("plain.safetensors"), file("other.safetensors"), 2);
  const Bytes first = read_file(file("first.safetensors"));
  EXPECT_EQ(first, read_file(file("again.safetensors")));
  EXPECT_NE(first, read_file(file("other.safetensors")));
  const auto scheme = make_nnlock_v1();
  EXPECT_TRUE(torch::equal(scheme->unlock(first, key)[0].value, plain[0].value));
  EXPECT_FALSE(torch::equal(scheme->unlock(first, key_from_hex(std::string(62, '0') + "a0"))[0].value, plain[0].value));
}

TEST(LockFile, AKeyThatIsNoKeyIsRefused) {
  for (const std::size_t size : {0u, 62u, 63u, 66u}) EXPECT_THROW(key_from_hex(std::string(size, '0')), Failure) << size;
  for (const char digit : {'g', 'A', ' '}) EXPECT_THROW(key_from_hex(std::string(64, digit)), Failure) << digit;
}

TEST(Hpnn, SignsFollowTheKeyInTurn) {
  auto network = build_network("mlp", {}, 7);
  Key key{std::vector<std::uint8_t>(16)};
  key.flip(3);
  const auto signs = hpnn_signs(hpnn_factors(key), *network);
  ASSERT_EQ(signs.numel(), 512);
  for (std::int64_t i = 0; i < 512; ++i) EXPECT_EQ(signs[i].item<float>(), i % 128 == 3 ? -1 : 1);
}

TEST(Hpnn, TooFewUnitsForTheKeyAreRefused) {
  const auto lenet = build_network("lenet5", {}, 7);
  EXPECT_EQ(make_hpnn(128)->refusal(*lenet), "");
  EXPECT_NE(make_hpnn(256)->refusal(*lenet), "");
}

TEST(Key, DistanceIsExact) {
  Random random(3, "test");
  const Key key = random_key(128, random);
  for (const std::size_t d : {0u, 1u, 64u, 128u}) EXPECT_EQ(distance(key, key_at_distance(key, d, random)), d);
}

TEST(SchemeNames, AnUnknownOneIsRefused) { EXPECT_THROW(make_scheme("rot13"), Failure); }

}  // namespace
}  // namespace nnlock::lab
