// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Chunk tags (spec/lock-v1.md section 4): Poly1305 from OpenSSL under one-time keys from the suite's key stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "lock/record.hpp"

namespace nnlock::lock {

// Computes tags one after the other. Not thread-safe; one per worker.
class Tagger {
 public:
  Tagger();
  ~Tagger();
  Tagger(const Tagger&) = delete;
  Tagger& operator=(const Tagger&) = delete;

  void begin(std::span<const std::byte, 32> one_time_key);
  void update(std::span<const std::byte> locked_bytes);
  Tag finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// Byte offset, in the key stream under K_mac, of the one-time key of chunk `index`.
constexpr std::uint64_t one_time_key_offset(Suite suite, std::uint64_t index) {
  return suite == Suite::aes256 ? index * 32 : index * 64;
}

}  // namespace nnlock::lock
