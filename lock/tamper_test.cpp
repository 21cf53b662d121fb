// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Nothing that was changed opens: every bit, every cut, every swap (lock-v1 section 8).

#include <gtest/gtest.h>

#include <set>

#include "lock/models_testing.hpp"

namespace nnlock::lock {
namespace {

const LockOptions kSmall{.slot_bytes = 64};

class Tamper : public testing::TestWithParam<std::size_t> {
 protected:
  NamedModel model = small_models()[GetParam()];
  MasterKey key = test_key(1);
  Bytes file = locked(model.bytes, key, kSmall);
};

INSTANTIATE_TEST_SUITE_P(EveryCodec, Tamper, testing::Range<std::size_t>(0, 4),
                         [](const auto& codec) { return std::string(small_models()[codec.param].name); });

TEST_P(Tamper, NoFlippedBitOpens) {
  std::set<ErrorCode> seen;
  for (std::size_t bit = 0; bit < file.size() * 8; ++bit) {
    file[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
    const auto code = refusal(file, key);
    ASSERT_TRUE(code.has_value()) << "bit " << bit % 8 << " of byte " << bit / 8 << " of " << file.size();
    seen.insert(*code);
    file[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
  }
  EXPECT_EQ(refusal(file, key), std::nullopt);
  for (const ErrorCode code : {ErrorCode::wrong_key, ErrorCode::tampered, ErrorCode::bad_record}) EXPECT_TRUE(seen.contains(code));
  for (const ErrorCode code : {ErrorCode::usage, ErrorCode::io, ErrorCode::bad_key_file, ErrorCode::nothing_to_lock, ErrorCode::already_locked})
    EXPECT_FALSE(seen.contains(code)) << static_cast<int>(code);
}

// What the bits above are flipped in.
TEST(TamperMore, TheModelsHaveEveryLayoutThatIsChosen) {
  std::set<std::string> layouts;
  for (const NamedModel& model : small_models()) {
    const Scratch scratch;
    const auto info = inspect_file(scratch.write("m", locked(model.bytes, test_key(1), kSmall)));
    ASSERT_TRUE(info);
    for (const TensorInfo& p : info->params) layouts.insert(p.layout);
  }
  EXPECT_EQ(layouts, (std::set<std::string>{"block", "bytes", "finite", "range"}));
}

TEST_P(Tamper, NoTruncationOpens) {
  for (std::size_t i = 0; i < 64; ++i) {
    const Bytes cut(file.begin(), file.begin() + static_cast<long>(file.size() * i / 64));
    EXPECT_TRUE(refusal(cut, key).has_value()) << i << "/64";
  }
  Bytes longer = file;
  longer.push_back(std::byte{0});
  EXPECT_TRUE(refusal(longer, key).has_value());
}

TEST_P(Tamper, StrippedRecordIsNotLocked) {
  EXPECT_EQ(refusal(model.bytes, key), ErrorCode::not_locked);
}

TEST_P(Tamper, WrongKeyIsSaidSo) { EXPECT_EQ(refusal(file, test_key(2)), ErrorCode::wrong_key); }

TEST_P(Tamper, RandomDamageNeverOpens) {
  std::uint64_t state = 88172645463325252ULL;  // xorshift, fixed seed
  for (int round = 0; round < 3000; ++round) {
    Bytes damaged = file;
    for (int change = 0; change < 4; ++change) {
      state ^= state << 13, state ^= state >> 7, state ^= state << 17;
      damaged[state % damaged.size()] ^= static_cast<std::byte>(1 + (state >> 32) % 255);
    }
    ASSERT_TRUE(damaged == file || refusal(damaged, key).has_value()) << round;
  }
}

TEST(TamperMore, SwappedTensorsAreCaught) {
  const MasterKey key = test_key(1);
  Bytes file = locked(safetensors_with({100, 100}), key);
  std::swap_ranges(file.end() - 800, file.end() - 400, file.end() - 400);
  EXPECT_EQ(refusal(file, key), ErrorCode::tampered);
}

TEST(TamperMore, SwappedChunksAreCaught) {
  const MasterKey key = test_key(1);
  Bytes file = locked(safetensors_with({32768}), key, {.chunk_log2 = 16});
  std::swap_ranges(file.end() - 131072, file.end() - 65536, file.end() - 65536);
  EXPECT_EQ(refusal(file, key), ErrorCode::tampered);
}

TEST(TamperMore, DoubledRecordsAreRefused) {
  const MasterKey key = test_key(1);
  Bytes tflite = locked(small_tflite(), key);
  const std::size_t region = tflite.size() - small_tflite().size();
  tflite.insert(tflite.end(), tflite.end() - static_cast<long>(region), tflite.end());
  EXPECT_EQ(refusal(tflite, key), ErrorCode::bad_record);
  Bytes onnx = locked(small_onnx(), key);
  const Bytes entry(onnx.begin() + static_cast<long>(small_onnx().size()), onnx.end());
  onnx.insert(onnx.end(), entry.begin(), entry.end());
  EXPECT_EQ(refusal(onnx, key), ErrorCode::bad_record);
}

// With the record beside it, the model is judged by key first: every flipped bit is `tampered`, whatever the codec would say.
TEST(TamperMore, FlippedBitsOfASidecarLockedModelAreTampered) {
  const MasterKey key = test_key(1);
  for (const NamedModel& model : small_models()) {
    SCOPED_TRACE(model.name);
    const Scratch scratch;
    ASSERT_TRUE(lock_file(key, scratch.write("in", model.bytes), scratch.file("out"), {.sidecar = true}));
    const Bytes record = scratch.read("out.nnlock");
    Bytes file = scratch.read("out");
    for (std::size_t bit = 0; bit < file.size() * 8; ++bit) {
      file[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
      const auto opened = unlock_bytes(key, file, record, {.threads = 1});
      ASSERT_FALSE(opened) << bit;
      ASSERT_EQ(opened.error().code, ErrorCode::tampered) << "bit " << bit << ": " << opened.error().message;
      file[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
    }
    const auto other = unlock_bytes(test_key(2), file, record, {});
    EXPECT_EQ(other.error().code, ErrorCode::wrong_key);
  }
}

TEST(TamperMore, ErrorsNameTensorAndOffset) {
  const MasterKey key = test_key(1);
  Bytes file = locked(safetensors_with({100, 20000}), key, {.chunk_log2 = 16});
  file[file.size() - 1] ^= std::byte{128};  // last byte of t1, in its second chunk
  const auto opened = unlock_bytes(key, file, {}, {});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().tensor, "t1");
  EXPECT_EQ(opened.error().offset, file.size() - 80000 + 65536);
}

}  // namespace
}  // namespace nnlock::lock
