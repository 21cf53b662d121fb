// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// A lock on whole model files, as those see it who attack files and not networks. schemes/scheme.hpp is the same for networks of the lab.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lab/schemes/key.hpp"
#include "lab/schemes/published_lock.hpp"

namespace nnlock::lab {

struct FileSchemeInfo {
  std::string name;
  std::size_t key_bits = 0;
  bool authenticated = false;  // unlock() throws for a file that was changed, and for a wrong key
  std::string summary;
};

class FileScheme {
 public:
  virtual ~FileScheme() = default;
  virtual const FileSchemeInfo& info() const = 0;
  // `seed` stands for what a scheme draws at random for each file, such as a lock id; a scheme without such ignores it.
  virtual Bytes lock(const Bytes& model, const Key& key, std::uint64_t seed) const = 0;
  virtual Bytes unlock(const Bytes& locked, const Key& key) const = 0;
  // The same without authentication, where there is one.
  virtual Bytes unlock_unchecked(const Bytes& locked, const Key& key) const { return unlock(locked, key); }
  // The key stream by itself, where the scheme is w' = S(w ^ k) with a stream that hangs on the key alone; an empty function where not.
  virtual KeyStream key_stream(const Key& key) const;
};

// nnlock-v1; nnlock-2022-128 and -256; period-N: the published lock with a stream that begins anew every N bytes (N = 176 and 240: the
// standard's round keys, used again and again).
std::vector<std::string> file_scheme_names();
std::unique_ptr<FileScheme> file_scheme_named(const std::string& name);  // throws Failure

}  // namespace nnlock::lab
