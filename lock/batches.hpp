// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Work on parameters chunk by chunk, on all cores, with progress: shared by the pass (engine.hpp) and the scan (scan.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "lock/record.hpp"

namespace nnlock::lock {

// One chunk of one parameter (lock-v1 section 4).
struct Chunk {
  std::size_t param = 0;     // index into core.params
  std::uint64_t index = 0;   // of the chunk in the parameter
  std::uint64_t start = 0;   // its first byte in the parameter
  std::size_t length = 0;    // bytes
  std::uint64_t number = 0;  // counted over all covered chunks
};

// One thread's work on the chunks that it is given.
class Worker {
 public:
  virtual ~Worker() = default;
  // `scratch` has the bytes that were asked for. It may hold plain parameters: it is wiped at the end, and left out of core dumps.
  virtual Result<void> run(const Chunk& chunk, std::span<std::byte> scratch) = 0;
};
using MakeWorker = std::function<std::unique_ptr<Worker>()>;  // called once on each thread

struct PassOptions {
  unsigned threads = 0;  // 0: all cores
  const Progress* progress = nullptr;
  std::uint64_t done_before = 0, left_after = 0;  // bytes of work of the operation's other passes
};

// Gives every chunk of the covered parameters to one worker. Of several errors the one of the first chunk is returned. Errors: those
// of the workers, and io.
Result<void> run_chunks(const Core& core, Coverage coverage, std::uint64_t scratch_bytes, const MakeWorker& make, const PassOptions& options);

}  // namespace nnlock::lock
