// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// SHA-256 and the skeleton hash (spec/lock-v1.md section 6). OpenSSL computes.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "lock/record.hpp"

namespace nnlock::lock {

class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  ~Sha256();
  void update(std::span<const std::byte> bytes);
  Hash finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

Hash sha256(std::span<const std::byte> bytes);

// A span of bytes of one restored file.
struct Run {
  std::uint64_t offset = 0, length = 0;
};

// The skeleton of a file: the maximal runs that neither a parameter nor a derived field covers. `params` are those of one file; both are
// sorted, and all are disjoint.
std::vector<Run> skeleton_runs(std::span<const Parameter> params, std::span<const DerivedEntry> derived, std::uint64_t restored_length);

// `image` holds the whole restored file; only the runs are looked at.
Hash skeleton_hash(Role role, std::span<const std::byte> image, std::span<const Run> runs);

}  // namespace nnlock::lock
