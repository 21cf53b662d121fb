// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// From master key to file key to subkeys (spec/lock-v1.md section 2). OpenSSL does the HKDF and HMAC.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "nnlock/keys.hpp"
#include "nnlock/result.hpp"

namespace nnlock::keys {

using LockIdBytes = std::span<const std::byte, 16>;
using CoreHash = std::array<std::byte, 32>;  // H = SHA-256(core)
using KeyCheck = std::array<std::byte, 8>;
using Mac = std::array<std::byte, 32>;

// Shown to people, never secret.
std::array<std::byte, 8> fingerprint(const SecretBytes& master_key);
std::string fingerprint_text(std::span<const std::byte, 8> fingerprint);

// FK of the derived recipient. Every 32-byte key gives some file key.
SecretBytes derive_file_key(const SecretBytes& master_key, LockIdBytes lock_id);

// The subkeys of one lock operation.
class KeySchedule {
 public:
  KeySchedule(const SecretBytes& file_key, LockIdBytes lock_id);

  KeyCheck key_check() const;
  SecretBytes record_key(const CoreHash& core_hash) const;
  // K_enc, K_mac and K_aux of parameter `index`, counted over the whole set.
  SecretBytes encryption_key(const CoreHash& core_hash, std::uint64_t index) const;
  SecretBytes tag_key(const CoreHash& core_hash, std::uint64_t index) const;
  SecretBytes auxiliary_key(const CoreHash& core_hash, std::uint64_t index) const;

 private:
  SecretBytes prk_;
};

// Whether OpenSSL offers everything nnlock needs (HKDF, HMAC, SHA-256, Poly1305). Asked once; every way into the library asks
// before it works, since a configuration without the default provider (or FIPS only) has no Poly1305. Errors: unsupported.
Result<void> crypto_ready();

// HMAC-SHA-256 of the parts in order, as one message.
Mac hmac(const SecretBytes& key, std::initializer_list<std::span<const std::byte>> parts);

// Compares in time that depends on the length only.
bool equal_constant_time(std::span<const std::byte> a, std::span<const std::byte> b);

}  // namespace nnlock::keys
