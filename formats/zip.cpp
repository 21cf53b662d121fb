// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "formats/zip.hpp"

#include <zlib.h>

#include <algorithm>
#include <numeric>

namespace nnlock::formats::zip {
namespace {

// Data descriptor, deflate levels, UTF-8 names (APPNOTE 4.4.4). Encryption, patches and masked headers are not among them.
constexpr std::uint16_t kKnownFlags = 0x0008 | 0x0006 | 0x0800;
constexpr std::uint16_t kZip64Extra = 0x0001, kUnicodePathExtra = 0x7075;
constexpr std::uint64_t kUnitsOfEntry = 4;    // of a Budget: about 300 bytes
constexpr std::uint64_t kMostExpansion = 1032;  // deflate's limit, zlib FAQ 31 and its technical notes

Error broken(std::string message, std::uint64_t offset, std::string name = {}) {
  return Error{.code = ErrorCode::bad_model, .message = std::move(message), .tensor = std::move(name), .offset = offset};
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Part of a path, ending in '/' or not; no part may be empty, "." or "..".
bool is_entry_name(std::string_view name) {
  if (name.empty() || name.size() > kLongestName) return false;
  const auto odd = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f' || c == '\\'; };
  if (std::any_of(name.begin(), name.end(), odd)) return false;
  for (std::size_t start = 0; start < name.size();) {
    const std::size_t end = std::min(name.find('/', start), name.size());
    const auto part = name.substr(start, end - start);
    if (part.empty() || part == "." || part == "..") return false;
    start = end + 1;
  }
  return true;
}

// The zip64 field among extra fields (APPNOTE 4.5), empty if there is none.
Result<std::span<const std::byte>> zip64_extra(std::span<const std::byte> extra, std::uint64_t offset, const std::string& name) {
  std::span<const std::byte> found;
  bool any = false;
  for (std::size_t at = 0; at < extra.size();) {
    if (extra.size() - at < 4) return broken("an extra field of the zip entry is cut short", offset + at, name);
    const auto id = read_le<std::uint16_t>(extra, at);
    const std::size_t length = read_le<std::uint16_t>(extra, at + 2);
    if (length > extra.size() - at - 4) return broken("an extra field of the zip entry is cut short", offset + at, name);
    if (id == kUnicodePathExtra) return broken("the zip entry has a second name", offset + at, name);
    if (id == kZip64Extra && std::exchange(any, true)) return broken("the zip entry has two zip64 fields", offset + at, name);
    if (id == kZip64Extra) found = extra.subspan(at + 4, length);
    at += 4 + length;
  }
  return found;
}

// Replaces those values that say "see zip64" by the field's numbers, in the field's order; it must hold exactly those.
bool widen(std::span<const std::byte> field, std::initializer_list<std::uint64_t*> values) {
  std::size_t at = 0;
  for (std::uint64_t* value : values) {
    if (*value != kNot32) continue;
    if (field.size() - at < 8) return false;
    *value = read_le<std::uint64_t>(field, at);
    at += 8;
  }
  return at == field.size() || at == 0;
}

Result<Entry> read_central(std::span<const std::byte> directory, std::size_t at, std::uint64_t base, std::size_t& next) {
  const std::uint64_t offset = base + at;
  if (directory.size() - at < kCentralHeader || read_le<std::uint32_t>(directory, at) != kCentralSignature)
    return broken("the central directory is damaged", offset);
  const auto header = directory.subspan(at);
  const std::size_t name = read_le<std::uint16_t>(header, 28), extra = read_le<std::uint16_t>(header, 30);
  const std::size_t comment = read_le<std::uint16_t>(header, 32);
  if (name + extra + comment > header.size() - kCentralHeader) return broken("the central directory is cut short", offset);
  next = at + kCentralHeader + name + extra + comment;
  Entry entry{.name = std::string(reinterpret_cast<const char*>(header.data()) + kCentralHeader, name),
              .flags = read_le<std::uint16_t>(header, 8),
              .method = read_le<std::uint16_t>(header, 10),
              .packed = read_le<std::uint32_t>(header, 20),
              .size = read_le<std::uint32_t>(header, 24),
              .header = read_le<std::uint32_t>(header, 42),
              .central = offset};
  if (!is_entry_name(entry.name)) return broken("a zip entry has a name that is not taken", offset + kCentralHeader);
  const auto zip64 = zip64_extra(header.subspan(kCentralHeader + name, extra), offset + kCentralHeader + name, entry.name);
  if (!zip64) return zip64.error();
  if (!widen(*zip64, {&entry.size, &entry.packed, &entry.header})) return broken("the zip64 field of the entry does not fit it", offset, entry.name);
  if ((entry.flags & ~kKnownFlags) != 0)
    return broken((entry.flags & 1) != 0 ? "the zip entry is encrypted" : "the zip entry has flags that are not known", offset + 8, entry.name);
  if (entry.method != kStored && entry.method != kDeflated) return broken("the zip entry is packed by a method that is not known", offset + 10, entry.name);
  if (entry.method == kStored && entry.packed != entry.size) return broken("the zip entry is stored, but has two sizes", offset + 20, entry.name);
  if (read_le<std::uint16_t>(header, 34) != 0) return broken("the zip archive is split over several files", offset + 34, entry.name);
  return entry;
}

Result<void> refuse_doubles(const std::vector<Entry>& entries) {
  std::vector<std::uint32_t> order(entries.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return less_without_case(entries[a].name, entries[b].name); });
  for (std::size_t i = 1; i < order.size(); ++i) {
    const Entry &a = entries[order[i - 1]], &b = entries[order[i]];
    if (same_without_case(a.name, b.name)) return broken("two zip entries have the same name", std::max(a.central, b.central), a.name);
  }
  return {};
}

// Finds the data of an entry that must end before `limit`.
Result<void> locate(const ByteSource& source, Entry& entry, std::uint64_t limit) {
  const auto refuse = [&](const char* message, std::uint64_t at) { return broken(message, entry.header + at, entry.name); };
  if (limit - entry.header < kLocalHeader + entry.name.size()) return refuse("the zip entry overlaps the next one", 0);
  std::vector<std::byte> header(kLocalHeader + entry.name.size());
  if (auto read = source.read(entry.header, header); !read) return read.error();
  if (read_le<std::uint32_t>(header, 0) != kLocalSignature) return refuse("the zip entry has no local header", 0);
  if (read_le<std::uint16_t>(header, 6) != entry.flags || read_le<std::uint16_t>(header, 8) != entry.method)
    return refuse("local header and central directory do not say the same", 6);
  if (read_le<std::uint16_t>(header, 26) != entry.name.size() ||
      !std::equal(entry.name.begin(), entry.name.end(), header.begin() + kLocalHeader, [](char c, std::byte b) { return static_cast<std::byte>(c) == b; }))
    return refuse("local header and central directory give the entry two names", 26);
  std::vector<std::byte> extra(read_le<std::uint16_t>(header, 28));
  entry.data = entry.header + header.size() + extra.size();
  if (entry.data > limit || entry.packed > limit - entry.data) return refuse("the zip entry overlaps the next one", 0);
  if (auto read = source.read(entry.header + header.size(), extra); !read) return read.error();
  const auto zip64 = zip64_extra(extra, entry.header + header.size(), entry.name);
  if (!zip64) return zip64.error();
  std::uint64_t packed = read_le<std::uint32_t>(header, 18), size = read_le<std::uint32_t>(header, 22);
  if (entry.described() ? packed != 0 || size != 0 || read_le<std::uint32_t>(header, 14) != 0
                        : !widen(*zip64, {&size, &packed}) || packed != entry.packed || size != entry.size)
    return refuse("local header and central directory give the entry two sizes", 18);
  return {};
}

// Sizes and CRC behind the data (APPNOTE 4.3.9), with signature; its form follows from the room it has.
Result<void> check_descriptor(const ByteSource& source, const Entry& entry, std::uint64_t limit) {
  const auto refuse = [&](const char* message) { return broken(message, entry.end(), entry.name); };
  const std::uint64_t room = limit - entry.end();
  if (!entry.described()) {
    if (room != 0) return refuse("bytes follow the zip entry that belong to no entry");
    return {};
  }
  if (room != 16 && room != 24) return refuse("the data descriptor of the zip entry does not fill the bytes up to the next entry");
  std::vector<std::byte> bytes(static_cast<std::size_t>(room));
  if (auto read = source.read(entry.end(), bytes); !read) return read.error();
  const bool wide = room == 24;
  const std::uint64_t packed = wide ? read_le<std::uint64_t>(bytes, 8) : read_le<std::uint32_t>(bytes, 8);
  const std::uint64_t size = wide ? read_le<std::uint64_t>(bytes, 16) : read_le<std::uint32_t>(bytes, 12);
  if (read_le<std::uint32_t>(bytes, 0) != kDescriptorSignature || packed != entry.packed || size != entry.size)
    return refuse("the data descriptor does not fit the zip entry");
  return {};
}

// True when the deflated bytes fill `out` exactly, and nothing is left of either. zlib counts with 32 bits, so both must be shorter.
bool inflate_all(std::span<const std::byte> packed, std::vector<std::byte>& out) {
  z_stream stream{};
  if (packed.size() > kNot32 || out.size() > kNot32 || ::inflateInit2(&stream, -MAX_WBITS) != Z_OK) return false;
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(packed.data()));  // zlib does not write there
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int status = ::inflate(&stream, Z_FINISH);
  ::inflateEnd(&stream);
  return status == Z_STREAM_END && stream.avail_in == 0 && stream.avail_out == 0;
}

}  // namespace

bool less_without_case(std::string_view a, std::string_view b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) < lower(y); });
}

Result<std::vector<Entry>> read_directory(const ByteSource& source, const Ends& ends, Budget& budget) {
  if (!budget.take(kUnitsOfEntry * ends.entries)) return Budget::exceeded("zip entries", ends.directory);
  std::vector<std::byte> directory(static_cast<std::size_t>(ends.directory_length));
  if (auto read = source.read(ends.directory, directory); !read) return read.error();
  std::vector<Entry> entries;
  entries.reserve(static_cast<std::size_t>(ends.entries));
  std::size_t at = 0;
  for (std::uint64_t i = 0; i < ends.entries; ++i) {
    auto entry = read_central(directory, at, ends.directory, at);
    if (!entry) return entry.error();
    if (entry->header >= ends.directory) return broken("the zip entry lies behind the central directory", entry->central + 42, entry->name);
    if (!budget.take(entry->name.size() / Budget::kNameBytes)) return Budget::exceeded("zip entries", entry->central);
    entries.push_back(*std::move(entry));
  }
  if (at != directory.size()) return broken("the central directory is longer than its entries", ends.directory + at);
  if (auto checked = refuse_doubles(entries); !checked) return checked.error();
  return entries;
}

Result<void> locate_data(const ByteSource& source, const Ends& ends, std::vector<Entry>& entries) {
  std::vector<std::uint32_t> order(entries.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return entries[a].header < entries[b].header; });
  if (order.empty() ? ends.directory != 0 : entries[order[0]].header != 0) return broken("bytes stand in front of the zip archive", 0);
  for (std::size_t i = 0; i < order.size(); ++i) {
    Entry& entry = entries[order[i]];
    const std::uint64_t limit = i + 1 < order.size() ? entries[order[i + 1]].header : ends.directory;
    if (auto located = locate(source, entry, limit); !located) return located;
    if (auto checked = check_descriptor(source, entry, limit); !checked) return checked;
  }
  return {};
}

Result<std::span<const std::byte>> unpack(std::span<const std::byte> image, const Entry& entry, std::uint64_t most, std::vector<std::byte>& buffer) {
  const auto packed = image.subspan(static_cast<std::size_t>(entry.data), static_cast<std::size_t>(entry.packed));
  if (entry.method == kStored) return packed;
  if (entry.size > most)
    return Error{.code = ErrorCode::unsupported,
                 .message = "the deflated zip entry is too large",
                 .hint = "load the model and torch.save() it anew",
                 .tensor = entry.name,
                 .offset = entry.data};
  if (entry.size / kMostExpansion > entry.packed) return broken("the deflated zip entry cannot have the size that it states", entry.data, entry.name);
  buffer.resize(static_cast<std::size_t>(entry.size));
  if (!inflate_all(packed, buffer)) return broken("the deflated zip entry is damaged, or its size is wrong", entry.data, entry.name);
  return std::span<const std::byte>(buffer);
}

}  // namespace nnlock::formats::zip
