// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "lab/cryptanalysis/known_schedule/known_plaintext.hpp"
#include "lab/cryptanalysis/known_schedule/recover.hpp"
#include "lab/cryptanalysis/known_schedule/recover_256.hpp"
#include "lab/schemes/aes_schedule.hpp"

namespace nnlock::lab {
namespace {

Key key_of(std::size_t bits, std::uint64_t seed) {
  Random random(seed, "right key");
  return random_key(bits, random);
}

std::vector<Word> words_at(const std::vector<std::uint8_t>& stream, std::uint64_t first, std::size_t count) {
  return words_of(std::span(stream).subspan(4 * first, 4 * count));
}

// A stream of one tensor: `plain` under the endless expansion of a key, preceded by `before` bytes of another tensor.
MaskedStream masked(const std::vector<std::uint8_t>& plain, Dtype dtype, const Key& key, std::uint64_t before = 0) {
  const auto stream = endless_schedule(key.bytes, before + plain.size());
  MaskedStream out{.bytes = stream, .pieces = {}};
  for (std::size_t i = 0; i < plain.size(); ++i) out.bytes[before + i] ^= plain[i];
  if (before > 0) out.pieces.push_back({ParamSpan{.name = "first", .dtype = Dtype::i32, .shape = {before / 4}, .offset = 0, .length = before}, 0});
  out.pieces.push_back({ParamSpan{.name = "weights", .dtype = dtype, .shape = {16, plain.size() / 16}, .offset = before, .length = plain.size()}, before});
  return out;
}

// Sums of twelve uniform numbers: close to normal.
double normal(Random& random) {
  double sum = -6;
  for (int i = 0; i < 12; ++i) sum += random.uniform();
  return sum;
}

std::vector<std::uint8_t> int8_weights(std::size_t count, double deviation, std::uint64_t seed) {
  Random random(seed, "weights");
  std::vector<std::uint8_t> weights(count);
  for (auto& weight : weights) weight = static_cast<std::uint8_t>(static_cast<std::int8_t>(std::lround(std::fmax(-127, std::fmin(127, deviation * normal(random))))));
  return weights;
}

TEST(Schedule, RunsBackwardsFromAnyWords) {
  for (const std::size_t bits : {128u, 256u}) {
    const Key key = key_of(bits, 7);
    const auto stream = endless_schedule(key.bytes, 40000);
    for (const std::uint64_t first : {0u, 1u, 4u, 7u, 44u, 1001u, 9990u}) EXPECT_EQ(key_from_words(words_at(stream, first, bits / 32), first), key) << bits << " " << first;
  }
}

TEST(Schedule, GoesOnFromAnyWords) {
  for (const std::size_t bits : {128u, 256u}) {
    const auto stream = endless_schedule(key_of(bits, 8).bytes, 8000);
    const auto more = expand_from(words_at(stream, 333, bits / 32), 333, 4000);
    EXPECT_EQ(std::memcmp(more.data(), stream.data() + 4 * 333, more.size()), 0);
  }
}

TEST(Schedule, DiagonalsFollowTheirRecurrence) {
  const auto stream = endless_schedule(key_of(128, 9).bytes, 16 * 300);
  for (unsigned j = 0; j < 4; ++j)
    for (std::uint64_t t = 4; t < 300; ++t) {
      const auto x = [&](std::uint64_t round) { return stream[diagonal_position(j, round)]; };
      ASSERT_EQ(x(t), x(t - 4) ^ aes_sbox()[x(t - 1)] ^ diagonal_constant(j, t)) << "diagonal " << j << ", round " << t;
    }
}

TEST(Schedule, FourDiagonalsGiveTheKey) {
  const Key key = key_of(128, 10);
  const auto stream = endless_schedule(key.bytes, 16 * 100);
  for (const std::uint64_t t0 : {0u, 1u, 2u, 3u, 77u}) {
    std::array<Word, 4> states{};
    for (unsigned j = 0; j < 4; ++j)
      for (unsigned i = 0; i < 4; ++i) states[j][i] = stream[diagonal_position(j, t0 + i)];
    EXPECT_EQ(key_from_diagonals(states, t0), key) << t0;
  }
}

TEST(Schedule, StrandsFollowTheirRecurrence) {
  const auto stream = endless_schedule(key_of(256, 9).bytes, 32 * 300);
  for (unsigned j = 0; j < 4; ++j)
    for (std::uint64_t t = 4; t < 300; ++t) {
      const auto y = [&](std::uint64_t round) { return stream[strand_position_y(j, round)]; };
      const auto z = [&](std::uint64_t round) { return stream[strand_position_z(j, round)]; };
      ASSERT_EQ(y(t), y(t - 4) ^ aes_sbox()[z(t - 1)] ^ diagonal_constant(j, t)) << "strand " << j << ", step " << t;
      ASSERT_EQ(z(t), z(t - 4) ^ aes_sbox()[y(t)]) << "strand " << j << ", step " << t;
    }
}

TEST(Schedule, FourStrandsGiveTheKey) {
  const Key key = key_of(256, 10);
  const auto stream = endless_schedule(key.bytes, 32 * 100);
  for (const std::uint64_t t0 : {0u, 1u, 2u, 3u, 77u}) {
    std::array<StrandState, 4> states{};
    for (unsigned j = 0; j < 4; ++j)
      for (unsigned i = 0; i < 4; ++i) states[j].y[i] = stream[strand_position_y(j, t0 + i)], states[j].z[i] = stream[strand_position_z(j, t0 + i)];
    EXPECT_EQ(key_from_strands(states, t0), key) << t0;
  }
}

TEST(Prior, LimitsAreQuantilesOfTheSum) {
  const Prior prior = generic_prior(Dtype::i8);
  const std::vector<const BytePrior*> bytes(20, &prior.bytes[0]);
  const std::vector<const Penalty*> penalties(20, &prior.penalties[0]);
  const auto limits = limits_of(bytes, penalties, 0.01);
  ASSERT_EQ(limits.size(), 20u);
  // Draw runs from the prior; about one in a hundred exceeds the last limit.
  Random random(3, "runs");
  int over = 0;
  for (int run = 0; run < 20000; ++run) {
    unsigned sum = 0;
    for (int i = 0; i < 20; ++i) {
      double u = random.uniform();
      std::size_t value = 0;
      while (value < 255 && (u -= prior.bytes[0][value]) > 0) ++value;
      sum += prior.penalties[0][value];
    }
    over += sum > limits.back();
  }
  EXPECT_GT(over, 100);
  EXPECT_LE(over, 260);
}

TEST(Prior, IsWiderWithoutKnowledge) {
  const auto narrow = int8_weights(100000, 8, 1);
  const Prior learnt = learnt_prior(Dtype::i8, std::as_bytes(std::span(narrow)), "other models");
  EXPECT_GT(information(learnt.bytes[0]), information(generic_prior(Dtype::i8).bytes[0]) + 1);
  const Prior floats = generic_prior(Dtype::f32);
  ASSERT_EQ(floats.bytes.size(), 4u);
  EXPECT_LT(information(floats.bytes[0]), 1e-6);
  EXPECT_GT(information(floats.bytes[3]), 3.5);
}

// All kernels of this machine, on a short share of the states that holds the true one.
TEST(Search, EveryKernelFindsTheSameSurvivors) {
  const Key key = key_of(128, 11);
  const auto stream = masked(int8_weights(16 * 120, 12, 2), Dtype::i8, key);
  const auto truth = endless_schedule(key.bytes, stream.bytes.size());
  const Prior prior = generic_prior(Dtype::i8);
  Diagonal diagonal;
  std::vector<const BytePrior*> bytes(96, &prior.bytes[0]);
  std::vector<const Penalty*> penalties(96, &prior.penalties[0]);
  for (std::uint64_t t = 8; t < 8 + 96; ++t) diagonal.steps.push_back({stream.bytes[diagonal_position(1, t)], diagonal_constant(1, t), &prior.penalties[0]});
  diagonal.limits = limits_of(bytes, penalties, 0.003);
  const Word state = {truth[diagonal_position(1, 8)], truth[diagonal_position(1, 9)], truth[diagonal_position(1, 10)], truth[diagonal_position(1, 11)]};
  for (const std::string& kernel : search_kernels()) {
    const auto found = search(diagonal, {.first_from = state[0], .first_to = state[0] + 1u, .kernel = kernel});
    ASSERT_EQ(found.survivors.size(), 1u) << kernel;
    EXPECT_EQ(found.survivors[0].state, state) << kernel;
  }
  EXPECT_THROW(search(diagonal, {.kernel = "no such kernel"}), std::runtime_error);
  diagonal.steps.resize(5);
  EXPECT_THROW(search(diagonal, {}), std::invalid_argument);
}

// The whole way, shortened by giving 8 bits of each diagonal.
std::optional<std::vector<std::uint8_t>> first_bytes(const MaskedStream& stream, Dtype dtype, std::size_t width, const Key& key) {
  const auto truth = endless_schedule(key.bytes, stream.bytes.size());
  const auto region = regions(stream, dtype, 96 * width).at(0);
  std::vector<std::uint8_t> bytes;
  for (unsigned j = 0; j < 4; ++j) bytes.push_back(truth[diagonal_position(j, region.first_round)]);
  return bytes;
}

TEST(Recovery, FindsTheKeyOfInt8Weights) {
  const Key key = key_of(128, 12);
  const auto stream = masked(int8_weights(16 * 400, 14, 3), Dtype::i8, key, 36);
  const auto found = recover_key(stream, generic_prior(Dtype::i8), {.given_first_bytes = first_bytes(stream, Dtype::i8, 1, key)});
  ASSERT_TRUE(found.key.has_value());
  EXPECT_EQ(*found.key, key);
  EXPECT_GT(found.attempts.back().bits[0], 40);
}

TEST(Recovery, FindsTheKeyOfFloats) {
  const Key key = key_of(128, 13);
  Random random(4, "floats");
  std::vector<std::uint8_t> plain;
  for (int i = 0; i < 4000; ++i) {
    const auto value = static_cast<float>(0.04 * normal(random));
    std::uint8_t bytes[4];
    std::memcpy(bytes, &value, 4);
    plain.insert(plain.end(), bytes, bytes + 4);
  }
  const auto stream = masked(plain, Dtype::f32, key);
  const auto found = recover_key(stream, generic_prior(Dtype::f32), {.given_first_bytes = first_bytes(stream, Dtype::f32, 4, key)});
  ASSERT_TRUE(found.key.has_value());
  EXPECT_EQ(*found.key, key);
}

TEST(Recovery, FindsNothingInRandomBytes) {
  Random random(5, "noise");
  std::vector<std::uint8_t> noise(16 * 400);
  for (auto& byte : noise) byte = static_cast<std::uint8_t>(random.below(256));
  const auto stream = masked(noise, Dtype::i8, key_of(128, 14));
  const auto found = recover_key(stream, generic_prior(Dtype::i8), {.losses = {0.003}, .given_first_bytes = std::vector<std::uint8_t>{1, 2, 3, 4}});
  EXPECT_FALSE(found.key.has_value());
  EXPECT_EQ(found.attempts.size(), 1u);
}

// 2^64 states a strand, of which weights with a deviation of 6 leave some 2^18 to look at.
TEST(Recovery, FindsTheKeyOfTheAes256Form) {
  const Key key = key_of(256, 17);
  const auto stream = masked(int8_weights(32 * 200, 6, 8), Dtype::i8, key, 36);
  const auto found = recover_key_256(stream, {.passes = {{6, 0.1}}});
  ASSERT_TRUE(found.key.has_value());
  EXPECT_EQ(*found.key, key);
  EXPECT_LT(found.expected_nodes.at(0), 20);
}

TEST(Recovery, GivesUpOnTheAes256FormWhereWeightsLieFarApart) {
  const auto stream = masked(int8_weights(32 * 40, 60, 8), Dtype::i8, key_of(256, 18));
  const auto all = recover_key_256(stream, {.passes = {{6, 0.1}}});
  EXPECT_FALSE(all.key.has_value());
  EXPECT_TRUE(all.complete);
  EXPECT_EQ(all.tried, all.stretches);
  const double nodes = std::log2(static_cast<double>(all.nodes) / static_cast<double>(all.tried));
  EXPECT_LT(nodes, all.expected_nodes.at(0));
  EXPECT_GT(nodes, all.expected_nodes.at(0) - 4);
  const auto some = recover_key_256(stream, {.passes = {{12, 0.1}}, .most_nodes = 1000});
  EXPECT_FALSE(some.complete);
}

TEST(KnownPlaintext, FindsZerosAndOnesByItself) {
  for (const std::size_t bits : {128u, 256u}) {
    const Key key = key_of(bits, 15);
    auto plain = int8_weights(16 * 200, 14, 6);
    std::fill(plain.begin() + 1000, plain.begin() + 1080, std::uint8_t{0});
    const auto hit = key_from_common_values(masked(plain, Dtype::i8, key, 20), bits);
    ASSERT_TRUE(hit.has_value());
    EXPECT_EQ(hit->key, key);
    EXPECT_EQ(hit->guess, "zeros");
    EXPECT_EQ(hit->position, 1020u);
    std::vector<std::uint8_t> ones(128);
    for (std::size_t i = 0; i < ones.size(); i += 4) ones[i + 2] = 0x80, ones[i + 3] = 0x3f;
    const auto scales = key_from_common_values(masked(ones, Dtype::f32, key), bits);
    ASSERT_TRUE(scales.has_value());
    EXPECT_EQ(scales->guess, "ones");
    EXPECT_EQ(scales->key, key);
  }
}

TEST(KnownPlaintext, ClaimsNothingWhereNothingIsKnown) {
  EXPECT_FALSE(key_from_common_values(masked(int8_weights(16 * 200, 14, 6), Dtype::i8, key_of(128, 16)), 128).has_value());
}

}  // namespace
}  // namespace nnlock::lab
