// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Files: reading at any offset, and outputs that appear under their name only when complete.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "formats/bytes.hpp"
#include "nnlock/result.hpp"

namespace nnlock::lock {

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();
  int get() const { return fd_; }
  int release();

 private:
  int fd_;
};

Error io_error(const std::string& path, const std::string& action, int number);

// A regular file that is read with pread: a file that changes or shrinks gives other bytes or an error, never a fault.
class FileSource final : public formats::ByteSource {
 public:
  static Result<std::unique_ptr<FileSource>> open(const std::string& path);
  // The file `name` in an open folder, and no link; `path` is for messages.
  static Result<std::unique_ptr<FileSource>> open_at(const Descriptor& folder, const std::string& name, const std::string& path);
  std::uint64_t size() const override { return size_; }
  Result<void> read(std::uint64_t offset, std::span<std::byte> out) const override;
  const Descriptor& descriptor() const { return fd_; }
  const std::string& path() const { return path_; }

 private:
  static Result<std::unique_ptr<FileSource>> over(Descriptor fd, const std::string& path);
  FileSource(Descriptor fd, std::uint64_t size, std::string path) : fd_(std::move(fd)), size_(size), path_(std::move(path)) {}
  Descriptor fd_;
  std::uint64_t size_;
  std::string path_;
};

// What was written into an open file so far. The descriptor stays the caller's.
class WrittenFile final : public formats::ByteSource {
 public:
  WrittenFile(int fd, std::uint64_t size, std::string path) : fd_(fd), size_(size), path_(std::move(path)) {}
  std::uint64_t size() const override { return size_; }
  Result<void> read(std::uint64_t offset, std::span<std::byte> out) const override;

 private:
  int fd_;
  std::uint64_t size_;
  std::string path_;
};

// Reads a sidecar. Errors: io; bad_record and unsupported when its first bytes and its size are not a record's.
Result<std::vector<std::byte>> read_record_file(const std::string& path);
bool file_exists(const std::string& path);

// True when two paths name one place: the same name in the same folder, whether or not anything is there yet.
bool same_place(const std::string& a, const std::string& b);

// The folder that a path names something in.
std::string folder_of(const std::string& path);

// Writes `bytes` at `offset` of an open file.
Result<void> write_at(int fd, std::uint64_t offset, std::span<const std::byte> bytes, const std::string& path);

// A new file that gets its name in commit() and vanishes without it, also when the process is killed: where the file system lets a file
// be without a name, at once; else with the next output of this name.
class OutputFile {
 public:
  // `mode` is narrowed by the umask. Errors: io; usage when `path` exists (unless `replace`) or is the file `input`.
  static Result<OutputFile> create(const std::string& path, unsigned mode, bool replace, const FileSource* input);
  OutputFile(OutputFile&&) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();
  int fd() const { return fd_.get(); }
  const std::string& path() const { return path_; }
  Result<void> commit();

 private:
  OutputFile(Descriptor fd, std::string path, std::string temporary, bool replace)
      : fd_(std::move(fd)), path_(std::move(path)), temporary_(std::move(temporary)), replace_(replace) {}
  Result<void> link_unnamed(const std::string& name);
  Result<void> commit_named();
  Result<void> named();  // the temporary name is gone
  Descriptor fd_;
  std::string path_;
  std::string temporary_;  // empty: the file has no name yet (O_TMPFILE)
  bool replace_;
};

}  // namespace nnlock::lock
