// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lock/digest.hpp"

#include <openssl/evp.h>

#include <cstdlib>

namespace nnlock::lock {

struct Sha256::Context {
  EVP_MD_CTX* md = EVP_MD_CTX_new();
  ~Context() { EVP_MD_CTX_free(md); }
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  if (context_->md == nullptr || EVP_DigestInit_ex(context_->md, EVP_sha256(), nullptr) != 1) std::abort();  // out of memory
}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::update(std::span<const std::byte> bytes) { EVP_DigestUpdate(context_->md, bytes.data(), bytes.size()); }

Hash Sha256::finish() {
  Hash hash{};
  EVP_DigestFinal_ex(context_->md, reinterpret_cast<unsigned char*>(hash.data()), nullptr);
  return hash;
}

Hash sha256(std::span<const std::byte> bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish();
}

std::vector<Run> skeleton_runs(std::span<const Parameter> params, std::span<const DerivedEntry> derived, std::uint64_t restored_length) {
  std::vector<Run> runs;
  std::uint64_t position = 0;
  const auto pass = [&](std::uint64_t offset, std::uint64_t length) {
    if (offset > position) runs.push_back({position, offset - position});
    position = offset + length;
  };
  auto d = derived.begin();
  for (const Parameter& p : params) {
    for (; d != derived.end() && d->offset < p.offset; ++d) pass(d->offset, kDerivedBytes);
    pass(p.offset, p.length);
  }
  for (; d != derived.end(); ++d) pass(d->offset, kDerivedBytes);
  if (restored_length > position) runs.push_back({position, restored_length - position});
  return runs;
}

Hash skeleton_hash(Role role, std::span<const std::byte> image, std::span<const Run> runs) {
  Sha256 hash;
  hash.update(std::as_bytes(std::span("nnlock/v1/skl", 14)));  // label(skl): the array's own zero byte ends it
  hash.update(be32(static_cast<std::uint32_t>(role)));
  hash.update(be64(image.size()));
  for (const Run& run : runs) {
    hash.update(be64(run.offset));
    hash.update(be64(run.length));
    hash.update(image.subspan(static_cast<std::size_t>(run.offset), static_cast<std::size_t>(run.length)));
  }
  return hash.finish();
}

}  // namespace nnlock::lock
