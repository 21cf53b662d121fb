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

// A raw file with parameters of every layout that leave gaps, locked under a fixed lock id.
struct RawLock {
  Bytes plain, file, tags;
  Sealing sealing;
};

KernelSet set_of(Suite suite, const char* kernel_name) {
  return {kernels::find(static_cast<kernels::Suite>(suite), kernel_name), kernels::choose_numbers().kernel};
}

// Puts `value` at the end of every stretch of `every` bytes.
template <class T>
void fill(std::span<std::byte> bytes, std::size_t every, T value, T step) {
  for (std::size_t i = 0; i + every <= bytes.size(); i += every, value = static_cast<T>(value + step))
    std::memcpy(bytes.data() + i + every - sizeof(T), &value, sizeof(T));
}

// Parameters 3, 4 and 5: float32, int32, and structs of 100 bytes with a bfloat16 at their end. Each has more than one chunk.
constexpr std::size_t kFloats = 3, kIntegers = 4, kStructs = 5;

Core raw_core(Suite suite, const Bytes& plain) {
  Core core{.suite = suite, .chunk_log2 = 16};
  core.lock_id.fill(std::byte{9});
  core.params = {{0, 10, 1, Layout::bytes}, {0, 20, 65536, Layout::bytes}, {0, 70000, 200001, Layout::plain},
                 {0, 300000, 200000}, {0, 500000, 100000}, {0, 600000, 100000}};
  core.params[kFloats].set(kernels::Finite{.dtype = kernels::Float::f32, .lo = 126, .hi = 129});
  core.params[kIntegers].set(kernels::Range{.width = 4, .bits = 20, .negative = true});
  const kernels::Field field{.offset = 98, .finite = {.dtype = kernels::Float::bf16, .lo = 127, .hi = 140, .zero = true}};
  core.params[kStructs].set_block(core.blocks.add(100, {&field, 1}));
  core.files.push_back({.length = plain.size(), .skeleton = skeleton_hash(Role::model, plain, skeleton_runs(core.params, {}, plain.size()))});
  return core;
}

Bytes raw_plain() {
  Bytes plain = to_bytes(pattern(700000));
  fill(std::span(plain).subspan(300000, 200000), 4, 0.5F, 0.0001F);
  fill(std::span(plain).subspan(500000, 100000), 4, -1000000, 70);
  fill(std::span(plain).subspan(600000, 100000), 100, std::uint16_t{0x3f80}, std::uint16_t{1});
  return plain;
}

Result<void> pass_over(Pass pass, RawLock& lock, const formats::ByteSource& source, Bytes& out, const KernelSet& set, unsigned threads = 1) {
  const MemorySink sink(out);
  const FileEnds ends{&source, &sink};
  const PassOptions options{.threads = threads};
  return run_pass(pass, lock.sealing.core, lock.sealing.core_hash, {}, lock.sealing.keys, set, {&ends, 1}, lock.tags, options);
}

RawLock raw_lock(Suite suite, const KernelSet& set, unsigned threads) {
  const Bytes plain = raw_plain();
  const Core core = raw_core(suite, plain);
  RawLock lock{.plain = plain, .file = plain, .tags = Bytes(16 * covered_chunks(core, {})), .sealing = begin_sealing(core, test_key(1))};
  EXPECT_TRUE(pass_over(Pass::lock, lock, formats::MemorySource(plain), lock.file, set, threads));
  return lock;
}

TEST(Engine, EveryKernelAndThreadCountGivesTheSameBytes) {
  for (const auto suite : {kernels::Suite::aes256, kernels::Suite::chacha20}) {
    const KernelSet portable{kernels::compiled(suite).back(), kernels::compiled_numbers().back()};
    const RawLock expected = raw_lock(static_cast<Suite>(suite), portable, 1);
    EXPECT_NE(expected.file, expected.plain);
    for (const auto* kernel : kernels::compiled(suite))
      for (const auto* numbers : kernels::compiled_numbers()) {
        if (!kernels::runnable(*kernel) || !kernels::runnable(*numbers)) continue;
        for (const unsigned threads : {1U, 3U}) {
          RawLock lock = raw_lock(static_cast<Suite>(suite), {kernel, numbers}, threads);
          EXPECT_EQ(lock.file, expected.file) << kernel->name << " " << numbers->name;
          EXPECT_EQ(lock.tags, expected.tags) << kernel->name << " " << numbers->name;
          Bytes out = lock.file;
          EXPECT_TRUE(pass_over(Pass::unlock, lock, formats::MemorySource(lock.file), out, {kernel, numbers}, threads));
          EXPECT_EQ(out, lock.plain) << kernel->name << " " << numbers->name;
        }
      }
  }
}

// Chunks of structs are the largest multiple of the struct size (lock-v1 section 5.3).
TEST(Engine, ChunksHoldWholeStructs) {
  const Core core = raw_core(Suite::aes256, raw_plain());
  EXPECT_EQ(core.chunk_bytes(core.params[kStructs]), 65500U);
  EXPECT_EQ(core.chunks(core.params[kStructs]), 2U);
  EXPECT_EQ(core.chunk_bytes(core.params[kFloats]), 65536U);
  EXPECT_EQ(covered_chunks(core, {}), 1U + 1 + 4 + 4 + 2 + 2);
}

// A chunk is done in pieces that fit a cache; of structs too, and a piece must not cut one.
TEST(Engine, LongChunksOfStructsAreDoneStructByStruct) {
  const kernels::Field field{.offset = 5, .finite = {.dtype = kernels::Float::f32, .lo = 120, .hi = 130}};
  Bytes plain(300 * 997);
  for (std::size_t i = 5; i + 4 <= plain.size(); i += 997) std::memcpy(plain.data() + i, "\0\0\x80\x3f", 4);  // 1.0
  Core core{.suite = Suite::chacha20, .params = {{0, 0, plain.size()}}};
  core.params[0].set_block(core.blocks.add(997, {&field, 1}));
  core.files.push_back({.length = plain.size()});
  RawLock lock{.plain = plain, .file = plain, .tags = Bytes(16 * covered_chunks(core, {})), .sealing = begin_sealing(core, test_key(1))};
  const KernelSet set = set_of(Suite::chacha20, "chacha20_portable");
  ASSERT_TRUE(pass_over(Pass::lock, lock, formats::MemorySource(plain), lock.file, set));

  const auto expand = [&](const SecretBytes& key, kernels::KeyState& state) {
    set.bytes->expand(reinterpret_cast<const std::uint8_t*>(key.reveal().data()), state);
  };
  kernels::KeyState enc, aux;
  expand(lock.sealing.keys.encryption_key(lock.sealing.core_hash, 0), enc);
  expand(lock.sealing.keys.auxiliary_key(lock.sealing.core_hash, 0), aux);
  auto* const at = reinterpret_cast<std::uint8_t*>(plain.data());
  ASSERT_TRUE(kernels::lock_block({*set.bytes, *set.numbers, enc, aux}, core.blocks.at(0), 0, at, at, plain.size()));
  EXPECT_EQ(lock.file, plain);
  Bytes out = lock.file;
  EXPECT_TRUE(pass_over(Pass::verify, lock, formats::MemorySource(lock.file), out, set));
  EXPECT_TRUE(pass_over(Pass::unlock, lock, formats::MemorySource(lock.file), out, set));
  EXPECT_EQ(out, lock.plain);
}

TEST(Engine, EveryLayoutScramblesAndNumbersStayInside) {
  RawLock lock = raw_lock(Suite::chacha20, set_of(Suite::chacha20, "chacha20_portable"), 2);
  for (const std::size_t param : {kFloats, kIntegers, kStructs}) {
    const Parameter& p = lock.sealing.core.params[param];
    std::size_t equal = 0;
    for (std::size_t i = p.offset; i < p.offset + p.length; ++i) equal += lock.file[i] == lock.plain[i];
    EXPECT_LT(equal, p.length / 2) << param;  // sign extension and the upper exponent bits repeat
  }
  Bytes out = lock.file;
  EXPECT_TRUE(pass_over(Pass::verify, lock, formats::MemorySource(lock.file), out, set_of(Suite::chacha20, "chacha20_portable")));
}

// Makes the tag of the chunk at `start` of a parameter right for the bytes that are in the file now.
void retag(RawLock& lock, std::size_t param, std::uint64_t chunk) {
  const Core& core = lock.sealing.core;
  const Parameter& p = core.params[param];
  const SecretBytes key = lock.sealing.keys.tag_key(lock.sealing.core_hash, param);
  kernels::KeyState state;
  const auto* kernel = kernels::find(kernels::Suite::aes256, "aes_ctr_portable");
  kernel->expand(reinterpret_cast<const std::uint8_t*>(key.reveal().data()), state);
  std::array<std::byte, 32> one_time_key{};
  kernel->stream(state, one_time_key_offset(core.suite, chunk), reinterpret_cast<std::uint8_t*>(one_time_key.data()), one_time_key.size());
  Tagger tagger;
  tagger.begin(one_time_key);
  const std::uint64_t start = chunk * core.chunk_bytes(p), length = std::min(core.chunk_bytes(p), p.length - start);
  tagger.update(std::span(lock.file).subspan(p.offset + start, length));
  const Tag tag = tagger.finish();
  std::uint64_t number = chunk;
  for (std::size_t t = 0; t < param; ++t) number += core.chunks(core.params[t]);
  std::copy(tag.begin(), tag.end(), lock.tags.begin() + static_cast<long>(16 * number));
}

struct Misfit {
  std::size_t param;
  std::uint64_t at;  // in the file
  std::vector<std::uint8_t> bytes;
};
const std::vector<Misfit> kMisfits = {{kFloats, 365536, {0, 0, 0xc0, 0x7f}},       // NaN, the first element of the second chunk
                                      {kFloats, 365536, {0, 0, 0, 0x80}},          // -0.0; 0 is not on the ring
                                      {kIntegers, 565536, {0, 0, 0x10, 0}},        // 2^20
                                      {kStructs, 665500 + 98, {0x80, 0x7f}}};      // infinity, in the first struct of the second chunk

// A tag proves who wrote a chunk, not that its elements are what the record says.
TEST(Engine, ElementsOutsideTheirLayoutAreTampered) {
  const KernelSet set = set_of(Suite::aes256, "aes_ctr_portable");
  for (const Misfit& misfit : kMisfits) {
    SCOPED_TRACE(misfit.at);
    RawLock lock = raw_lock(Suite::aes256, set, 1);
    std::memcpy(lock.file.data() + misfit.at, misfit.bytes.data(), misfit.bytes.size());
    const Parameter& p = lock.sealing.core.params[misfit.param];
    const std::uint64_t chunk = lock.sealing.core.chunk_bytes(p);
    retag(lock, misfit.param, 1);
    for (const Pass pass : {Pass::unlock, Pass::verify, Pass::decoy}) {
      Bytes out = lock.file;
      const auto done = pass_over(pass, lock, formats::MemorySource(lock.file), out, set);
      ASSERT_FALSE(done) << static_cast<int>(pass);
      EXPECT_EQ(done.error().code, ErrorCode::tampered);
      EXPECT_EQ(done.error().offset, p.offset + chunk);
      const auto first = out.begin() + static_cast<long>(p.offset + chunk);
      const auto length = static_cast<long>(std::min(chunk, p.length - chunk));
      EXPECT_EQ(std::count(first, first + length, std::byte{0}), length) << "the chunk is not wiped";
    }
  }
}

TEST(Engine, LockingElementsThatDoNotFitIsABadModel) {
  const KernelSet set = set_of(Suite::aes256, "aes_ctr_portable");
  for (const Misfit& misfit : kMisfits) {
    SCOPED_TRACE(misfit.at);
    RawLock lock = raw_lock(Suite::aes256, set, 1);
    Bytes changed = lock.plain, out = lock.plain;
    std::memcpy(changed.data() + misfit.at, misfit.bytes.data(), misfit.bytes.size());
    const auto done = pass_over(Pass::lock, lock, formats::MemorySource(changed), out, set, 2);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::bad_model);
    const Parameter& p = lock.sealing.core.params[misfit.param];
    EXPECT_EQ(done.error().offset, p.offset + lock.sealing.core.chunk_bytes(p));
  }
}

TEST(Engine, PlainParametersStayAndGapsStay) {
  const RawLock lock = raw_lock(Suite::aes256, set_of(Suite::aes256, "aes_ctr_portable"), 2);
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
  const KernelSet set = set_of(Suite::aes256, "aes_ctr_portable");
  RawLock lock = raw_lock(Suite::aes256, set, 1);
  for (const std::size_t victim : {std::size_t{10}, std::size_t{300}, std::size_t{400000}, std::size_t{550000}, std::size_t{699999}}) {
    const ChangingSource source(lock.file, victim);
    Bytes out = lock.plain;
    std::fill(out.begin() + 300000, out.end(), std::byte{0});
    const auto pass = [&] { return pass_over(Pass::unlock, lock, source, out, set); };
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
  const Restored files{.files = {&*restored}, .main_name = "model", .companions = {}};
  const auto opened = open_files(*keyed, files, &*found);
  ASSERT_TRUE(opened) << opened.error().message;  // read once, checked, and parsed from the copy
  EXPECT_EQ(source.reads_of_victim, 1);
  EXPECT_FALSE(open_files(*keyed, files, &*found));
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
