// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The PyTorch codec: what torch.save() and torch.jit.save() have written since PyTorch 1.6, a zip archive whose stored entries are the
// storages (pytorch: caffe2/serialize/inline_container.h). No pickle is run: formats/pytorch_pickle.hpp.

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "formats/codec.hpp"
#include "formats/pytorch_archive.hpp"
#include "formats/pytorch_record.hpp"

namespace nnlock::formats {
namespace pytorch {
namespace {

constexpr std::string_view kZip = "PK\x03\x04";

// Opcode LONG1, 10 bytes, and the magic number of the format before 1.6 (pytorch: torch/serialization.py, MAGIC_NUMBER).
constexpr std::string_view kLegacyMagic = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
constexpr std::size_t kMagicAtMost = 16;  // bytes before it: protocol and frame

std::string_view text_of(std::span<const std::byte> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// The tar archives of PyTorch 0.1 start with these entries (pytorch: torch/serialization.py, _legacy_load).
bool is_old_tar(std::string_view head) {
  constexpr std::array<std::string_view, 4> names = {"sys_info", "pickle", "storages", "tensors"};
  if (head.size() < 512 || head.substr(257, 5) != "ustar") return false;
  const auto name = head.substr(0, head.find('\0'));
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_legacy(std::string_view head) {
  return is_old_tar(head) || (head.starts_with('\x80') && head.substr(0, kMagicAtMost + kLegacyMagic.size()).find(kLegacyMagic) != std::string_view::npos);
}

struct Archive {
  zip::Ends ends;
  std::vector<zip::Entry> entries;
  std::string folder;
  Budget budget;  // what is left
};

Result<void> refuse_legacy(const ByteSource& source) {
  std::array<std::byte, 512> head{};
  const auto readable = std::span(head).first(static_cast<std::size_t>(std::min<std::uint64_t>(source.size(), head.size())));
  if (auto read = source.read(0, readable); !read) return read;
  if (text_of(readable).starts_with(kZip)) return {};
  if (is_legacy(text_of(readable)))
    return Error{.code = ErrorCode::unsupported,
                 .message = "the model was saved in the format of PyTorch before 1.6, which is no zip archive",
                 .hint = "load it and torch.save() it anew",
                 .offset = 0};
  return Error{.code = ErrorCode::bad_model, .message = "not a PyTorch archive: it does not start with a zip entry", .offset = 0};
}

Result<Archive> read_archive(const ByteSource& source) {
  if (auto checked = refuse_legacy(source); !checked) return checked.error();
  auto ends = zip::Ends::read(source);
  if (!ends) return ends.error();
  Budget budget(source.size());
  auto entries = zip::read_directory(source, *ends, budget);
  if (!entries) return entries.error();
  auto folder = folder_of(*entries);
  if (!folder) return folder.error();
  return Archive{*std::move(ends), *std::move(entries), *std::move(folder), budget};
}

Result<Archive> read_restored(const ByteSource& source) {
  auto archive = read_archive(source);
  if (!archive) return archive;
  for (const zip::Entry& entry : archive->entries)
    if (is_record(entry.name, archive->folder))
      return Error{.code = ErrorCode::already_locked, .message = "the archive holds an nnlock record", .offset = entry.central};
  return archive;
}

class Pytorch final : public Codec {
 public:
  Format format() const override { return Format::pytorch; }

  bool recognises(std::span<const std::byte> head, std::uint64_t) const override {
    return text_of(head).starts_with(kZip) || is_legacy(text_of(head));
  }

  // The directory is at the end, and pickles stand anywhere.
  Result<std::uint64_t> structure_extent(const ByteSource& source) const override {
    if (auto checked = refuse_legacy(source); !checked) return checked.error();
    return source.size();
  }

  Result<std::optional<Embedded>> find_record(const ByteSource& source) const override {
    const auto archive = read_archive(source);
    if (!archive) return archive.error();
    return strip_record(source, archive->ends, archive->entries, archive->folder);
  }

  Result<Structure> parse(std::span<const std::byte> image) const override {
    const MemorySource source(image);
    auto archive = read_restored(source);
    if (!archive) return archive.error();
    if (auto located = zip::locate_data(source, archive->ends, archive->entries); !located) return located.error();
    return find_storages(image, archive->entries, archive->folder, archive->budget);
  }

  Result<std::vector<Edit>> embed(std::span<const std::byte> image, std::span<const std::byte> record) const override {
    const auto archive = read_restored(MemorySource(image));
    if (!archive) return archive.error();
    return insert_record(archive->ends, archive->folder, record);
  }

  std::uint64_t record_limit() const override { return kRecordLimit; }

  FormatFacts facts() const override {
    return {.format = Format::pytorch,
            .title = "PyTorch: torch.save() and TorchScript",
            .files = "*.pth, *.pt",
            .locked = "storages of floats, complex numbers, quantised numbers and integers of 8, 16 and 32 bits",
            .readable = "names, shapes and dtypes; code; 64-bit integers and booleans; scales and indices that loading reads; values inside pickles",
            .record = "stored entry extra/nnlock of the archive",
            .limits = "files from before PyTorch 1.6 and deflated storages: load them and torch.save() them anew"};
  }
};

}  // namespace
}  // namespace pytorch

const Codec& pytorch_codec() {
  static const pytorch::Pytorch codec;
  return codec;
}

}  // namespace nnlock::formats
