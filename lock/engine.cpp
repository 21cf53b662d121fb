// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lock/engine.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "lock/tags.hpp"

namespace nnlock::lock {
namespace {

constexpr std::uint64_t kInlineBytes = std::uint64_t{1} << 20;    // below this a thread costs more than it saves
constexpr std::uint64_t kBatchBytes = std::uint64_t{1} << 20;     // work taken at a time
constexpr std::size_t kCacheBlock = std::size_t{128} << 10;       // tag and transform a block while it is in the second-level cache
constexpr std::uint64_t kScratchBytes = std::uint64_t{64} << 20;  // of all workers together
constexpr std::uint64_t kProgressBytes = std::uint64_t{8} << 20;

// Consecutive chunks of consecutive parameters, about kBatchBytes long.
struct Batch {
  std::size_t first_param = 0;   // index into core.params
  std::uint64_t first_chunk = 0; // of that parameter
  std::uint64_t first_tag = 0;   // counted over the covered chunks
  std::uint64_t chunks = 0;
};

std::vector<Batch> cut_batches(const Core& core, Coverage coverage) {
  std::vector<Batch> batches;
  Batch open;
  std::uint64_t bytes = 0, tag = 0;
  const auto close = [&] {
    if (open.chunks != 0) batches.push_back(open);
    open = {};
    bytes = 0;
  };
  for (std::size_t i = 0; i < core.params.size(); ++i) {
    const Parameter& p = core.params[i];
    if (!coverage.covers(p.file)) continue;
    for (std::uint64_t chunk = 0, n = core.chunks(p); chunk < n;) {
      if (open.chunks == 0) open = {i, chunk, tag, 0};
      const std::uint64_t take = std::min(n - chunk, std::max<std::uint64_t>(1, (kBatchBytes - bytes) >> core.chunk_log2));
      open.chunks += take;
      chunk += take;
      tag += take;
      bytes += std::min(take << core.chunk_log2, p.length);
      if (bytes >= kBatchBytes) close();
    }
  }
  close();
  return batches;
}

// What all workers share.
struct Shared {
  Pass pass;
  const Core& core;
  const Hash& core_hash;
  Coverage coverage;
  const keys::KeySchedule& keys;
  const kernels::Kernel& kernel;
  std::span<const FileEnds> files;
  std::span<std::byte> tags;
  const Progress* progress;
  std::vector<Batch> batches;
  std::uint64_t total_bytes = 0;
  std::uint64_t scratch_bytes = 0;  // a worker needs: the longest chunk

  std::atomic<std::size_t> next_batch = 0;
  std::atomic<bool> stop = false;
  std::atomic<std::uint64_t> done_bytes = 0;
  std::mutex mutex;  // error, progress
  std::optional<Error> error;
  std::uint64_t error_tag = 0;
  std::uint64_t shown_bytes = 0;

  void report(std::uint64_t bytes) {
    const std::uint64_t done = done_bytes.fetch_add(bytes) + bytes;
    if (progress == nullptr || !*progress || !mutex.try_lock()) return;
    const std::lock_guard lock(mutex, std::adopt_lock);
    if (done < shown_bytes + kProgressBytes && done != total_bytes) return;
    shown_bytes = done;
    (*progress)(done, total_bytes);
  }

  // A worker that found the mutex taken skipped its report; the last one must not be lost.
  void report_end() {
    if (progress == nullptr || !*progress || shown_bytes == total_bytes) return;
    shown_bytes = total_bytes;
    (*progress)(total_bytes, total_bytes);
  }

  // The error that stands first in the file wins, so that messages do not depend on scheduling.
  void fail(const Error& e, std::uint64_t tag) {
    const std::lock_guard lock(mutex);
    if (!error || tag < error_tag) {
      error = e;
      error_tag = tag;
    }
    stop = true;
  }
};

const std::uint8_t* octets(std::span<const std::byte> bytes) { return reinterpret_cast<const std::uint8_t*>(bytes.data()); }
std::uint8_t* octets(std::span<std::byte> bytes) { return reinterpret_cast<std::uint8_t*>(bytes.data()); }

// One thread's state: subkeys of the parameter at hand, a chunk of scratch, a tagger.
class Worker {
 public:
  explicit Worker(Shared& shared) : shared_(shared) {}

  void run() {
    if (shared_.scratch_bytes != 0) {
      auto scratch = ModelBuffer::allocate(shared_.scratch_bytes);
      if (!scratch) return shared_.fail(scratch.error(), 0);
      scratch_ = *std::move(scratch);
    }
    while (!shared_.stop) {
      const std::size_t index = shared_.next_batch.fetch_add(1);
      if (index >= shared_.batches.size()) return;
      run_batch(shared_.batches[index]);
    }
  }

 private:
  void run_batch(const Batch& batch) {
    std::size_t param = batch.first_param;
    std::uint64_t chunk = batch.first_chunk, bytes = 0;
    for (std::uint64_t i = 0; i < batch.chunks && !shared_.stop; ++i, ++chunk) {
      while (!shared_.coverage.covers(shared_.core.params[param].file) || chunk >= shared_.core.chunks(shared_.core.params[param])) {
        ++param;
        chunk = 0;
      }
      const std::uint64_t tag = batch.first_tag + i;
      if (auto done = run_chunk(param, chunk, tag); !done) return shared_.fail(done.error(), tag);
      bytes += std::min(shared_.core.chunk_bytes(), shared_.core.params[param].length - (chunk << shared_.core.chunk_log2));
    }
    shared_.report(bytes);
  }

  void take_keys(std::size_t param) {
    if (keyed_param_ == param) return;
    const SecretBytes tag_key = shared_.keys.tag_key(shared_.core_hash, param);
    tag_state_.emplace();
    shared_.kernel.expand(octets(tag_key.reveal()), *tag_state_);
    stream_state_.emplace();
    if (shared_.core.params[param].layout != Layout::plain) {
      const SecretBytes key = shared_.keys.encryption_key(shared_.core_hash, param);
      shared_.kernel.expand(octets(key.reveal()), *stream_state_);
    }
    keyed_param_ = param;
  }

  Result<void> run_chunk(std::size_t param, std::uint64_t chunk, std::uint64_t tag) {
    const Parameter& p = shared_.core.params[param];
    const FileEnds& ends = shared_.files[p.file - shared_.coverage.first];
    const std::uint64_t start = chunk << shared_.core.chunk_log2;
    const auto length = static_cast<std::size_t>(std::min(shared_.core.chunk_bytes(), p.length - start));
    const auto bytes = ends.sink->place(p.offset + start, length, scratch_.bytes_mutable());
    if (auto read = ends.source->read(p.offset + start, bytes); !read) return read;
    take_keys(param);
    if (!transform(p, chunk, start, bytes, shared_.tags.subspan(static_cast<std::size_t>(tag) * 16, 16))) {
      kernels::wipe(bytes.data(), bytes.size());
      return Error{.code = ErrorCode::tampered,
                   .message = "a parameter differs from what was locked",
                   .hint = "get the file again from where it was published",
                   .offset = p.offset + start};
    }
    return ends.sink->commit(p.offset + start, bytes);
  }

  // Tags and transforms one chunk in place; false when the tag is not the recorded one.
  bool transform(const Parameter& p, std::uint64_t chunk, std::uint64_t start, std::span<std::byte> bytes, std::span<std::byte> tag) {
    std::array<std::byte, 32> one_time_key{};
    shared_.kernel.stream(*tag_state_, one_time_key_offset(shared_.core.suite, chunk), octets(std::span<std::byte>(one_time_key)), one_time_key.size());
    tagger_.begin(one_time_key);
    kernels::wipe(one_time_key.data(), one_time_key.size());
    for (std::size_t done = 0; done < bytes.size(); done += kCacheBlock) {
      const auto block = bytes.subspan(done, std::min(kCacheBlock, bytes.size() - done));
      const std::uint64_t offset = start + done;
      if (shared_.pass == Pass::lock && p.layout == Layout::bytes)
        shared_.kernel.lock(*stream_state_, offset, octets(block), octets(block), block.size());
      if (shared_.pass != Pass::decoy) tagger_.update(block);
      if ((shared_.pass == Pass::unlock || shared_.pass == Pass::decoy) && p.layout == Layout::bytes)
        shared_.kernel.unlock(*stream_state_, offset, octets(block), octets(block), block.size());
    }
    const Tag computed = tagger_.finish();
    if (shared_.pass == Pass::lock) std::copy(computed.begin(), computed.end(), tag.begin());
    if (shared_.pass == Pass::lock || shared_.pass == Pass::decoy) return true;
    return keys::equal_constant_time(computed, tag);
  }

  Shared& shared_;
  Tagger tagger_;
  ModelBuffer scratch_;  // may hold plain parameters: wiped, and left out of core dumps
  std::optional<std::size_t> keyed_param_;
  std::optional<kernels::KeyState> tag_state_, stream_state_;  // emplace() wipes the last parameter's
};

// One thread's whole life. An allocation that fails must not end the process.
void work(Shared& shared) {
#ifdef __cpp_exceptions
  try {
    Worker(shared).run();
  } catch (const std::exception&) {
    shared.fail(Error{.code = ErrorCode::io, .message = "out of memory", .hint = "use fewer --threads"}, 0);
  }
#else
  Worker(shared).run();
#endif
}

// False when the system gives no more threads: those that run, and the caller's own, do the work.
bool start_helper(std::vector<std::jthread>& helpers, Shared& shared) {
#ifdef __cpp_exceptions
  try {
    helpers.emplace_back([&shared] { work(shared); });
  } catch (const std::system_error&) {
    return false;
  }
#else
  helpers.emplace_back([&shared] { work(shared); });
#endif
  return true;
}

}  // namespace

Result<void> run_pass(Pass pass, const Core& core, const Hash& core_hash, Coverage coverage, const keys::KeySchedule& keys,
                      const kernels::Kernel& kernel, std::span<const FileEnds> files, std::span<std::byte> tags,
                      const PassOptions& options) {
  Shared shared{pass, core, core_hash, coverage, keys, kernel, files, tags, options.progress, cut_batches(core, coverage)};
  for (const Parameter& p : core.params) {
    if (!coverage.covers(p.file)) continue;
    shared.total_bytes += p.length;
    if (files[p.file - coverage.first].sink->needs_scratch())
      shared.scratch_bytes = std::max(shared.scratch_bytes, std::min(p.length, core.chunk_bytes()));
  }
  const std::uint64_t wanted = options.threads != 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
  const std::uint64_t affordable = shared.scratch_bytes == 0 ? wanted : std::max<std::uint64_t>(1, kScratchBytes / shared.scratch_bytes);
  const auto threads = static_cast<unsigned>(std::min({wanted, affordable, std::uint64_t{shared.batches.size()}}));
  {
    std::vector<std::jthread> helpers;  // joined at the end of this block
    if (shared.total_bytes > kInlineBytes)
      for (unsigned i = 1; i < threads && start_helper(helpers, shared); ++i) {
      }
    work(shared);
  }
  if (shared.error) return *shared.error;
  shared.report_end();
  return {};
}

Result<const kernels::Kernel*> choose_kernel(Suite suite) {
  const auto choice = kernels::choose(static_cast<kernels::Suite>(suite));
  if (choice.ok()) return choice.kernel;
  const char* name = std::getenv("NNLOCK_KERNEL");
  return Error{.code = ErrorCode::usage,
               .message = std::string("NNLOCK_KERNEL names ") + (name != nullptr ? name : "nothing") +
                          (choice.outcome == kernels::Outcome::unknown_name ? ", which is no kernel" : ", which this CPU cannot run"),
               .hint = "`nnlock doctor` lists the kernels; unset NNLOCK_KERNEL to take the best one"};
}

}  // namespace nnlock::lock
