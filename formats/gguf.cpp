// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The GGUF codec. Head, then the tensors' bytes, each aligned. Readers ignore what follows, and that is where the record goes: key-values
// would shift the tensors, and with them every offset that other tools have noted (spec/record-v1.md section 6.5).

#include <algorithm>
#include <cstring>
#include <string>
#include <tuple>

#include "formats/budget.hpp"
#include "formats/codec.hpp"
#include "formats/gguf_head.hpp"
#include "formats/gguf_split.hpp"
#include "formats/tail_record.hpp"

namespace nnlock::formats {
namespace gguf {
namespace {

constexpr TailRecord kTail("NNLOCKG1");
constexpr const char* kCounter = "64-bit integers are counters or indices";

// What the key-values say of splitting.
class SplitVisitor : public Visitor {
 public:
  Result<void> key_value(const KeyValue& found) override {
    if (found.key == "split.no") return note(no_, found);
    if (found.key == "split.count") return note(count_, found);
    return {};
  }

  Result<std::optional<Split>> split() const {
    if (count_.value <= 1 && no_.value == 0) return std::optional<Split>();
    if (no_.value >= count_.value)
      return bad_head("the file is part " + std::to_string(no_.value + 1) + " of " + std::to_string(count_.value), no_.at);
    return std::optional(Split{.no = static_cast<std::uint16_t>(no_.value), .count = static_cast<std::uint16_t>(count_.value)});
  }

 private:
  struct Number {
    std::uint64_t value = 0, at = 0;
    bool given = false;
  };
  static Result<void> note(Number& number, const KeyValue& found) {
    if (found.type != ValueType::u16) return bad_head(std::string(found.key) + " is no UINT16", found.value_at - 4);
    if (number.given) return bad_head(std::string(found.key) + " stands twice", found.at);
    number = {.value = found.scalar, .at = found.value_at, .given = true};
    return {};
  }
  Number no_, count_;
};

// Names that must not stand twice, as views of the file.
class Names {
 public:
  explicit Names(std::span<const std::byte> image) : image_(image) {}

  void add(std::uint64_t at, std::uint64_t length) {
    names_.push_back({{reinterpret_cast<const char*>(image_.data()) + at, static_cast<std::size_t>(length)}, at});
  }

  // The second of two equal ones that stands first in the file; nullopt if there is none. Sorted, not hashed: files choose the names.
  std::optional<std::pair<std::string_view, std::uint64_t>> find_double() {
    std::sort(names_.begin(), names_.end());
    std::optional<std::pair<std::string_view, std::uint64_t>> first;
    for (std::size_t i = 1; i < names_.size(); ++i)
      if (names_[i].first == names_[i - 1].first && (!first || names_[i].second < first->second)) first = names_[i];
    return first;
  }

 private:
  std::span<const std::byte> image_;
  std::vector<std::pair<std::string_view, std::uint64_t>> names_;
};

class StructureVisitor final : public SplitVisitor {
 public:
  explicit StructureVisitor(std::span<const std::byte> image) : budget_(image.size()), keys_(image), names_(image) {}

  Result<void> key_value(const KeyValue& found) override {
    keys_.add(found.at, found.key.size());
    return SplitVisitor::key_value(found);
  }

  Result<void> tensor(const TensorInfo& info) override {
    if (!budget_.take_tensor(info.dimensions, info.name.size())) return Budget::exceeded("tensors", info.at);
    names_.add(info.at, info.name.size());
    std::string name(info.name);
    std::vector<std::uint64_t> shape(info.shape.begin(), info.shape.begin() + info.dimensions);
    const char* kept = info.bytes == 0 ? "it has no elements" : info.type->dtype == Dtype::i64 ? kCounter : nullptr;
    if (kept == nullptr)
      structure_.params.push_back({.name = std::move(name), .dtype = info.type->dtype, .shape = std::move(shape),
                                   .offset = info.offset, .length = info.bytes, .structs = structs_of(*info.type)});
    else
      structure_.constants.push_back({.name = std::move(name), .dtype = info.type->dtype, .shape = std::move(shape),
                                      .offset = info.offset, .length = info.bytes, .reason = kept});
    return {};
  }

  // Offsets were counted from the start of the tensor data.
  Result<Structure> finish(const Head& head) {
    if (const auto twice = keys_.find_double()) return bad_head("a key stands twice", twice->second);
    if (const auto twice = names_.find_double()) return bad_head("two tensors have the same name", twice->second, twice->first);
    if (const auto part = split(); !part) return part.error();
    for (ParamSpan& span : structure_.params) span.offset += head.data;
    for (Constant& constant : structure_.constants) constant.offset += head.data;
    return std::move(structure_);
  }

 private:
  Budget budget_;
  Names keys_, names_;
  Structure structure_;
};

class Gguf final : public Codec {
 public:
  Format format() const override { return Format::gguf; }

  bool recognises(std::span<const std::byte> head, std::uint64_t size) const override {
    return size >= 4 && head.size() >= 4 && std::memcmp(head.data(), "GGUF", 4) == 0;
  }

  Result<std::uint64_t> structure_extent(const ByteSource& source) const override {
    Visitor nothing;
    const auto head = read_head(source, nothing);
    if (!head) return head.error();
    return head->data;
  }

  Result<std::optional<Embedded>> find_record(const ByteSource& source) const override { return kTail.find(source); }

  Result<Structure> parse(std::span<const std::byte> image) const override {
    StructureVisitor visitor(image);
    const auto head = read_head(MemorySource(image), visitor);
    if (!head) return head.error();
    return visitor.finish(*head);
  }

  Result<std::vector<Edit>> embed(std::span<const std::byte> image, std::span<const std::byte> record) const override {
    return kTail.embed(image, record);
  }

  std::uint64_t record_limit() const override { return TailRecord::limit(); }

  FormatFacts facts() const override {
    return {.format = Format::gguf,
            .title = "GGUF, of llama.cpp and others",
            .files = "*.gguf",
            .locked = "every tensor of floats, of integers of 8, 16 and 32 bits, and of every quantised type",
            .readable = "all key-values, the vocabulary among them; names, shapes and types; I64 tensors",
            .record = "after the tensor data",
            .limits = "versions 2 and 3, little-endian; locked IQ1_M, MXFP4 and NVFP4 tensors may fail llama.cpp's check of tensors, "
                      "which is off unless asked for"};
  }
};

}  // namespace
}  // namespace gguf

Result<std::optional<Split>> gguf_split(const ByteSource& source) {
  gguf::SplitVisitor visitor;
  if (auto read = gguf::read_key_values(source, visitor); !read) return read.error();
  return visitor.split();
}

const Codec& gguf_codec() {
  static const gguf::Gguf codec;
  return codec;
}

}  // namespace nnlock::formats
