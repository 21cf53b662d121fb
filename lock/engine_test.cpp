// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The pass over parameters when the file under it changes, and its independence of threads and kernels.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "lock/engine.hpp"
#include "lock/models_testing.hpp"
#include "lock/open.hpp"
#include "lock/seal.hpp"
#include "lock/sinks.hpp"

namespace nnlock::lock {
namespace {

// A raw file with parameters that leave gaps, locked under a fixed lock id.
struct RawLock {
  Bytes plain, file, tags;
  Sealing sealing;
};

RawLock raw_lock(Suite suite, const char* kernel_name, unsigned threads) {
  Bytes plain = to_bytes(pattern(700000));
  Core core{.suite = suite, .chunk_log2 = 16};
  core.lock_id.fill(std::byte{9});
  core.params = {{0, 10, 1, Layout::bytes}, {0, 20, 65536, Layout::bytes}, {0, 70000, 200001, Layout::plain}, {0, 300000, 400000, Layout::bytes}};
  core.files.push_back({.length = plain.size(), .skeleton = skeleton_hash(Role::model, plain, skeleton_runs(core.params, plain.size()))});
  RawLock lock{.plain = plain, .file = plain, .tags = Bytes(16 * covered_chunks(core, {})), .sealing = begin_sealing(core, test_key(1))};
  const KernelSet set{kernels::find(static_cast<kernels::Suite>(suite), kernel_name), kernels::choose_numbers().kernel};
  const formats::MemorySource source(lock.plain);
  const MemorySink sink(lock.file);
  const FileEnds ends{&source, &sink};
  EXPECT_TRUE(run_pass(Pass::lock, lock.sealing.core, lock.sealing.core_hash, {}, lock.sealing.keys, set, {&ends, 1}, lock.tags, {threads}));
  return lock;
}

TEST(Engine, EveryKernelAndThreadCountGivesTheSameBytes) {
  for (const auto suite : {kernels::Suite::aes256, kernels::Suite::chacha20}) {
    const RawLock expected = raw_lock(static_cast<Suite>(suite), kernels::compiled(suite).back()->name, 1);
    EXPECT_NE(expected.file, expected.plain);
    for (const auto* kernel : kernels::compiled(suite)) {
      if (!kernels::runnable(*kernel)) continue;
      for (const unsigned threads : {1U, 3U}) {
        const RawLock lock = raw_lock(static_cast<Suite>(suite), kernel->name, threads);
        EXPECT_EQ(lock.file, expected.file) << kernel->name;
        EXPECT_EQ(lock.tags, expected.tags) << kernel->name;
      }
    }
  }
}

TEST(Engine, PlainParametersStayAndGapsStay) {
  const RawLock lock = raw_lock(Suite::aes256, "aes_ctr_portable", 2);
  EXPECT_TRUE(std::equal(lock.file.begin() + 70000, lock.file.begin() + 270001, lock.plain.begin() + 70000));
  EXPECT_TRUE(std::equal(lock.file.begin() + 65556, lock.file.begin() + 70000, lock.plain.begin() + 65556));
}

// A file that gives its bytes once as they were and afterwards with one bit changed.
class ChangingSource final : public formats::ByteSource {
 public:
  ChangingSource(const Bytes& bytes, std::size_t victim) : bytes_(bytes), victim_(victim) {}
  std::uint64_t size() const override { return bytes_.size(); }
  Result<void> read(std::uint64_t offset, std::span<std::byte> out) const override {
    std::copy_n(bytes_.begin() + static_cast<long>(offset), out.size(), out.begin());
    const bool hit = victim_ >= offset && victim_ - offset < out.size();
    if (hit && reads_of_victim++ > 0) out[victim_ - offset] ^= std::byte{1};
    return {};
  }
  mutable std::atomic<int> reads_of_victim = 0;

 private:
  const Bytes& bytes_;
  std::size_t victim_;
};

// lock-v1 section 8 step 8: whatever the file becomes between the tag check and the use, the result is plain or an error.
TEST(Engine, AFileThatChangesIsReadOnceForEachChunk) {
  RawLock lock = raw_lock(Suite::aes256, "aes_ctr_portable", 1);
  const KernelSet set{kernels::find(kernels::Suite::aes256, "aes_ctr_portable"), kernels::choose_numbers().kernel};
  for (const std::size_t victim : {std::size_t{10}, std::size_t{300}, std::size_t{400000}, std::size_t{699999}}) {
    const ChangingSource source(lock.file, victim);
    Bytes out = lock.plain;
    std::fill(out.begin() + 300000, out.end(), std::byte{0});
    const MemorySink sink(out);
    const FileEnds ends{&source, &sink};
    const auto pass = [&] {
      return run_pass(Pass::unlock, lock.sealing.core, lock.sealing.core_hash, {}, lock.sealing.keys, set, {&ends, 1}, lock.tags, {1});
    };
    ASSERT_TRUE(pass());
    EXPECT_EQ(source.reads_of_victim, 1);
    EXPECT_EQ(out, lock.plain);
    const auto again = pass();  // now every read gives the changed bit
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::tampered);
  }
}

TEST(Engine, SkeletonIsUsedFromTheCopyThatWasChecked) {
  const Bytes file = locked(small_safetensors(), test_key(1));
  const auto found = find_record(formats::MemorySource(file), std::nullopt);
  ASSERT_TRUE(found);
  const std::uint64_t length = small_safetensors().size();
  const auto keyed = open_record(found->bytes, test_key(1), false, {&length, 1});
  ASSERT_TRUE(keyed);
  const ChangingSource source(file, file.size() - formats::malformed::kGoodData - 1);  // the header's closing brace
  const auto restored = RestoredSource::over(source, found->edits);
  ASSERT_TRUE(restored);
  const auto opened = open_file(*keyed, 0, *restored, &*found);
  ASSERT_TRUE(opened) << opened.error().message;  // read once, checked, and parsed from the copy
  EXPECT_EQ(source.reads_of_victim, 1);
  EXPECT_FALSE(open_file(*keyed, 0, *restored, &*found));
}

TEST(Engine, ProgressReachesTheEndOnEveryThreadCount) {
  for (int round = 0; round < 20; ++round) {
    std::uint64_t last = 0;
    int ends = 0;
    const Progress slow = [&](std::uint64_t done, std::uint64_t all) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      EXPECT_GE(done, last);
      last = done;
      ends += done == all;
    };
    locked(safetensors_with({3000000}), test_key(1), {.threads = 4, .progress = slow});
    ASSERT_EQ(ends, 1) << round;
  }
}

TEST(Engine, ProgressReachesTheEnd) {
  std::uint64_t last = 0, total = 0;
  const Progress progress = [&](std::uint64_t done, std::uint64_t all) {
    EXPECT_GE(done, last);
    last = done;
    total = all;
  };
  const Bytes model = safetensors_with({3000000});
  locked(model, test_key(1), {.layout = LayoutChoice::bytes, .threads = 1, .progress = progress});
  EXPECT_EQ(total, 12000000U);
  EXPECT_EQ(last, total);
  last = 0;
  locked(model, test_key(1), {.threads = 1, .progress = progress});
  EXPECT_EQ(total, 24000000U) << "once to look at the elements, once to lock them";
  EXPECT_EQ(last, total);
}

TEST(Engine, UnknownKernelIsAnErrorNotAFallback) {
  ::setenv("NNLOCK_KERNEL", "no_such_kernel", 1);
  EXPECT_EQ(choose_kernels(Suite::aes256).error().code, ErrorCode::usage);
  ::setenv("NNLOCK_KERNEL", "aes_ctr_portable", 1);
  EXPECT_STREQ(choose_kernels(Suite::aes256)->bytes->name, "aes_ctr_portable");
  EXPECT_TRUE(choose_kernels(Suite::chacha20));
  ::unsetenv("NNLOCK_KERNEL");
}

}  // namespace
}  // namespace nnlock::lock
