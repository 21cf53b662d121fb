// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The record (spec/record-v1.md): core, head, envelope, framing. Parsing checks every rule that needs no key and no file.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "lock/parameter.hpp"
#include "nnlock/lock.hpp"
#include "nnlock/model.hpp"
#include "nnlock/result.hpp"

namespace nnlock::lock {

using Hash = std::array<std::byte, 32>;
using Tag = std::array<std::byte, 16>;

enum class Role : std::uint8_t { model = 0, shard = 1, external_data = 2 };

// Four bytes that follow from parameter bytes (section 3.3); what they are computed over, the codec knows.
struct DerivedEntry {
  std::uint8_t kind = 1;     // formats::DerivedField::Kind
  std::uint64_t offset = 0;  // bytes, restored coordinates
  bool operator==(const DerivedEntry&) const = default;
};
constexpr std::uint64_t kDerivedBytes = 4;

struct FileEntry {
  Role role = Role::model;
  Format format = Format::raw;
  std::uint64_t length = 0;  // bytes, restored
  Hash skeleton{};
  std::vector<DerivedEntry> derived;  // sorted by offset, disjoint
};

// Everything fixed before encryption (record-v1 section 3).
struct Core {
  Suite suite = Suite::aes256;
  LockId lock_id{};
  std::array<std::byte, 8> key_check{};
  std::uint8_t chunk_log2 = 18;
  std::optional<Family> family;
  std::vector<FileEntry> files;
  std::vector<Parameter> params;
  BlockTable blocks;  // of parameters in layout `block`

  std::uint64_t chunk_bytes() const { return std::uint64_t{1} << chunk_log2; }
  // Of layout `block` a chunk holds whole structs (lock-v1 section 5.3).
  std::uint64_t chunk_bytes(const Parameter& p) const {
    return p.layout == Layout::block ? chunk_bytes() - chunk_bytes() % blocks.at(p.block()).size : chunk_bytes();
  }
  std::uint64_t chunks(const Parameter& p) const { return (p.length + chunk_bytes(p) - 1) / chunk_bytes(p); }
};

// Which files of the set one record covers.
struct Coverage {
  std::uint32_t first = 0, count = 1;
  bool covers(std::uint32_t file) const { return file >= first && file - first < count; }
};

struct Envelope {
  std::optional<std::array<std::byte, 8>> hint;  // the key's fingerprint
};

// A parsed record. Views point into the bytes given to parse_record(), which must outlive it.
struct Record {
  Core core;
  Hash core_hash{};
  Coverage coverage;
  std::uint32_t slot_bytes = 0;
  std::uint32_t active_slot = 0;
  Envelope envelope;
  std::span<const std::byte> frame, head, envelope_bytes;  // what the MAC covers (record-v1 section 4)
  std::span<const std::byte, 32> digests_of(std::uint64_t t) const { return std::span<const std::byte, 32>(digests.data() + 32 * t, 32); }
  std::span<const std::byte> digests;                      // 32 bytes a parameter of the whole set
  Hash mac{};
  std::span<const std::byte> tags;                         // 16 bytes a chunk of the covered parameters
};

// Magic and lengths alone: `frame` is the first 32 bytes (fewer when there are no more) of a record of `size` bytes.
Result<void> check_frame(std::span<const std::byte> frame, std::uint64_t size);

// Errors: bad_record, unsupported, licence.
Result<Record> parse_record(std::span<const std::byte> bytes);

std::vector<std::byte> encode_core(const Core& core);
std::vector<std::byte> encode_head(std::span<const std::byte> core, std::span<const std::byte> digests);
std::vector<std::byte> encode_envelope(const Envelope& envelope);

// The parts of a record before its MAC is known; slot 0 is the active one.
struct RecordParts {
  Coverage coverage;
  std::uint32_t slot_bytes = 1024;
  std::vector<std::byte> head, envelope;
  std::span<const std::byte> tags;

  std::array<std::byte, 32> frame() const;
};
std::uint64_t record_size(std::uint64_t head_bytes, std::uint64_t slot_bytes, std::uint64_t tag_bytes);
std::vector<std::byte> assemble_record(const RecordParts& parts, std::span<const std::byte, 32> mac);

// What a core may hold at most (section 3); a writer must keep to it as well.
constexpr std::uint64_t kMaxSetFiles = 65'536;
constexpr std::uint64_t kMaxParams = std::uint64_t{1} << 24, kMaxChunks = std::uint64_t{1} << 32;
constexpr std::uint64_t kMaxSidecar = std::uint64_t{4} << 30;  // bytes

// Number of chunks of the covered parameters. The core's own limits keep it below 2^32.
std::uint64_t covered_chunks(const Core& core, Coverage coverage);

inline std::array<std::byte, 4> be32(std::uint32_t v) {
  return {static_cast<std::byte>(v >> 24), static_cast<std::byte>(v >> 16), static_cast<std::byte>(v >> 8), static_cast<std::byte>(v)};
}
inline std::array<std::byte, 8> be64(std::uint64_t v) {
  std::array<std::byte, 8> out{};
  for (std::size_t i = 0; i < 8; ++i) out[i] = static_cast<std::byte>(v >> (56 - 8 * i));
  return out;
}
inline std::uint64_t read_be(std::span<const std::byte> bytes) {
  std::uint64_t v = 0;
  for (std::byte b : bytes) v = v << 8 | std::to_integer<std::uint64_t>(b);
  return v;
}

}  // namespace nnlock::lock
