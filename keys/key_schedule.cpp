// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "keys/key_schedule.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

namespace nnlock::keys {
namespace {

constexpr std::size_t kLabelBytes = 14;  // "nnlock/v1/" + three letters + zero byte (lock-v1 section 1)
using Info = std::array<std::byte, kLabelBytes + 32 + 8>;

// OpenSSL refuses these calls only when it is out of memory or its providers are broken: there is no key to go on with.
void require(bool ok) {
  if (!ok) std::abort();
}

std::size_t put_label(std::span<std::byte> out, std::string_view three_letters) {
  std::memcpy(out.data(), "nnlock/v1/", 10);
  std::memcpy(out.data() + 10, three_letters.data(), 3);
  out[13] = std::byte{0};
  return kLabelBytes;
}

struct KdfDeleter {
  void operator()(EVP_KDF_CTX* context) const { EVP_KDF_CTX_free(context); }
};
struct MacDeleter {
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};

// One HKDF call (RFC 5869, SHA-256). `mode` is extract-only, expand-only or both.
void hkdf(int mode, std::span<const std::byte> key, std::span<const std::byte> salt, std::span<const std::byte> info,
          std::span<std::byte> out) {
  static EVP_KDF* const algorithm = EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_HKDF, nullptr);  // lives as long as the process
  const std::unique_ptr<EVP_KDF_CTX, KdfDeleter> context(EVP_KDF_CTX_new(algorithm));
  require(context != nullptr);
  auto octets = [](const char* name, std::span<const std::byte> bytes) {
    return OSSL_PARAM_construct_octet_string(name, const_cast<std::byte*>(bytes.data()), bytes.size());
  };
  char digest[] = "SHA256";
  std::array<OSSL_PARAM, 6> params{};
  std::size_t n = 0;
  params[n++] = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
  params[n++] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0);
  params[n++] = octets(OSSL_KDF_PARAM_KEY, key);
  if (!salt.empty()) params[n++] = octets(OSSL_KDF_PARAM_SALT, salt);
  if (!info.empty()) params[n++] = octets(OSSL_KDF_PARAM_INFO, info);
  params[n] = OSSL_PARAM_construct_end();
  require(EVP_KDF_derive(context.get(), reinterpret_cast<unsigned char*>(out.data()), out.size(), params.data()) == 1);
}

SecretBytes expand(const SecretBytes& prk, std::string_view label, const CoreHash& core_hash, const std::uint64_t* index) {
  Info info{};
  std::size_t length = put_label(info, label);
  std::memcpy(info.data() + length, core_hash.data(), core_hash.size());
  length += core_hash.size();
  for (int shift = 56; index != nullptr && shift >= 0; shift -= 8) info[length++] = static_cast<std::byte>(*index >> shift);
  SecretBytes out;
  hkdf(EVP_KDF_HKDF_MODE_EXPAND_ONLY, prk.reveal(), {}, std::span(info).first(length), out.reveal_mutable());
  return out;
}

}  // namespace

Result<void> crypto_ready() {
  static const bool ready = [] {
    const std::unique_ptr<EVP_KDF, void (*)(EVP_KDF*)> kdf(EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_HKDF, nullptr), EVP_KDF_free);
    const std::unique_ptr<EVP_MAC, void (*)(EVP_MAC*)> hmac(EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr), EVP_MAC_free);
    const std::unique_ptr<EVP_MAC, void (*)(EVP_MAC*)> poly(EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_POLY1305, nullptr), EVP_MAC_free);
    const std::unique_ptr<EVP_MD, void (*)(EVP_MD*)> sha(EVP_MD_fetch(nullptr, "SHA256", nullptr), EVP_MD_free);
    return kdf && hmac && poly && sha;
  }();
  if (ready) return {};
  return Error{.code = ErrorCode::unsupported,
               .message = "OpenSSL offers no HKDF, HMAC, SHA-256 or Poly1305 here",
               .hint = "nnlock needs OpenSSL's default provider: look at OPENSSL_CONF and at FIPS mode"};
}

std::array<std::byte, 8> fingerprint(const SecretBytes& master_key) {
  std::array<std::byte, kLabelBytes> info{};
  put_label(info, "fpr");
  std::array<std::byte, 8> out{};
  hkdf(EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND, master_key.reveal(), {}, info, out);
  return out;
}

std::string fingerprint_text(std::span<const std::byte, 8> fingerprint) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < fingerprint.size(); ++i) {
    if (i != 0 && i % 2 == 0) text.push_back('-');
    text.push_back(digits[std::to_integer<std::size_t>(fingerprint[i] >> 4)]);
    text.push_back(digits[std::to_integer<std::size_t>(fingerprint[i] & std::byte{15})]);
  }
  return text;
}

SecretBytes derive_file_key(const SecretBytes& master_key, LockIdBytes lock_id) {
  std::array<std::byte, kLabelBytes> info{};
  put_label(info, "fil");
  SecretBytes file_key;
  hkdf(EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND, master_key.reveal(), lock_id, info, file_key.reveal_mutable());
  return file_key;
}

KeySchedule::KeySchedule(const SecretBytes& file_key, LockIdBytes lock_id) {
  hkdf(EVP_KDF_HKDF_MODE_EXTRACT_ONLY, file_key.reveal(), lock_id, {}, prk_.reveal_mutable());
}

KeyCheck KeySchedule::key_check() const {
  std::array<std::byte, kLabelBytes> info{};
  put_label(info, "chk");
  KeyCheck check{};
  hkdf(EVP_KDF_HKDF_MODE_EXPAND_ONLY, prk_.reveal(), {}, info, check);
  return check;
}

SecretBytes KeySchedule::record_key(const CoreHash& core_hash) const { return expand(prk_, "rec", core_hash, nullptr); }

SecretBytes KeySchedule::encryption_key(const CoreHash& core_hash, std::uint64_t index) const {
  return expand(prk_, "enc", core_hash, &index);
}

SecretBytes KeySchedule::tag_key(const CoreHash& core_hash, std::uint64_t index) const {
  return expand(prk_, "mac", core_hash, &index);
}

SecretBytes KeySchedule::auxiliary_key(const CoreHash& core_hash, std::uint64_t index) const {
  return expand(prk_, "aux", core_hash, &index);
}

Mac hmac(const SecretBytes& key, std::initializer_list<std::span<const std::byte>> parts) {
  static EVP_MAC* const algorithm = EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr);
  const std::unique_ptr<EVP_MAC_CTX, MacDeleter> context(EVP_MAC_CTX_new(algorithm));
  require(context != nullptr);
  char digest[] = "SHA256";
  const std::array<OSSL_PARAM, 2> params = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                            OSSL_PARAM_construct_end()};
  const auto key_bytes = reinterpret_cast<const unsigned char*>(key.reveal().data());
  require(EVP_MAC_init(context.get(), key_bytes, SecretBytes::size, params.data()) == 1);
  for (const auto part : parts)
    require(EVP_MAC_update(context.get(), reinterpret_cast<const unsigned char*>(part.data()), part.size()) == 1);
  Mac mac{};
  std::size_t length = 0;
  require(EVP_MAC_final(context.get(), reinterpret_cast<unsigned char*>(mac.data()), &length, mac.size()) == 1);
  return mac;
}

bool equal_constant_time(std::span<const std::byte> a, std::span<const std::byte> b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace nnlock::keys
