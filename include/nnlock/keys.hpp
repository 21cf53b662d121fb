// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Secrets and master keys (spec/key-file-v1.md, spec/lock-v1.md section 2).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "nnlock/result.hpp"

namespace nnlock {

// 32 secret bytes: kept in locked memory where the system allows it, left out of core dumps, wiped on destruction,
// never printable. Movable, not copyable; clone() says so aloud. reveal() is the one way to the bytes.
class SecretBytes {
 public:
  static constexpr std::size_t size = 32;  // bytes

  SecretBytes();  // all zero
  explicit SecretBytes(std::span<const std::byte, size> bytes);
  SecretBytes(SecretBytes&& other) noexcept;
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  ~SecretBytes();

  SecretBytes clone() const;
  std::span<const std::byte, size> reveal() const;
  std::span<std::byte, size> reveal_mutable();

 private:
  std::byte* bytes_;  // owned, never null unless moved from
};

// The secret that authorises use of locked models.
class MasterKey {
 public:
  // 32 bytes from the system's random generator. Errors: io.
  static Result<MasterKey> generate();
  static MasterKey from_bytes(std::span<const std::byte, SecretBytes::size> bytes);
  // Parses the text of a key file. Errors: bad_key_file.
  static Result<MasterKey> parse(std::string_view text);
  // Reads a key file. Errors: io, bad_key_file. `readable_by_others` (optional) tells of loose permissions.
  static Result<MasterKey> read_file(const std::string& path, bool* readable_by_others = nullptr);

  // Writes a new key file with mode 0600; never overwrites. `created` is free text such as an ISO date:
  // one line of at most 200 ASCII characters. Errors: io, usage.
  Result<void> write_file(const std::string& path, std::string_view created) const;
  // Writes the text of a key file to an open file descriptor, for example standard output. Errors: io.
  Result<void> write_to(int fd, std::string_view created) const;
  // Four groups of four hex digits, for people. Reveals nothing about the key beyond 64 derived bits.
  std::string fingerprint() const;
  std::array<std::byte, 8> fingerprint_bytes() const;
  const SecretBytes& secret() const { return secret_; }

 private:
  explicit MasterKey(SecretBytes secret) : secret_(std::move(secret)) {}
  SecretBytes secret_;
};

}  // namespace nnlock
