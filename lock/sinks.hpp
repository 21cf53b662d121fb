// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Where the chunks of a pass go: an open file, memory, or nowhere.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "lock/digest.hpp"
#include "lock/engine.hpp"
#include "lock/file_io.hpp"
#include "lock/restored.hpp"

namespace nnlock::lock {

// Into an open file, at the place the edits give them.
class FileSink final : public ChunkSink {
 public:
  FileSink(int fd, std::string path, std::span<const formats::Edit> edits) : fd_(fd), path_(std::move(path)), edits_(edits) {}
  std::span<std::byte> place(std::uint64_t, std::size_t length, std::span<std::byte> scratch) const override { return scratch.first(length); }
  Result<void> commit(std::uint64_t offset, std::span<const std::byte> chunk) const override {
    return write_at(fd_, stored_offset(edits_, offset), chunk, path_);
  }

 private:
  int fd_;
  std::string path_;
  std::span<const formats::Edit> edits_;
};

// In place in a buffer that holds the whole restored file.
class MemorySink final : public ChunkSink {
 public:
  explicit MemorySink(std::span<std::byte> file) : file_(file) {}
  std::span<std::byte> place(std::uint64_t offset, std::size_t length, std::span<std::byte>) const override {
    return file_.subspan(static_cast<std::size_t>(offset), length);
  }
  bool needs_scratch() const override { return false; }
  Result<void> commit(std::uint64_t, std::span<const std::byte>) const override { return {}; }

 private:
  std::span<std::byte> file_;
};

class NullSink final : public ChunkSink {
 public:
  std::span<std::byte> place(std::uint64_t, std::size_t length, std::span<std::byte> scratch) const override { return scratch.first(length); }
  Result<void> commit(std::uint64_t, std::span<const std::byte>) const override { return {}; }
};

// Writes everything that is no parameter: the skeleton runs of `image` with the edits applied.
Result<void> write_skeleton(int fd, const std::string& path, std::span<const std::byte> image, std::span<const Run> runs,
                            std::span<const formats::Edit> edits);

}  // namespace nnlock::lock
