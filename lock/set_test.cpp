// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Models of several files: shards of an index, parts of a split file, pairs, folders (docs/formats.md, "Models of several files").

#include <sys/stat.h>

#include "formats/malformed/gguf_writer.hpp"
#include "formats/malformed/ncnn_writer.hpp"
#include "lock/models_testing.hpp"

namespace nnlock::lock {
namespace {

namespace fs = std::filesystem;

const std::string kIndex = R"({"metadata":{},"weight_map":{"t0":"model-1.safetensors","u0":"model-2.safetensors","v0":"sub/model-3.safetensors"}})";

Bytes shard(const char* name, float start) {
  std::vector<float> values(50'000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = start + static_cast<float>(i);
  return safetensors_of({tensor_of<float>(name, "F32", values)});
}

// A folder with three shards and their index.
struct ShardedModel {
  Scratch in, out;
  ShardedModel() {
    fs::create_directory(in.file("sub"));
    in.write("model-1.safetensors", shard("t0", 1));
    in.write("model-2.safetensors", shard("u0", 2));
    in.write("sub/model-3.safetensors", shard("v0", 3));
    in.write("model.safetensors.index.json", to_bytes(kIndex));
  }
  static constexpr const char* kShards[] = {"model-1.safetensors", "model-2.safetensors", "sub/model-3.safetensors"};
  std::string index() const { return in.file("model.safetensors.index.json"); }
  std::string locked_index() const { return out.file("L/model.safetensors.index.json"); }
  Result<LockReport> lock(const LockOptions& options = {}) const { return lock_file(test_key(1), index(), locked_index(), options); }
};

ErrorCode code_of(const auto& result) { return result ? ErrorCode{} : result.error().code; }

TEST(Sets, ShardsOfAnIndexAreOneLock) {
  const ShardedModel model;
  const auto report = model.lock();
  ASSERT_TRUE(report) << report.error().message << report.error().file;
  EXPECT_EQ(report->files, 3U);
  EXPECT_EQ(report->copied_files, 1U);
  EXPECT_EQ(report->params, 3U);
  EXPECT_EQ(model.out.read("L/model.safetensors.index.json"), to_bytes(kIndex));
  const auto verified = verify_file(test_key(1), model.locked_index(), {});
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(verified->files, 3U);
  const auto unlocked = unlock_file(test_key(1), model.locked_index(), model.out.file("P/any-name.json"), {});
  ASSERT_TRUE(unlocked) << unlocked.error().message;
  for (const char* name : ShardedModel::kShards) {
    EXPECT_NE(model.out.read(std::string("L/") + name), model.in.read(name));
    EXPECT_EQ(model.out.read(std::string("P/") + name), model.in.read(name)) << name;
  }
  EXPECT_EQ(model.out.read("P/any-name.json"), to_bytes(kIndex));
}

TEST(Sets, EachShardOpensAlone) {
  const ShardedModel model;
  ASSERT_TRUE(model.lock());
  for (const char* name : ShardedModel::kShards) {
    const auto verified = verify_file(test_key(1), model.out.file(std::string("L/") + name), {});
    ASSERT_TRUE(verified) << verified.error().message;
    EXPECT_EQ(verified->files, 1U);
    EXPECT_EQ(verified->set_files, 3U);
    const auto plain = unlock_to_memory(test_key(1), model.out.file(std::string("L/") + name), {});
    ASSERT_TRUE(plain);
    EXPECT_EQ(copy_of(*plain), model.in.read(name));
    EXPECT_EQ(code_of(verify_file(test_key(2), model.out.file(std::string("L/") + name), {})), ErrorCode::wrong_key);
  }
}

TEST(Sets, MissingSwappedAndForeignShardsAreCaught) {
  const ShardedModel model;
  ASSERT_TRUE(model.lock());
  const auto first = model.out.file("L/model-1.safetensors"), second = model.out.file("L/model-2.safetensors");
  const auto check = [&] { return code_of(verify_file(test_key(1), model.locked_index(), {})); };
  fs::rename(second, model.out.file("kept"));
  EXPECT_EQ(check(), ErrorCode::io);
  fs::copy_file(first, second);
  EXPECT_EQ(check(), ErrorCode::tampered) << "one shard twice";
  fs::rename(first, model.out.file("other"));
  fs::rename(model.out.file("kept"), first);
  EXPECT_EQ(check(), ErrorCode::tampered) << "swapped";
  ASSERT_TRUE(lock_file(test_key(1), model.in.file("model-2.safetensors"), second, {.force = true}));
  fs::rename(model.out.file("other"), first);
  EXPECT_EQ(check(), ErrorCode::tampered) << "a shard of another lock";
  fs::copy_file(model.in.file("model-2.safetensors"), second, fs::copy_options::overwrite_existing);
  EXPECT_EQ(check(), ErrorCode::not_locked) << "a plain shard";
  model.out.write("L/model.safetensors.index.json", to_bytes(R"({"weight_map":{"t0":"model-1.safetensors"}})"));
  EXPECT_EQ(check(), ErrorCode::tampered) << "an index that leaves shards out";
}

TEST(Sets, FailuresLeaveNothing) {
  const ShardedModel model;
  const LockOptions nothing{.exclude = {"*"}};
  EXPECT_EQ(code_of(model.lock(nothing)), ErrorCode::nothing_to_lock);
  EXPECT_EQ(code_of(lock_file(test_key(1), model.index(), model.index(), {.force = true})), ErrorCode::usage) << "into its own folder";
  EXPECT_EQ(model.out.entries(), 0U);
  fs::create_directory(model.out.file("L"));
  model.out.write("L/model-2.safetensors", to_bytes("mine"));
  EXPECT_EQ(code_of(model.lock()), ErrorCode::usage);
  EXPECT_EQ(model.out.read("L/model-2.safetensors"), to_bytes("mine"));
  EXPECT_FALSE(fs::exists(model.out.file("L/model-1.safetensors")));
  EXPECT_FALSE(fs::exists(model.out.file("L/sub")));
  ASSERT_TRUE(model.lock({.force = true}));
  EXPECT_TRUE(verify_file(test_key(1), model.locked_index(), {}));
}

TEST(Sets, RecordsBesideEachShard) {
  const ShardedModel model;
  const auto report = model.lock({.sidecar = true});
  ASSERT_TRUE(report) << report.error().message;
  for (const char* name : ShardedModel::kShards) {
    EXPECT_EQ(model.out.read(std::string("L/") + name).size(), model.in.read(name).size());
    EXPECT_TRUE(fs::exists(model.out.file(std::string("L/") + name + ".nnlock")));
  }
  EXPECT_TRUE(unlock_file(test_key(1), model.locked_index(), model.out.file("P/i.json"), {}));
  EXPECT_EQ(code_of(model.lock({.sidecar = true, .sidecar_path = model.out.file("r")})), ErrorCode::usage);
}

TEST(Sets, InspectTellsEveryFile) {
  const ShardedModel model;
  ASSERT_TRUE(model.lock());
  for (const auto& path : {model.index(), model.locked_index()}) {
    const auto info = inspect_file(path);
    ASSERT_TRUE(info) << info.error().message;
    EXPECT_EQ(info->files, 3U);
    ASSERT_EQ(info->params.size(), 3U);
    EXPECT_EQ(info->params[2].file, "sub/model-3.safetensors");
    EXPECT_EQ(info->record.has_value(), path == model.locked_index());
  }
}

TEST(Sets, AFolderIsOneModel) {
  const ShardedModel model;
  model.in.write("config.json", to_bytes("{}"));
  model.in.write("sub/vocabulary.txt", to_bytes("a b c"));
  model.in.write("adapter.onnx", small_onnx());
  const auto report = lock_file(test_key(1), model.in.file("."), model.out.file("L"), {});
  ASSERT_TRUE(report) << report.error().message << " " << report.error().file;
  EXPECT_EQ(report->files, 4U);
  EXPECT_EQ(report->copied_files, 3U);
  const auto unlocked = unlock_file(test_key(1), model.out.file("L"), model.out.file("P"), {});
  ASSERT_TRUE(unlocked) << unlocked.error().message << " " << unlocked.error().file;
  EXPECT_EQ(unlocked->files, 4U);
  for (const auto& entry : fs::recursive_directory_iterator(model.in.file("."))) {
    if (!entry.is_regular_file()) continue;
    const std::string name = entry.path().lexically_relative(model.in.file(".")).string();
    EXPECT_EQ(model.out.read("P/" + name), model.in.read(name)) << name;
  }
  EXPECT_TRUE(verify_file(test_key(1), model.out.file("L/adapter.onnx"), {})) << "one model of it alone";
  fs::remove(model.out.file("L/adapter.onnx"));
  EXPECT_EQ(code_of(verify_file(test_key(1), model.out.file("L"), {})), ErrorCode::tampered);
  EXPECT_EQ(code_of(lock_file(test_key(1), model.in.file("."), model.in.file("sub/L"), {})), ErrorCode::usage);
  EXPECT_EQ(code_of(verify_file(test_key(1), model.in.file("."), {})), ErrorCode::not_locked);
  const Scratch empty;
  EXPECT_EQ(code_of(lock_file(test_key(1), empty.file("."), model.out.file("E"), {})), ErrorCode::bad_model);
}

// A pair: the graph in text, the weights in a companion.
struct Pair {
  Scratch in, out;
  Pair() {
    in.write("net.param", to_bytes(formats::malformed::kGoodGraph));
    in.write("net.bin", formats::malformed::good_weights());
  }
  Result<LockReport> lock(const LockOptions& options = {}) const { return lock_file(test_key(1), in.file("net.param"), out.file("L/net.param"), options); }
};

TEST(Sets, PairsGoTogether) {
  for (const bool sidecar : {false, true}) {
    const Pair pair;
    const auto report = pair.lock({.sidecar = sidecar});
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->files, 2U);
    EXPECT_EQ(pair.out.read("L/net.bin").size(), pair.in.read("net.bin").size());
    EXPECT_NE(pair.out.read("L/net.bin"), pair.in.read("net.bin"));
    ASSERT_TRUE(verify_file(test_key(1), pair.out.file("L/net.param"), {}));
    const auto unlocked = unlock_file(test_key(1), pair.out.file("L/net.param"), pair.out.file("P/net.param"), {});
    ASSERT_TRUE(unlocked) << unlocked.error().message;
    for (const char* name : {"net.param", "net.bin"}) EXPECT_EQ(pair.out.read(std::string("P/") + name), pair.in.read(name)) << name;
    EXPECT_EQ(code_of(unlock_to_memory(test_key(1), pair.out.file("L/net.param"), {})), ErrorCode::unsupported);
  }
}

TEST(Sets, DamageInACompanionIsNamed) {
  const Pair pair;
  ASSERT_TRUE(pair.lock());
  Bytes weights = pair.out.read("L/net.bin");
  weights[5] ^= std::byte{1};
  pair.out.write("L/net.bin", weights);
  const auto verified = verify_file(test_key(1), pair.out.file("L/net.param"), {});
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().code, ErrorCode::tampered);
  EXPECT_TRUE(verified.error().file.ends_with("L/net.bin")) << verified.error().file;
  EXPECT_FALSE(verified.error().tensor.empty());
  weights.pop_back();
  pair.out.write("L/net.bin", weights);
  EXPECT_EQ(code_of(verify_file(test_key(1), pair.out.file("L/net.param"), {})), ErrorCode::tampered);
  fs::remove(pair.out.file("L/net.bin"));
  const auto missing = verify_file(test_key(1), pair.out.file("L/net.param"), {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::io);
  EXPECT_TRUE(missing.error().file.ends_with("net.bin"));
}

TEST(Sets, CompanionsAreNoLinksAndKeepTheirNames) {
  const Pair pair;
  const auto renamed = lock_file(test_key(1), pair.in.file("net.param"), pair.out.file("L/other.param"), {});
  EXPECT_EQ(code_of(renamed), ErrorCode::usage);
  EXPECT_EQ(pair.out.entries(), 0U);
  fs::rename(pair.in.file("net.bin"), pair.out.file("elsewhere"));
  fs::create_symlink(pair.out.file("elsewhere"), pair.in.file("net.bin"));
  EXPECT_EQ(code_of(pair.lock()), ErrorCode::bad_model);
  fs::remove(pair.in.file("net.bin"));
  const auto missing = pair.lock();
  EXPECT_EQ(code_of(missing), ErrorCode::io);
  EXPECT_TRUE(missing.error().file.ends_with("net.bin"));
  ASSERT_EQ(::mkfifo(pair.in.file("net.bin").c_str(), 0600), 0);
  EXPECT_EQ(code_of(pair.lock()), ErrorCode::io) << "a pipe";
}

TEST(Sets, PartsOfASplitModel) {
  namespace m = formats::malformed;
  const Scratch in, out;
  const char* const names[] = {"m-00001-of-00002.gguf", "m-00002-of-00002.gguf"};
  for (unsigned no = 0; no < 2; ++no) {
    auto model = m::small_gguf();
    model.key_values.emplace_back("split.no", m::gguf_u16(no));
    model.key_values.emplace_back("split.count", m::gguf_u16(2));
    in.write(names[no], m::gguf_bytes(m::write_gguf(model).bytes));
  }
  const auto report = lock_file(test_key(1), in.file(names[0]), out.file(std::string("L/") + names[0]), {});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->files, 2U);
  EXPECT_EQ(code_of(lock_file(test_key(1), in.file(names[0]), out.file("X/other.gguf"), {})), ErrorCode::usage);
  const auto unlocked = unlock_file(test_key(1), out.file(std::string("L/") + names[0]), out.file(std::string("P/") + names[0]), {});
  ASSERT_TRUE(unlocked) << unlocked.error().message;
  for (const char* name : names) EXPECT_EQ(out.read(std::string("P/") + name), in.read(name)) << name;
  EXPECT_TRUE(verify_file(test_key(1), out.file(std::string("L/") + names[1]), {})) << "a part alone";
  fs::remove(out.file(std::string("L/") + names[1]));
  EXPECT_EQ(code_of(verify_file(test_key(1), out.file(std::string("L/") + names[0]), {})), ErrorCode::io);
}

}  // namespace
}  // namespace nnlock::lock
