// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/schemes/published_lock.hpp"

#include <gtest/gtest.h>

#include "lab/failure.hpp"
#include "lab/schemes/aes_schedule.hpp"
#include "lab/weights/safetensors.hpp"

namespace nnlock::lab {
namespace {

Bytes model() { return to_safetensors({{"a", torch::arange(100, torch::kFloat32)}, {"a.scale", torch::ones({3})}, {"b", torch::arange(70, torch::kInt8)}}); }

bool is_a_scale(const std::string& name) { return name.ends_with(".scale"); }

TEST(PublishedLock, ComesBackUnderTheRightKeyAlone) {
  for (const std::size_t bits : {128u, 256u}) {
    Random random(bits, "key");
    const Key key = random_key(bits, random);
    const Bytes locked = lock_published(model(), key);
    EXPECT_NE(locked, model());
    EXPECT_EQ(unlock_published(locked, key), model());
    EXPECT_NE(unlock_published(locked, random_key(bits, random)), model());
  }
}

TEST(PublishedLock, LeavesPlainWhatIsToStay) {
  Random random(1, "key");
  const Weights locked = from_safetensors(lock_published(model(), random_key(128, random), is_a_scale), "the model");
  EXPECT_TRUE(torch::equal(locked[1].value, torch::ones({3})));
  EXPECT_FALSE(torch::equal(locked[2].value, torch::arange(70, torch::kInt8)));
}

// The public S-box comes off without a key: what is left is the weights XOR the key stream, in file order.
TEST(PublishedLock, MaskedStreamIsWeightsXorKeyStream) {
  Random random(2, "key");
  const Key key = random_key(128, random);
  const Bytes plain = model();
  const MaskedStream masked = masked_stream(lock_published(plain, key));
  const auto key_stream = endless_schedule(key.bytes, masked.bytes.size());
  ASSERT_EQ(masked.bytes.size(), 400u + 12 + 70);
  for (const auto& [span, at] : masked.pieces)
    for (std::uint64_t i = 0; i < span.length; ++i)
      ASSERT_EQ(masked.bytes[at + i] ^ key_stream[at + i], std::to_integer<int>(plain[span.offset + i])) << span.name << " byte " << i;
}

TEST(PublishedLock, RefusesWhatIsNoModel) {
  Random random(3, "key");
  EXPECT_THROW(lock_published(Bytes(1000), random_key(128, random)), Failure);
}

}  // namespace
}  // namespace nnlock::lab
