// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Reading a record. Section numbers are those of spec/record-v1.md.

#include "lock/record.hpp"

#include <algorithm>
#include <cstring>

#include "lock/cbor.hpp"
#include "lock/digest.hpp"
#include "lock/record_layout.hpp"

namespace nnlock::lock {
namespace {

constexpr std::string_view kMagic = "NNLOCKR1";
constexpr std::uint64_t kFrameBytes = 32;
constexpr std::uint64_t kMacBytes = 32;
constexpr std::uint64_t kMaxRestoredBytes = std::uint64_t{1} << 60;
constexpr std::size_t kMaxDepth = 6;  // arrays inside one another
constexpr std::uint64_t kMinSlot = 64, kMaxSlot = std::uint64_t{1} << 20;

Error bad(std::string message) {
  return Error{.code = ErrorCode::bad_record, .message = "the record is damaged: " + std::move(message)};
}

template <std::size_t N>
std::array<std::byte, N> fixed(std::span<const std::byte> view) {
  std::array<std::byte, N> out{};
  if (view.size() == N) std::copy(view.begin(), view.end(), out.begin());
  return out;
}

// Section 3.3: CRCs of zip entries, inside the file, sorted, disjoint.
void read_derived_fields(CborReader& in, FileEntry& file) {
  const std::uint64_t fields = in.array("derived fields");
  if (fields != 0 && file.format != Format::pytorch) in.unsupported("derived fields in this format");
  std::uint64_t end = 0;
  for (std::uint64_t i = 0; i < fields && !in.failed(); ++i) {
    in.array("derived field", 3);
    const std::uint64_t kind = in.integer("kind of a derived field");
    if (kind != 1 && kind != 2 && kind != 4) in.unsupported("derived fields of kind " + std::to_string(kind));
    const std::uint64_t offset = in.integer("offset of a derived field");
    const std::uint64_t length = in.integer("length of a derived field");
    if (in.failed()) return;
    if (length != kDerivedBytes || offset < end || offset > file.length || file.length - offset < length)
      return in.fail(ErrorCode::bad_record, "a derived field of the record is out of range or out of order");
    end = offset + length;
    file.derived.push_back({static_cast<std::uint8_t>(kind), offset});
  }
}

FileEntry read_file_entry(CborReader& in) {
  FileEntry file;
  in.array("file", 5);
  const std::uint64_t role = in.integer("file role");
  if (role > 2) in.unsupported("file role " + std::to_string(role));
  const std::uint64_t format = in.integer("file format");
  if (format > static_cast<std::uint64_t>(Format::executorch)) in.unsupported("model format " + std::to_string(format));
  file.length = in.integer("file length");
  if (!in.failed() && (file.length == 0 || file.length > kMaxRestoredBytes)) in.fail(ErrorCode::bad_record, "the record's file length is out of range");
  file.skeleton = fixed<32>(in.bytes("skeleton hash", 32));
  file.role = static_cast<Role>(role);
  file.format = static_cast<Format>(format);
  read_derived_fields(in, file);
  return file;
}

// Section 3.2: inside its file, sorted, disjoint.
void check_span(CborReader& in, const Core& core, const Parameter& p) {
  const bool in_file = p.file < core.files.size() && p.length >= 1 && p.length <= core.files[p.file].length &&
                       p.offset <= core.files[p.file].length - p.length;
  if (!in_file) return in.fail(ErrorCode::bad_record, "a parameter of the record lies outside its file");
  if (core.params.empty()) return;
  const Parameter& previous = core.params.back();
  if (p.file < previous.file || (p.file == previous.file && p.offset < previous.offset + previous.length))
    in.fail(ErrorCode::bad_record, "parameters of the record overlap or are out of order");
}

// A span is judged before its layout, whose last rule is about the length.
void read_parameter(CborReader& in, Core& core) {
  Parameter p;
  in.array("parameter", 4);
  const std::uint64_t file = in.integer("parameter file");
  p.offset = in.integer("parameter offset");
  p.length = in.integer("parameter length");
  p.file = static_cast<std::uint32_t>(std::min(file, kMaxSetFiles));  // too large a number stays one
  if (!in.failed()) check_span(in, core, p);
  if (!in.failed()) read_layout(in, core, p);
  core.params.push_back(p);
}

void read_parameters(CborReader& in, Core& core, std::uint64_t params) {
  core.params.reserve(static_cast<std::size_t>(params));
  for (std::uint64_t i = 0; i < params && !in.failed(); ++i) read_parameter(in, core);
  std::uint64_t chunks = 0;  // no overflow: parameters are disjoint and inside their files
  for (std::size_t i = 0; i < core.params.size() && !in.failed(); ++i) chunks += core.chunks(core.params[i]);
  if (chunks > kMaxChunks) in.fail(ErrorCode::bad_record, "the record has too many chunks");
}

// Derived fields follow from parameters, so none lies on one.
void check_derived_apart(CborReader& in, const Core& core) {
  for (std::uint32_t f = 0; f < core.files.size(); ++f) {
    const auto& derived = core.files[f].derived;
    if (derived.empty()) continue;
    auto p = std::lower_bound(core.params.begin(), core.params.end(), f, [](const Parameter& a, std::uint32_t file) { return a.file < file; });
    for (const DerivedEntry& d : derived) {
      while (p != core.params.end() && p->file == f && p->offset + p->length <= d.offset) ++p;
      if (p != core.params.end() && p->file == f && p->offset < d.offset + kDerivedBytes)
        return in.fail(ErrorCode::bad_record, "a derived field of the record lies on a parameter");
    }
  }
}

// Each item takes a least number of bytes, so a count that the rest of the input cannot hold is refused before allocating.
std::uint64_t count(CborReader& in, const char* what, std::uint64_t most, std::uint64_t least_bytes) {
  const std::uint64_t n = in.array(what);
  if (!in.failed() && (n == 0 || n > most || n > in.remaining() / least_bytes))
    in.fail(ErrorCode::bad_record, std::string("the record's number of ") + what + " is out of range");
  return in.failed() ? 0 : n;
}

void read_identity(CborReader& in, Core& core) {
  const std::uint64_t version = in.integer("version");
  if (!in.failed() && version != 1) in.unsupported("version " + std::to_string(version));
  const std::uint64_t suite = in.integer("suite");
  if (!in.failed() && suite != 1 && suite != 2) in.unsupported("suite " + std::to_string(suite));
  core.suite = suite == 2 ? Suite::chacha20 : Suite::aes256;
  core.lock_id = fixed<16>(in.bytes("lock id", 16));
  core.key_check = fixed<8>(in.bytes("key check", 8));
  const std::uint64_t chunk_log2 = in.integer("chunk size");
  if (!in.failed() && (chunk_log2 < 16 || chunk_log2 > 24)) in.fail(ErrorCode::bad_record, "the record's chunk size is out of range");
  core.chunk_log2 = static_cast<std::uint8_t>(chunk_log2 & 31);
  if (in.integer("flags") != 0) in.unsupported("policy flags");
}

void read_demands(CborReader& in, Core& core) {
  if (in.peek() == CborReader::Kind::null) {
    in.null("family");
  } else {
    in.array("family", 2);
    Family family{.id = fixed<16>(in.bytes("family id", 16))};
    family.version = in.integer("family version");
    core.family = family;
  }
  const auto null_or_key = [&in](const char* what) {
    if (in.peek() == CborReader::Kind::null) return in.null(what), false;
    return in.bytes(what, 32).size() == 32;
  };
  if (null_or_key("publisher")) in.unsupported("a publisher's signature");
  if (null_or_key("licence")) in.fail(ErrorCode::licence, "the record demands a licence, which this version cannot check");
}

Result<Core> read_core(std::span<const std::byte> bytes) {
  if (!well_formed(bytes, kMaxDepth)) return bad("its core is not canonical");
  CborReader in(bytes);
  Core core;
  in.array("core", 11);
  read_identity(in, core);
  read_demands(in, core);
  const std::uint64_t files = count(in, "files", kMaxSetFiles, 39);
  core.files.reserve(static_cast<std::size_t>(files));
  for (std::uint64_t i = 0; i < files && !in.failed(); ++i) core.files.push_back(read_file_entry(in));
  const std::uint64_t params = count(in, "parameters", kMaxParams, 5);
  read_parameters(in, core, params);
  if (!in.failed()) check_derived_apart(in, core);
  in.end("core");
  if (in.failed()) return in.error();
  return core;
}

Result<void> read_head(std::span<const std::byte> bytes, Record& record) {
  if (!well_formed(bytes, kMaxDepth)) return bad("its head is not canonical");
  CborReader in(bytes);
  in.array("head", 3);
  const auto core_bytes = in.bytes("core");
  record.digests = in.bytes("digests");
  const bool is_signed = !in.failed() && in.peek() != CborReader::Kind::null;
  if (is_signed && in.peek() != CborReader::Kind::none) in.unsupported("a publisher's signature");
  in.null("signature");
  in.end("head");
  if (in.failed()) return in.error();
  auto core = read_core(core_bytes);
  if (!core) return core.error();
  if (record.digests.size() != 32 * core->params.size()) return bad("the digests have the wrong length");
  record.core = *std::move(core);
  record.core_hash = sha256(core_bytes);
  return {};
}

Result<Envelope> read_envelope(std::span<const std::byte> bytes) {
  if (!well_formed(bytes, kMaxDepth)) return bad("its envelope is not canonical");
  CborReader in(bytes);
  Envelope envelope;
  in.array("envelope", 3);
  const std::uint64_t derived = in.integer("envelope");
  if (derived > 1) in.fail(ErrorCode::bad_record, "the record's envelope is damaged");
  if (in.peek() == CborReader::Kind::null) in.null("hint");
  else envelope.hint = fixed<8>(in.bytes("hint", 8));
  const std::uint64_t stanzas = in.array("recipients");
  if (!in.failed() && stanzas != 0) in.unsupported("recipients");
  if (!in.failed() && derived == 0) in.fail(ErrorCode::bad_record, "the record names no recipient");
  in.end("envelope");
  if (in.failed()) return in.error();
  return envelope;
}

bool all_zero(std::span<const std::byte> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

// Section 5: exactly one slot is in use.
Result<void> read_slots(std::span<const std::byte> slots, Record& record) {
  const std::size_t size = record.slot_bytes;
  const bool empty0 = all_zero(slots.first(size)), empty1 = all_zero(slots.subspan(size));
  if (empty0 && empty1) return bad("it has no envelope");
  if (!empty0 && !empty1)
    return Error{.code = ErrorCode::bad_record,
                 .message = "the record has two envelopes: a rewrap was interrupted or the file was damaged",
                 .hint = "get the file again from where it was published"};
  record.active_slot = empty0 ? 1 : 0;
  const auto slot = empty0 ? slots.subspan(size) : slots.first(size);
  const std::uint64_t length = read_be(slot.first(4));
  if (length == 0 || length > size - 4 - kMacBytes) return bad("the envelope has the wrong length");
  record.envelope_bytes = slot.subspan(4, static_cast<std::size_t>(length));
  record.mac = fixed<32>(slot.subspan(4 + static_cast<std::size_t>(length), kMacBytes));
  if (!all_zero(slot.subspan(4 + static_cast<std::size_t>(length) + kMacBytes))) return bad("bytes follow the envelope");
  auto envelope = read_envelope(record.envelope_bytes);
  if (!envelope) return envelope.error();
  record.envelope = *envelope;
  return {};
}

Result<void> check_magic(std::span<const std::byte> bytes) {
  if (bytes.size() < kFrameBytes || std::memcmp(bytes.data(), kMagic.data(), 7) != 0) return bad("it does not begin like one");
  if (std::to_integer<char>(bytes[7]) != kMagic[7])
    return Error{.code = ErrorCode::unsupported, .message = "the record's version is not known to this version of nnlock"};
  return {};
}

}  // namespace

Result<void> check_frame(std::span<const std::byte> frame, std::uint64_t size) {
  if (auto magic = check_magic(frame); !magic) return magic;
  const std::uint64_t head_bytes = read_be(frame.subspan(16, 4));
  const std::uint64_t slot_bytes = read_be(frame.subspan(20, 4));
  const std::uint64_t tag_bytes = read_be(frame.subspan(24, 8));
  if (slot_bytes < kMinSlot || slot_bytes > kMaxSlot) return bad("its slot length is out of range");
  if (size > kMaxSidecar || tag_bytes > size || record_size(head_bytes, slot_bytes, tag_bytes) != size)
    return bad("its length is not what its fields say");
  return {};
}

Result<Record> parse_record(std::span<const std::byte> bytes) {
  if (auto framed = check_frame(bytes, bytes.size()); !framed) return framed.error();
  Record record;
  record.frame = bytes.first(kFrameBytes);
  record.coverage = {static_cast<std::uint32_t>(read_be(bytes.subspan(8, 4))), static_cast<std::uint32_t>(read_be(bytes.subspan(12, 4)))};
  const std::uint64_t head_bytes = read_be(bytes.subspan(16, 4));
  const std::uint64_t slot_bytes = read_be(bytes.subspan(20, 4));
  const std::uint64_t tag_bytes = read_be(bytes.subspan(24, 8));
  record.slot_bytes = static_cast<std::uint32_t>(slot_bytes);
  record.head = bytes.subspan(kFrameBytes, static_cast<std::size_t>(head_bytes));
  const auto after_head = bytes.subspan(kFrameBytes + static_cast<std::size_t>(head_bytes));
  record.tags = after_head.subspan(2 * static_cast<std::size_t>(slot_bytes), static_cast<std::size_t>(tag_bytes));
  if (!all_zero(after_head.subspan(static_cast<std::size_t>(2 * slot_bytes + tag_bytes)))) return bad("bytes follow its tags");
  if (auto head = read_head(record.head, record); !head) return head.error();
  const Coverage c = record.coverage;
  if (c.count == 0 || c.first >= record.core.files.size() || c.count > record.core.files.size() - c.first)
    return bad("it covers files that are not there");
  if (tag_bytes % 16 != 0 || tag_bytes / 16 != covered_chunks(record.core, c)) return bad("its number of tags is wrong");
  if (auto slots = read_slots(after_head.first(2 * static_cast<std::size_t>(slot_bytes)), record); !slots) return slots.error();
  return record;
}

}  // namespace nnlock::lock
