// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "keys/secret.hpp"

#include <openssl/crypto.h>

#include <cstdlib>
#include <cstring>
#include <utility>

#include "nnlock/keys.hpp"

namespace nnlock {
namespace {

// OpenSSL's secure heap is locked with mlock, fenced by guard pages and left out of core dumps.
// 64 KiB is within every usual RLIMIT_MEMLOCK; when it is full, secrets fall back to the ordinary heap and are still wiped.
constexpr std::size_t kHeapBytes = 64 * 1024;

bool start_secret_heap() {
  if (CRYPTO_secure_malloc_initialized() == 1) return true;
  return CRYPTO_secure_malloc_init(kHeapBytes, SecretBytes::size) == 1;  // 2: works, but could not be locked
}

std::byte* allocate_secret() {
  keys::secret_heap_locked();
  void* bytes = OPENSSL_secure_malloc(SecretBytes::size);
  if (bytes == nullptr) bytes = OPENSSL_malloc(SecretBytes::size);
  if (bytes == nullptr) std::abort();  // out of memory for 32 bytes
  std::memset(bytes, 0, SecretBytes::size);
  return static_cast<std::byte*>(bytes);
}

void free_secret(std::byte* bytes) {
  if (bytes != nullptr) OPENSSL_secure_clear_free(bytes, SecretBytes::size);
}

}  // namespace

namespace keys {

bool secret_heap_locked() {
  static const bool locked = start_secret_heap();  // C++ guarantees one thread-safe initialisation
  return locked;
}

}  // namespace keys

SecretBytes::SecretBytes() : bytes_(allocate_secret()) {}

SecretBytes::SecretBytes(std::span<const std::byte, size> bytes) : SecretBytes() {
  std::memcpy(bytes_, bytes.data(), size);
}

SecretBytes::SecretBytes(SecretBytes&& other) noexcept : bytes_(std::exchange(other.bytes_, nullptr)) {}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  if (this != &other) free_secret(std::exchange(bytes_, std::exchange(other.bytes_, nullptr)));
  return *this;
}

SecretBytes::~SecretBytes() { free_secret(bytes_); }

SecretBytes SecretBytes::clone() const { return SecretBytes(reveal()); }

std::span<const std::byte, SecretBytes::size> SecretBytes::reveal() const {
  assert(bytes_ != nullptr);
  return std::span<const std::byte, size>(bytes_, size);
}

std::span<std::byte, SecretBytes::size> SecretBytes::reveal_mutable() {
  assert(bytes_ != nullptr);
  return std::span<std::byte, size>(bytes_, size);
}

}  // namespace nnlock
