// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Locking and unlocking through the front door.

#include <gtest/gtest.h>

#include <fstream>

#include "lock/models_testing.hpp"
#include "lock/record.hpp"

namespace nnlock::lock {
namespace {

TEST(Lock, RestoresEveryFormatBitForBit) {
  const MasterKey key = test_key(1);
  for (const Suite suite : {Suite::aes256, Suite::chacha20})
    for (const NamedModel& model : small_models()) {
      SCOPED_TRACE(model.name);
      const Bytes file = locked(model.bytes, key, {.suite = suite});
      ASSERT_NE(file, model.bytes);
      UnlockReport report;
      const auto opened = unlock_bytes(key, file, {}, {}, &report);
      ASSERT_TRUE(opened) << opened.error().message;
      EXPECT_EQ(copy_of(*opened), model.bytes);
      EXPECT_TRUE(report.key_fits);
      EXPECT_GT(report.bytes, 0U);
    }
}

TEST(Lock, ScramblesEveryParameterAndNothingElse) {
  const MasterKey key = test_key(1);
  for (const NamedModel& model : small_models()) {
    SCOPED_TRACE(model.name);
    const Scratch scratch;
    const auto report = lock_file(key, scratch.write("in", model.bytes), scratch.file("out"), {.sidecar = true});
    ASSERT_TRUE(report) << report.error().message;
    const Bytes file = scratch.read("out");
    ASSERT_EQ(file.size(), model.bytes.size());
    const auto info = inspect_file(scratch.file("out"));
    ASSERT_TRUE(info) << info.error().message;
    std::vector<bool> is_param(file.size());
    for (const TensorInfo& p : info->params) {
      EXPECT_FALSE(std::equal(file.begin() + static_cast<long>(p.offset), file.begin() + static_cast<long>(p.offset + p.length),
                              model.bytes.begin() + static_cast<long>(p.offset))) << p.name;
      std::fill_n(is_param.begin() + static_cast<long>(p.offset), p.length, true);
    }
    for (std::size_t i = 0; i < file.size(); ++i) ASSERT_TRUE(is_param[i] || file[i] == model.bytes[i]) << "byte " << i;
    EXPECT_EQ(info->locked_bytes, report->locked_bytes);
  }
}

TEST(Lock, ManySizesAroundChunksAndThreads) {
  const MasterKey key = test_key(2);
  const Bytes model = safetensors_with({1, 16383, 16384, 16385, 3, 100000, 1, 1, 300000});
  const Bytes file = locked(model, key, {.chunk_log2 = 16, .threads = 4});
  for (const unsigned threads : {1U, 2U, 7U}) {
    const auto opened = unlock_bytes(key, file, {}, {.threads = threads});
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(copy_of(*opened), model);
  }
}

TEST(Lock, TwoLocksOfOneModelShareNoLockId) {
  const Bytes model = small_safetensors();
  EXPECT_NE(locked(model, test_key(1)), locked(model, test_key(1)));
}

TEST(Lock, RaisesTheChunkSizeOnlyWhenAsked) {
  const Scratch scratch;
  const auto path = scratch.write("in", safetensors_with({100000}));
  const auto report = lock_file(test_key(1), path, scratch.file("out"), {.chunk_log2 = 16});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->chunks, 7U);  // 400,000 bytes in chunks of 65,536
  EXPECT_FALSE(lock_file(test_key(1), path, scratch.file("out2"), {.chunk_log2 = 15}));
  EXPECT_FALSE(lock_file(test_key(1), path, scratch.file("out2"), {.chunk_log2 = 25}));
  EXPECT_FALSE(lock_file(test_key(1), path, scratch.file("out2"), {.slot_bytes = 63}));
}

TEST(Lock, GlobsLeaveParametersPlainButChecked) {
  const MasterKey key = test_key(3);
  const Bytes model = small_safetensors();
  const Bytes file = locked(model, key, {.exclude = {"a*"}});
  const Scratch scratch;
  const auto info = inspect_file(scratch.write("m", file));
  ASSERT_TRUE(info);
  ASSERT_EQ(info->params.size(), 2U);
  EXPECT_EQ(info->params[0].layout, "plain");
  EXPECT_EQ(info->params[1].layout, "finite");
  EXPECT_EQ(copy_of(*unlock_bytes(key, file, {}, {})), model);
  Bytes changed = file;
  changed[file.size() - formats::malformed::kGoodData] ^= std::byte{1};  // the first byte of tensor "a", which is plain
  EXPECT_EQ(refusal(changed, key), ErrorCode::tampered);
  EXPECT_EQ(inspect_file(scratch.write("n", locked(model, key, {.include = {"b"}})))->params[0].layout, "plain");
}

TEST(Lock, NothingToLock) {
  const Scratch scratch;
  const auto none = scratch.write("none", formats::malformed::safetensors_file(R"({"n":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}})", 8));
  EXPECT_EQ(lock_file(test_key(1), none, scratch.file("out"), {}).error().code, ErrorCode::nothing_to_lock);
  const auto some = scratch.write("some", small_safetensors());
  EXPECT_EQ(lock_file(test_key(1), some, scratch.file("out"), {.exclude = {"*"}}).error().code, ErrorCode::nothing_to_lock);
  EXPECT_EQ(scratch.entries(), 2U);
}

TEST(Lock, RefusesAModelWithARecordBesideIt) {
  const Scratch scratch;
  const auto in = scratch.write("in", small_onnx());
  ASSERT_TRUE(lock_file(test_key(1), in, scratch.file("once"), {.sidecar = true}));
  EXPECT_EQ(lock_file(test_key(1), scratch.file("once"), scratch.file("twice"), {}).error().code, ErrorCode::already_locked);
  EXPECT_EQ(scratch.entries(), 3U);
}

TEST(Lock, RefusesALockedModel) {
  for (const NamedModel& model : small_models()) {
    const Scratch scratch;
    const auto once = scratch.write("once", locked(model.bytes, test_key(1)));
    EXPECT_EQ(lock_file(test_key(1), once, scratch.file("twice"), {}).error().code, ErrorCode::already_locked) << model.name;
    EXPECT_EQ(scratch.entries(), 1U);
  }
}

TEST(Lock, OutputsAppearOnlyWhenComplete) {
  const Scratch scratch;
  const auto in = scratch.write("in", small_safetensors());
  EXPECT_EQ(lock_file(test_key(1), in, in, {.force = true}).error().code, ErrorCode::usage);
  EXPECT_EQ(lock_file(test_key(1), scratch.file("absent"), scratch.file("out"), {}).error().code, ErrorCode::io);
  EXPECT_EQ(lock_file(test_key(1), in, scratch.file("no/such/folder"), {}).error().code, ErrorCode::io);
  const auto bad = scratch.write("bad", to_bytes("not a model"));
  EXPECT_EQ(lock_file(test_key(1), bad, scratch.file("out"), {}).error().code, ErrorCode::bad_model);
  EXPECT_EQ(scratch.entries(), 2U);

  const auto taken = scratch.write("taken", to_bytes("keep me"));
  EXPECT_EQ(lock_file(test_key(1), in, taken, {}).error().code, ErrorCode::usage);
  EXPECT_EQ(scratch.read("taken"), to_bytes("keep me"));
  EXPECT_TRUE(lock_file(test_key(1), in, taken, {.force = true}));
  EXPECT_EQ(unlock_file(test_key(2), taken, scratch.file("plain"), {}).error().code, ErrorCode::wrong_key);
  EXPECT_EQ(scratch.entries(), 3U);
  ASSERT_TRUE(unlock_file(test_key(1), taken, scratch.file("plain"), {}));
  EXPECT_EQ(scratch.read("plain"), small_safetensors());
}

TEST(Lock, SidecarIsFoundBesideTheModel) {
  const Scratch scratch;
  const auto in = scratch.write("in", small_onnx());
  ASSERT_TRUE(lock_file(test_key(1), in, scratch.file("out"), {.sidecar = true}));
  EXPECT_TRUE(verify_file(test_key(1), scratch.file("out"), {}));
  const Bytes record = scratch.read("out.nnlock");
  EXPECT_TRUE(parse_record(record));
  const auto opened = unlock_bytes(test_key(1), scratch.read("out"), record, {});
  ASSERT_TRUE(opened);
  EXPECT_EQ(copy_of(*opened), small_onnx());
  std::filesystem::remove(scratch.file("out.nnlock"));
  EXPECT_EQ(verify_file(test_key(1), scratch.file("out"), {}).error().code, ErrorCode::not_locked);
}

TEST(Lock, ModelAndRecordNeverShareAPlace) {
  const Scratch scratch;
  const auto in = scratch.write("in", small_onnx());
  const LockOptions same{.sidecar = true, .sidecar_path = scratch.file("./out"), .force = true};
  EXPECT_EQ(lock_file(test_key(1), in, scratch.file("out"), same).error().code, ErrorCode::usage);
  scratch.write("out.nnlock", to_bytes("a record of something else"));
  EXPECT_EQ(lock_file(test_key(1), in, scratch.file("out"), {.force = true}).error().code, ErrorCode::usage);
  EXPECT_EQ(scratch.entries(), 2U);
}

// When the model cannot be put in place, the record that it would have replaced is still there.
TEST(Lock, AFailedReplacementKeepsTheOldRecord) {
  const Scratch scratch;
  const auto in = scratch.write("in", small_onnx());
  scratch.write("out.nnlock", to_bytes("the record of a model that is still in use"));
  const auto sabotage = [&](std::uint64_t, std::uint64_t) { std::filesystem::create_directory(scratch.file("out")); };
  EXPECT_EQ(lock_file(test_key(1), in, scratch.file("out"), {.sidecar = true, .force = true, .progress = sabotage}).error().code, ErrorCode::io);
  EXPECT_EQ(scratch.read("out.nnlock"), to_bytes("the record of a model that is still in use"));
  EXPECT_EQ(scratch.entries(), 3U);
}

TEST(Lock, SidecarAndEmbeddedRecordConflict) {
  const Scratch scratch;
  const auto out = scratch.write("out", locked(small_tflite(), test_key(1)));
  scratch.write("out.nnlock", to_bytes("anything"));
  EXPECT_EQ(verify_file(test_key(1), out, {}).error().code, ErrorCode::bad_record);
  EXPECT_EQ(inspect_file(out).error().code, ErrorCode::bad_record);
}

TEST(Unlock, DemandsOfTheCaller) {
  const Family family{.id = {std::byte{7}}, .version = 3};
  const Scratch scratch;
  const auto report = lock_file(test_key(1), scratch.write("in", small_onnx()), scratch.file("out"), {.family = family});
  ASSERT_TRUE(report);
  const auto verify = [&](const UnlockOptions& options) { return verify_file(test_key(1), scratch.file("out"), options); };
  EXPECT_TRUE(verify({.expected_lock_id = report->lock_id}));
  EXPECT_EQ(verify({.expected_lock_id = LockId{}}).error().code, ErrorCode::tampered);
  EXPECT_TRUE(verify({.least_family = Family{family.id, 3}}));
  EXPECT_EQ(verify({.least_family = Family{family.id, 4}}).error().code, ErrorCode::tampered);
  EXPECT_EQ(verify({.least_family = Family{{}, 1}}).error().code, ErrorCode::tampered);
}

TEST(Decoy, WrongKeyGivesOtherBytesAndRightKeyIsChecked) {
  const Bytes model = safetensors_with({5000});
  const Bytes file = locked(model, test_key(1));
  UnlockReport report;
  const auto decoy = unlock_bytes(test_key(2), file, {}, {.decoy = true}, &report);
  ASSERT_TRUE(decoy);
  EXPECT_FALSE(report.key_fits);
  EXPECT_EQ(copy_of(*decoy).size(), model.size());
  std::size_t equal = 0;
  for (std::size_t i = model.size() - 20000; i < model.size(); ++i) equal += decoy->bytes()[i] == model[i];
  EXPECT_LT(equal, 200U);  // 20,000 bytes, 78 expected by chance
  Bytes changed = file;
  changed[changed.size() - 4] ^= std::byte{1};  // the mantissa: another exponent could leave the ring, which a decoy refuses too
  EXPECT_EQ(refusal(changed, test_key(1), {.decoy = true}), ErrorCode::tampered);
  EXPECT_EQ(refusal(changed, test_key(2), {.decoy = true}), std::nullopt);
}

TEST(ModelBuffer, LetsGoOfItsMemory) {
  auto buffer = ModelBuffer::allocate(1 << 20);
  ASSERT_TRUE(buffer);
  buffer->bytes_mutable()[5] = std::byte{42};
  std::ostringstream address;
  address << std::hex << reinterpret_cast<std::uintptr_t>(buffer->bytes().data()) << "-";
  const auto mapped = [&] {
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);)
      if (line.starts_with(address.str())) return true;
    return false;
  };
  EXPECT_TRUE(mapped());
  buffer->wipe();
  EXPECT_TRUE(buffer->bytes().empty());
  EXPECT_FALSE(mapped());
}

}  // namespace
}  // namespace nnlock::lock
