// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lock/seal.hpp"

#include "lock/digest.hpp"

namespace nnlock::lock {

Sealing begin_sealing(Core core, const MasterKey& key) {
  keys::KeySchedule schedule(keys::derive_file_key(key.secret(), core.lock_id), core.lock_id);
  core.key_check = schedule.key_check();
  auto bytes = encode_core(core);
  const Hash hash = sha256(bytes);
  return {.core = std::move(core), .core_bytes = std::move(bytes), .core_hash = hash, .keys = std::move(schedule)};
}

std::vector<std::byte> tag_digests(const Core& core, std::span<const std::byte> tags) {
  std::vector<std::byte> digests;
  digests.reserve(core.params.size() * 32);
  for (const Parameter& p : core.params) {
    const auto bytes = static_cast<std::size_t>(core.chunks(p)) * 16;
    const Hash digest = sha256(tags.first(bytes));
    digests.insert(digests.end(), digest.begin(), digest.end());
    tags = tags.subspan(bytes);
  }
  return digests;
}

std::vector<std::byte> finish_sealing(const Sealing& sealing, const Seal& seal, std::span<const std::byte> digests,
                                      std::span<const std::byte> covered_tags) {
  const RecordParts parts{.coverage = seal.coverage,
                          .slot_bytes = seal.slot_bytes,
                          .head = encode_head(sealing.core_bytes, digests),
                          .envelope = encode_envelope(seal.envelope),
                          .tags = covered_tags};
  const auto mac = keys::hmac(sealing.keys.record_key(sealing.core_hash), {parts.frame(), parts.head, be32(0), parts.envelope});
  return assemble_record(parts, mac);
}

std::uint64_t sealed_size(const Sealing& sealing, const Seal& seal) {
  const std::vector<std::byte> digests(sealing.core.params.size() * 32);
  const std::uint64_t head = encode_head(sealing.core_bytes, digests).size();
  return record_size(head, seal.slot_bytes, covered_chunks(sealing.core, seal.coverage) * 16);
}

}  // namespace nnlock::lock
