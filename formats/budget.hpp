// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What is kept of a tensor, an operator or a name takes more memory than the few bytes that ask for it. Codecs take it from a budget,
// so that memory stays below the size of the file and 128 MiB whatever the file says (tests/memory).
#pragma once

#include <cstdint>
#include <string>

#include "nnlock/result.hpp"

namespace nnlock::formats {

class Budget {
 public:
  // Units of about 100 bytes, from parsing to the written record.
  static constexpr std::uint64_t kName = 1;
  static constexpr std::uint64_t kOperator = 4;
  static constexpr std::uint64_t kTensor = 8;
  static constexpr std::uint64_t kDimensions = 6;   // to a unit
  static constexpr std::uint64_t kNameBytes = 32;  // to a unit: a name is copied a few times

  explicit Budget(std::uint64_t file_size) : left_(1'000'000 + file_size / 128) {}

  // False when nothing is left.
  bool take(std::uint64_t units) {
    if (units > left_) return false;
    left_ -= units;
    return true;
  }
  std::uint64_t left() const { return left_; }
  bool take_tensor(std::uint64_t rank, std::uint64_t name_bytes) { return take(kTensor + rank / kDimensions + name_bytes / kNameBytes); }

  // `what`: "tensors". `offset`: where the file asked for more than there is.
  static Error exceeded(const std::string& what, std::uint64_t offset) {
    return Error{.code = ErrorCode::unsupported,
                 .message = "the model has too many " + what + " for a file of its size",
                 .hint = "docs/formats.md says how many there may be; no real model is known that has more",
                 .offset = offset};
  }

 private:
  std::uint64_t left_;
};

}  // namespace nnlock::formats
