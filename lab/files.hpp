// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Whole files, read and written. A written file appears under its name only when it is complete.
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace nnlock::lab {

using Bytes = std::vector<std::byte>;
using Path = std::filesystem::path;

// Not insert(): g++ 12 sees an overflow there that is none (GCC bug 105651 and its kin).
inline void append(Bytes& to, std::span<const std::byte> more) {
  const std::size_t at = to.size();
  to.resize(at + more.size());
  std::copy(more.begin(), more.end(), to.begin() + static_cast<std::ptrdiff_t>(at));
}

inline std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

// Reads `path`, or `path`.gz or `path`.xz unpacked, whichever is there first. Throws Failure when none is, or it is damaged.
Bytes read_file(const Path& path);
bool readable(const Path& path);  // one of the three is there

void write_file(const Path& path, std::span<const std::byte> bytes);  // makes the folders above it

// A folder of its own in the system's place for such, gone with this object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();
  const Path& path() const { return path_; }

 private:
  Path path_;
};

// Held while one process makes something that others want too; they wait for it. Ends with the process.
class FileLock {
 public:
  explicit FileLock(const Path& path);
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock();

 private:
  int fd_;
};

}  // namespace nnlock::lab
