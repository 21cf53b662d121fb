// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lock/batches.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

namespace nnlock::lock {
namespace {

constexpr std::uint64_t kInlineBytes = std::uint64_t{1} << 20;    // below this a thread costs more than it saves
constexpr std::uint64_t kBatchBytes = std::uint64_t{1} << 20;     // work taken at a time
constexpr std::uint64_t kScratchBytes = std::uint64_t{64} << 20;  // of all workers together
constexpr std::uint64_t kProgressBytes = std::uint64_t{8} << 20;

// Consecutive chunks of consecutive parameters, about kBatchBytes long.
struct Batch {
  std::size_t first_param = 0;
  std::uint64_t first_chunk = 0;   // of that parameter
  std::uint64_t first_number = 0;  // counted over the covered chunks
  std::uint64_t chunks = 0;
};

std::vector<Batch> cut_batches(const Core& core, Coverage coverage) {
  std::vector<Batch> batches;
  Batch open;
  std::uint64_t bytes = 0, number = 0;
  const auto close = [&] {
    if (open.chunks != 0) batches.push_back(open);
    open = {};
    bytes = 0;
  };
  for (std::size_t i = 0; i < core.params.size(); ++i) {
    const Parameter& p = core.params[i];
    if (!coverage.covers(p.file)) continue;
    const std::uint64_t chunk_bytes = core.chunk_bytes(p);
    for (std::uint64_t chunk = 0, n = core.chunks(p); chunk < n;) {
      if (open.chunks == 0) open = {i, chunk, number, 0};
      const std::uint64_t take = std::min(n - chunk, std::max<std::uint64_t>(1, (kBatchBytes - bytes) / chunk_bytes));
      open.chunks += take;
      chunk += take;
      number += take;
      bytes += std::min(take * chunk_bytes, p.length);
      if (bytes >= kBatchBytes) close();
    }
  }
  close();
  return batches;
}

// What all threads share.
struct Shared {
  const Core& core;
  Coverage coverage;
  const MakeWorker& make;
  std::uint64_t scratch_bytes;
  const PassOptions& options;
  std::vector<Batch> batches;
  std::uint64_t total_bytes = 0;

  std::atomic<std::size_t> next_batch = 0;
  std::atomic<bool> stop = false;
  std::atomic<std::uint64_t> done_bytes = 0;
  std::mutex mutex;  // error, progress
  std::optional<Error> error;
  std::uint64_t error_number = 0;
  std::uint64_t shown_bytes = 0;

  bool shows_progress() const { return options.progress != nullptr && *options.progress; }

  void show(std::uint64_t done) {
    shown_bytes = done;
    (*options.progress)(options.done_before + done, options.done_before + total_bytes + options.left_after);
  }

  void report(std::uint64_t bytes) {
    const std::uint64_t done = done_bytes.fetch_add(bytes) + bytes;
    if (!shows_progress() || !mutex.try_lock()) return;
    const std::lock_guard lock(mutex, std::adopt_lock);
    if (done >= shown_bytes + kProgressBytes || done == total_bytes) show(done);
  }

  // A thread that found the mutex taken skipped its report; the last one must not be lost.
  void report_end() {
    if (shows_progress() && shown_bytes != total_bytes) show(total_bytes);
  }

  // The error that stands first in the file wins, so that messages do not depend on scheduling.
  void fail(const Error& e, std::uint64_t number) {
    const std::lock_guard lock(mutex);
    if (!error || number < error_number) {
      error = e;
      error_number = number;
    }
    stop = true;
  }
};

void run_batch(Shared& shared, const Batch& batch, Worker& worker, std::span<std::byte> scratch) {
  const Core& core = shared.core;
  Chunk chunk{.param = batch.first_param, .index = batch.first_chunk, .number = batch.first_number};
  std::uint64_t bytes = 0;
  for (std::uint64_t i = 0; i < batch.chunks && !shared.stop; ++i, ++chunk.index, ++chunk.number) {
    while (!shared.coverage.covers(core.params[chunk.param].file) || chunk.index >= core.chunks(core.params[chunk.param])) {
      ++chunk.param;
      chunk.index = 0;
    }
    const Parameter& p = core.params[chunk.param];
    chunk.start = chunk.index * core.chunk_bytes(p);
    chunk.length = static_cast<std::size_t>(std::min(core.chunk_bytes(p), p.length - chunk.start));
    if (auto done = worker.run(chunk, scratch); !done) return shared.fail(done.error(), chunk.number);
    bytes += chunk.length;
  }
  shared.report(bytes);
}

void run_thread(Shared& shared) {
  auto scratch = ModelBuffer::allocate(shared.scratch_bytes);
  if (!scratch) return shared.fail(scratch.error(), 0);
  const auto worker = shared.make();
  while (!shared.stop) {
    const std::size_t index = shared.next_batch.fetch_add(1);
    if (index >= shared.batches.size()) return;
    run_batch(shared, shared.batches[index], *worker, scratch->bytes_mutable());
  }
}

// One thread's whole life. An allocation that fails must not end the process.
void work(Shared& shared) {
#ifdef __cpp_exceptions
  try {
    run_thread(shared);
  } catch (const std::exception&) {
    shared.fail(Error{.code = ErrorCode::io, .message = "out of memory", .hint = "use fewer --threads"}, 0);
  }
#else
  run_thread(shared);
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

Result<void> run_chunks(const Core& core, Coverage coverage, std::uint64_t scratch_bytes, const MakeWorker& make, const PassOptions& options) {
  Shared shared{core, coverage, make, scratch_bytes, options, cut_batches(core, coverage)};
  for (const Parameter& p : core.params)
    if (coverage.covers(p.file)) shared.total_bytes += p.length;
  const std::uint64_t wanted = options.threads != 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
  const std::uint64_t affordable = scratch_bytes == 0 ? wanted : std::max<std::uint64_t>(1, kScratchBytes / scratch_bytes);
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

}  // namespace nnlock::lock
