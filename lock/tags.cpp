// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lock/tags.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include <cstdlib>

namespace nnlock::lock {
namespace {

void require(bool ok) {
  if (!ok) std::abort();  // OpenSSL without memory or without its default provider
}

}  // namespace

struct Tagger::Context {
  EVP_MAC_CTX* mac = nullptr;
  ~Context() { EVP_MAC_CTX_free(mac); }
};

Tagger::Tagger() : context_(std::make_unique<Context>()) {
  static EVP_MAC* const poly1305 = EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_POLY1305, nullptr);  // lives as long as the process
  context_->mac = EVP_MAC_CTX_new(poly1305);
  require(context_->mac != nullptr);
}

Tagger::~Tagger() = default;

void Tagger::begin(std::span<const std::byte, 32> one_time_key) {
  require(EVP_MAC_init(context_->mac, reinterpret_cast<const unsigned char*>(one_time_key.data()), one_time_key.size(), nullptr) == 1);
}

void Tagger::update(std::span<const std::byte> locked_bytes) {
  require(EVP_MAC_update(context_->mac, reinterpret_cast<const unsigned char*>(locked_bytes.data()), locked_bytes.size()) == 1);
}

Tag Tagger::finish() {
  Tag tag{};
  std::size_t length = 0;
  require(EVP_MAC_final(context_->mac, reinterpret_cast<unsigned char*>(tag.data()), &length, tag.size()) == 1);
  return tag;
}

}  // namespace nnlock::lock
