// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Writing a record. Section numbers are those of spec/record-v1.md.

#include <cstring>

#include "lock/cbor.hpp"
#include "lock/record_layout.hpp"

namespace nnlock::lock {
namespace {

constexpr std::uint64_t kMultiple = 48;  // base64 then needs no padding and fills whole 64-character lines

void append(std::vector<std::byte>& out, std::span<const std::byte> bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

}  // namespace

std::vector<std::byte> encode_core(const Core& core) {
  CborWriter out;
  out.array(11);
  out.integer(1);
  out.integer(static_cast<std::uint64_t>(core.suite));
  out.bytes(core.lock_id);
  out.bytes(core.key_check);
  out.integer(core.chunk_log2);
  out.integer(0);  // flags
  if (core.family) {
    out.array(2);
    out.bytes(core.family->id);
    out.integer(core.family->version);
  } else {
    out.null();
  }
  out.null();  // publisher
  out.null();  // licence
  out.array(core.files.size());
  for (const FileEntry& file : core.files) {
    out.array(5);
    out.integer(static_cast<std::uint64_t>(file.role));
    out.integer(static_cast<std::uint64_t>(file.format));
    out.integer(file.length);
    out.bytes(file.skeleton);
    out.array(file.derived.size());
    for (const DerivedEntry& d : file.derived) {
      out.array(3);
      out.integer(d.kind);
      out.integer(d.offset);
      out.integer(kDerivedBytes);
    }
  }
  out.array(core.params.size());
  for (const Parameter& p : core.params) {
    out.array(4);
    out.integer(p.file);
    out.integer(p.offset);
    out.integer(p.length);
    write_layout(out, core, p);
  }
  return std::move(out).take();
}

std::vector<std::byte> encode_head(std::span<const std::byte> core, std::span<const std::byte> digests) {
  CborWriter out;
  out.array(3);
  out.bytes(core);
  out.bytes(digests);
  out.null();  // signature
  return std::move(out).take();
}

std::vector<std::byte> encode_envelope(const Envelope& envelope) {
  CborWriter out;
  out.array(3);
  out.integer(1);  // derived
  if (envelope.hint) out.bytes(*envelope.hint);
  else out.null();
  out.array(0);  // stanzas
  return std::move(out).take();
}

std::uint64_t record_size(std::uint64_t head_bytes, std::uint64_t slot_bytes, std::uint64_t tag_bytes) {
  const std::uint64_t size = 32 + head_bytes + 2 * slot_bytes + tag_bytes;
  return (size + kMultiple - 1) / kMultiple * kMultiple;
}

std::array<std::byte, 32> RecordParts::frame() const {
  std::vector<std::byte> bytes;
  append(bytes, std::as_bytes(std::span("NNLOCKR1", 8)));
  append(bytes, be32(coverage.first));
  append(bytes, be32(coverage.count));
  append(bytes, be32(static_cast<std::uint32_t>(head.size())));
  append(bytes, be32(slot_bytes));
  append(bytes, be64(tags.size()));
  std::array<std::byte, 32> out{};
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

std::vector<std::byte> assemble_record(const RecordParts& parts, std::span<const std::byte, 32> mac) {
  const auto size = static_cast<std::size_t>(record_size(parts.head.size(), parts.slot_bytes, parts.tags.size()));
  std::vector<std::byte> out;
  out.reserve(size);
  append(out, parts.frame());
  append(out, parts.head);
  const std::size_t slot = out.size();
  append(out, be32(static_cast<std::uint32_t>(parts.envelope.size())));
  append(out, parts.envelope);
  append(out, mac);
  out.resize(slot + 2 * std::size_t{parts.slot_bytes});
  append(out, parts.tags);
  out.resize(size);
  return out;
}

std::uint64_t covered_chunks(const Core& core, Coverage coverage) {
  std::uint64_t chunks = 0;
  for (const Parameter& p : core.params)
    if (coverage.covers(p.file)) chunks += core.chunks(p);
  return chunks;
}

}  // namespace nnlock::lock
