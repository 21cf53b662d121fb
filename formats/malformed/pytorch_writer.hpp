// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Writes small PyTorch archives for tests, right ones and wrong ones: the zip as torch.save() or as Python's zipfile writes it, and the
// pickles in it.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "formats/codec_testing.hpp"

namespace nnlock::formats::malformed {

inline std::string little(std::uint64_t value, std::size_t width) {
  std::string text;
  for (std::size_t i = 0; i < width; ++i) text += i < 8 ? static_cast<char>((value >> (8 * i)) & 0xff) : static_cast<char>(0);
  return text;
}

inline std::string deflated(const std::string& text) {
  std::string packed(text.size() + 100 + text.size() / 1000, '\0');
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

struct ZipEntry {
  std::string name;
  std::string data;              // unpacked
  bool deflate = false;
  std::string local_extra = {};  // before the padding
  std::string central_extra = {};
};

// torch: sizes behind the data, data at multiples of 64, zip64 end records. plain: as other programs write small archives.
enum class ZipStyle : std::uint8_t { torch, plain };

// A finished archive, and where its records stand.
struct ZipText {
  std::string bytes;
  std::vector<std::size_t> local, data, descriptor, central;  // of each entry; descriptor: the end of the data
  std::size_t directory = 0, end64 = 0, locator = 0, end = 0;

  void poke(std::size_t at, std::uint64_t value, std::size_t width) { bytes.replace(at, width, little(value, width)); }
};

class ZipWriter {
 public:
  explicit ZipWriter(ZipStyle style) : torch_(style == ZipStyle::torch) {}

  ZipText write(const std::vector<ZipEntry>& entries) {
    for (const ZipEntry& entry : entries) add(entry);
    out_.directory = out_.bytes.size();
    out_.bytes += directory_;
    for (std::size_t& at : out_.central) at += out_.directory;
    end(entries.size());
    return std::move(out_);
  }

 private:
  // From the flags to the length of the name, as in both headers.
  static std::string common(unsigned flags, unsigned method, std::uint64_t crc, std::uint64_t packed, std::uint64_t size, std::size_t name) {
    return little(flags, 2) + little(method, 2) + little(0, 4) + little(crc, 4) + little(packed, 4) + little(size, 4) + little(name, 2);
  }

  void add(const ZipEntry& entry) {
    const std::string data = entry.deflate ? deflated(entry.data) : entry.data;
    const bool described = torch_ && !entry.data.empty();
    const unsigned flags = torch_ ? described ? 0x808 : 0x800 : 0, method = entry.deflate ? 8 : 0;
    const auto crc = crc32(0, reinterpret_cast<const Bytef*>(entry.data.data()), static_cast<uInt>(entry.data.size()));
    std::string extra = entry.local_extra;
    const std::size_t start = out_.bytes.size(), before = start + 30 + entry.name.size() + extra.size();
    if (torch_) extra += "FB" + little(63 - (before + 3) % 64, 2) + std::string(63 - (before + 3) % 64, 'Z');
    out_.local.push_back(start);
    out_.bytes += "PK\3\4" + little(torch_ ? 0 : 20, 2) +
                  (described ? common(flags, method, 0, 0, 0, entry.name.size()) : common(flags, method, crc, data.size(), entry.data.size(), entry.name.size())) +
                  little(extra.size(), 2) + entry.name + extra;
    out_.data.push_back(out_.bytes.size());
    out_.bytes += data;
    out_.descriptor.push_back(out_.bytes.size());
    if (described) out_.bytes += "PK\7\10" + little(crc, 4) + little(data.size(), 4) + little(entry.data.size(), 4);
    out_.central.push_back(directory_.size());
    directory_ += "PK\1\2" + little(0, 2) + little(torch_ ? 0 : 20, 2) + common(flags, method, crc, data.size(), entry.data.size(), entry.name.size()) +
                  little(entry.central_extra.size(), 2) + little(0, 10) + little(start, 4) + entry.name + entry.central_extra;
  }

  void end(std::size_t count) {
    out_.end64 = out_.bytes.size();
    if (torch_)
      out_.bytes += "PK\6\6" + little(44, 8) + little(0x031e, 2) + little(45, 2) + little(0, 8) + little(count, 8) + little(count, 8) +
                    little(directory_.size(), 8) + little(out_.directory, 8);
    out_.locator = out_.bytes.size();
    if (torch_) out_.bytes += "PK\6\7" + little(0, 4) + little(out_.end64, 8) + little(1, 4);
    out_.end = out_.bytes.size();
    out_.bytes += "PK\5\6" + little(0, 4) + little(count, 2) + little(count, 2) + little(directory_.size(), 4) + little(out_.directory, 4) + little(0, 2);
  }

  bool torch_;
  ZipText out_;
  std::string directory_;
};

inline ZipText zip_text(const std::vector<ZipEntry>& entries, ZipStyle style = ZipStyle::torch) { return ZipWriter(style).write(entries); }

// Pieces of pickles, protocol 2.
inline std::string unicode(std::string_view text) { return "X" + little(text.size(), 4) + std::string(text); }
inline std::string integer(std::uint64_t value) { return "J" + little(value, 4); }
inline std::string class_of(std::string_view module, std::string_view name) { return "c" + std::string(module) + "\n" + std::string(name) + "\n"; }
inline std::string ordered_dict() { return class_of("collections", "OrderedDict") + ")R"; }
inline std::string sizes(const std::vector<std::uint64_t>& values) {
  std::string text = "(";
  for (const auto value : values) text += integer(value);
  return text + "t";
}

inline std::string storage(std::string_view type, std::string_view key, std::uint64_t elements) {
  return "(" + unicode("storage") + class_of("torch", type) + unicode(key) + unicode("cpu") + integer(elements) + "tQ";
}

struct PickledTensor {
  std::string type = "FloatStorage", key = "0";
  std::uint64_t elements = 0;
  std::vector<std::uint64_t> shape = {}, strides = {};
  std::uint64_t offset = 0;
};

inline std::string tensor(const PickledTensor& t) {
  return class_of("torch._utils", "_rebuild_tensor_v2") + "(" + storage(t.type, t.key, t.elements) + integer(t.offset) + sizes(t.shape) +
         sizes(t.strides) + "\x89" + ordered_dict() + "tR";
}

inline std::string whole_pickle(const std::string& object) { return "\x80\x02" + object + "."; }

// Two parameters, a counter, a mask and an empty tensor. Cases change one thing of it; torch.load() reads it as it is.
inline std::string good_state() {
  return ordered_dict() + "(" + unicode("net.weight") + tensor({"FloatStorage", "0", 6, {2, 3}, {3, 1}}) + unicode("net.bias") +
         tensor({"BFloat16Storage", "1", 3, {3}, {1}}) + unicode("steps") + tensor({"LongStorage", "2", 1, {}, {}}) + unicode("mask") +
         tensor({"BoolStorage", "3", 3, {3}, {1}}) + unicode("none") + tensor({"FloatStorage", "4", 0, {0}, {1}}) + "u";
}

inline std::string counting(std::size_t size, unsigned first) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text += static_cast<char>((i * 37 + first) & 0xff);
  return text;
}

inline std::vector<ZipEntry> good_entries() {
  return {{"model/data.pkl", whole_pickle(good_state())},
          {"model/code/__torch__.py", std::string(200, 'x') + "\n", true},
          {"model/data/0", counting(24, 1)},
          {"model/data/1", counting(6, 2)},
          {"model/data/2", std::string(8, '\1')},
          {"model/data/3", std::string("\1\0\1", 3)},
          {"model/data/4", ""},
          {"model/byteorder", "little"},
          {"model/version", "3\n"}};
}

// As TorchScript has it: a tensor that code uses.
inline std::vector<ZipEntry> entries_with_constants() {
  auto entries = good_entries();
  entries.push_back({"model/constants.pkl", whole_pickle(tensor({"FloatStorage", "0", 2, {2}, {1}}) + "\x85")});
  entries.push_back({"model/constants/0", counting(8, 3)});
  return entries;
}

// The good entries with one of them changed: another name, or other data.
inline std::vector<ZipEntry> with_entry(std::string_view name, const ZipEntry& other) {
  auto entries = good_entries();
  for (ZipEntry& entry : entries)
    if (entry.name == name) entry = other;
  return entries;
}

inline std::vector<ZipEntry> with_state(const std::string& object) {
  return with_entry("model/data.pkl", {"model/data.pkl", whole_pickle(object)});
}

inline std::vector<ZipEntry> and_entry(const ZipEntry& more) {
  auto entries = good_entries();
  entries.push_back(more);
  return entries;
}

inline Bytes pytorch_file(const ZipText& text) {
  const auto bytes = bytes_of(text.bytes);
  return {bytes.begin(), bytes.end()};
}

}  // namespace nnlock::formats::malformed
