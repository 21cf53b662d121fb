// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Ways for a GGUF file to be wrong.

#include <string>
#include <utility>
#include <vector>

#include "formats/malformed/gguf_writer.hpp"
#include "formats/malformed/matrix.hpp"

namespace nnlock::formats::malformed {
namespace {

constexpr const char* kFile = "model.gguf";
constexpr const char* kQuantised = "blk.0.attn_q.weight";
constexpr const char* kLast = "output_norm.weight";

// Key-values and tensors of the small model, by their place.
enum : std::size_t { kArchitecture, kAlignment, kTokens, kScores };
enum : std::size_t { kEmbedding, kAttention, kFeedForward, kIds, kEmpty, kNorm };

class Cases {
 public:
  // The small model with one field of its bytes changed.
  template <class Change>
  void poke(std::string name, std::string message, Change change, std::string tensor = {}, ErrorCode code = ErrorCode::bad_model) {
    GgufText text = write_gguf(small_gguf());
    change(text);
    add(std::move(name), std::move(message), text, std::move(tensor), code);
  }

  // The small model with one thing changed before it is written.
  template <class Change>
  void edit(std::string name, std::string message, Change change, std::string tensor = {}, ErrorCode code = ErrorCode::bad_model) {
    GgufModel model = small_gguf();
    change(model);
    add(std::move(name), std::move(message), write_gguf(model), std::move(tensor), code);
  }

  std::vector<Case> take() { return std::move(cases_); }

 private:
  void add(std::string name, std::string message, const GgufText& text, std::string tensor, ErrorCode code) {
    cases_.push_back({.name = std::move(name), .files = {{kFile, gguf_bytes(text.bytes)}}, .code = code,
                      .message = std::move(message), .tensor = std::move(tensor)});
  }
  std::vector<Case> cases_;
};

void add_fixed_part(Cases& cases) {
  const auto unsupported = ErrorCode::unsupported;
  const auto version = [](std::uint64_t value) { return [=](GgufText& t) { t.poke(GgufText::kVersion, value, 4); }; };
  cases.poke("version-0", "GGUF version 0", version(0));
  cases.poke("version-1", "GGUF version 1", version(1), {}, unsupported);
  cases.poke("version-4", "GGUF version 4", version(4), {}, unsupported);
  cases.poke("big-endian", "big-endian", version(0x03000000), {}, unsupported);
  cases.poke("nothing-behind-the-magic", "ends inside its head", [](GgufText& t) { t.bytes.resize(4); });
  cases.poke("cut-in-the-counts", "ends inside its head", [](GgufText& t) { t.bytes.resize(20); });
  cases.poke("tensor-count-huge", "more than any model has", [](GgufText& t) { t.poke(GgufText::kTensors, ~0ULL, 8); });
  cases.poke("tensor-count-too-large", "ends inside its head", [](GgufText& t) { t.poke(GgufText::kTensors, 7, 8); t.bytes.resize(t.tensors[kNorm].offset + 8); });
  cases.poke("key-value-count-huge", "more than any model has", [](GgufText& t) { t.poke(GgufText::kKeyValues, 1ULL << 40, 8); });
  cases.poke("key-value-count-too-small", "more than 4 dimensions", [](GgufText& t) { t.poke(GgufText::kKeyValues, 5, 8); }, "a.double");
}

void add_key_values(Cases& cases) {
  const auto key = [](std::string text) { return [text](GgufModel& m) { m.key_values[kArchitecture].first = text; }; };
  const auto value = [](std::size_t which, std::string text) { return [=](GgufModel& m) { m.key_values[which].second = text; }; };
  cases.edit("key-empty", "a key is empty", key(""));
  cases.edit("key-with-nul", "a key holds a NUL", key(std::string("a\0b", 3)));
  cases.edit("key-of-a-mebibyte", "a key of 1048576 bytes is too long", key(std::string(1 << 20, 'k')));
  cases.edit("key-twice", "a key stands twice", key("tokenizer.ggml.tokens"));
  cases.edit("alignment-twice", "general.alignment stands twice", [](GgufModel& m) { m.key_values.push_back({"general.alignment", gguf_u32(64)}); });
  cases.poke("key-longer-than-the-file", "ends inside its head", [](GgufText& t) { t.poke(t.keys[kArchitecture], 60000, 8); });
  cases.poke("key-length-overflows", "too long", [](GgufText& t) { t.poke(t.keys[kArchitecture], ~0ULL - 8, 8); });
  cases.poke("value-type-unknown", "no type that GGUF knows", [](GgufText& t) { t.poke(t.values[kArchitecture], 13, 4); });
  cases.poke("value-type-negative", "no type that GGUF knows", [](GgufText& t) { t.poke(t.values[kArchitecture], 0xffffffff, 4); });
  cases.poke("string-huge", "is too long", [](GgufText& t) { t.poke(t.values[kArchitecture] + 4, ~0ULL, 8); });
  cases.poke("string-longer-than-the-file", "ends inside its head", [](GgufText& t) { t.poke(t.values[kArchitecture] + 4, 1 << 20, 8); });
  cases.poke("array-element-type-unknown", "no element type that GGUF knows", [](GgufText& t) { t.poke(t.values[kScores] + 4, 99, 4); });
  cases.poke("array-of-arrays", "arrays of arrays", [](GgufText& t) { t.poke(t.values[kScores] + 4, 9, 4); });
  cases.poke("array-longer-than-the-file", "the array is longer than the file", [](GgufText& t) { t.poke(t.values[kScores] + 8, 1 << 20, 8); });
  cases.poke("array-size-overflows", "the array is longer than the file", [](GgufText& t) { t.poke(t.values[kScores] + 8, 1ULL << 62, 8); });
  cases.poke("array-of-strings-longer-than-the-file", "the array is longer than the file", [](GgufText& t) { t.poke(t.values[kTokens] + 8, 1ULL << 61, 8); });
  cases.poke("string-in-an-array-huge", "is too long", [](GgufText& t) { t.poke(t.values[kTokens] + 16, 1ULL << 63, 8); });
  cases.edit("alignment-0", "no power of two", value(kAlignment, gguf_u32(0)));
  cases.edit("alignment-48", "no power of two", value(kAlignment, gguf_u32(48)));
  cases.edit("alignment-as-text", "general.alignment is no UINT32", value(kAlignment, gguf_text("64")));
  cases.edit("alignment-smaller-than-the-offsets", "unused bytes stand before the tensor", value(kAlignment, gguf_u32(16)), "ids");
  cases.edit("alignment-larger-than-the-file", "overlaps", value(kAlignment, gguf_u32(1U << 31)), kQuantised);
  cases.edit("data-behind-the-end", "begins behind the end of the file", [](GgufModel& m) {
    m.key_values[kAlignment].second = gguf_u32(1U << 31);
    m.tensors.resize(1);
  });
}

void add_split(Cases& cases) {
  const auto split = [](std::string no, std::string count) {
    return [=](GgufModel& m) {
      m.key_values.push_back({"split.no", no});
      m.key_values.push_back({"split.count", count});
    };
  };
  cases.edit("split-number-behind-its-count", "the file is part 4 of 3", split(gguf_u16(3), gguf_u16(3)));
  cases.edit("split-number-as-text", "split.no is no UINT16", split(gguf_text("0"), gguf_u16(3)));
  cases.edit("split-count-of-32-bits", "split.count is no UINT16", split(gguf_u16(0), gguf_u32(3)));
}

void add_tensors(Cases& cases) {
  const auto unsupported = ErrorCode::unsupported;
  const auto name = [](std::string text) { return [text](GgufModel& m) { m.tensors[kAttention].name = text; }; };
  cases.edit("name-with-nul", "a tensor's name holds a NUL", name(std::string("a\0b", 3)));
  cases.edit("name-of-a-mebibyte", "a tensor's name of 1048576 bytes is too long", name(std::string(1 << 20, 'n')));
  cases.edit("name-of-128-bytes", "a tensor's name of 128 bytes is too long", name(std::string(128, 'n')));
  cases.edit("name-twice", "two tensors have the same name", name("ids"), "ids");
  cases.poke("dimensions-5", "more than 4 dimensions", [](GgufText& t) { t.poke(t.tensors[kAttention].dimensions, 5, 4); }, kQuantised);
  cases.poke("dimensions-huge", "more than 4 dimensions", [](GgufText& t) { t.poke(t.tensors[kAttention].dimensions, 0xffffffff, 4); }, kQuantised);
  cases.poke("dimension-negative", "negative dimension", [](GgufText& t) { t.poke(t.tensors[kAttention].shape, ~0ULL, 8); }, kQuantised);
  cases.poke("shape-overflows", "shape is too large", [](GgufText& t) { t.poke(t.tensors[kFeedForward].shape + 8, 1ULL << 62, 8); }, "blk.0.ffn_up.weight");
  cases.poke("sizes-overflow", "shape is too large", [](GgufText& t) { t.poke(t.tensors[kNorm].shape, (1ULL << 62) - 1, 8); }, kLast);
  cases.poke("rows-of-half-a-struct", "no multiple of the 32 elements of a struct of Q4_0", [](GgufText& t) { t.poke(t.tensors[kAttention].shape, 48, 8); }, kQuantised);
  cases.poke("type-removed", "type 4, which GGUF has no more", [](GgufText& t) { t.poke(t.tensors[kAttention].type, 4, 4); }, kQuantised, unsupported);
  cases.poke("type-unknown", "type 43, which this version does not know", [](GgufText& t) { t.poke(t.tensors[kAttention].type, 43, 4); }, kQuantised, unsupported);
  cases.poke("type-negative", "type 4294967295", [](GgufText& t) { t.poke(t.tensors[kAttention].type, 0xffffffff, 4); }, kQuantised, unsupported);
  cases.poke("type-of-another-size", "overlaps another one", [](GgufText& t) { t.poke(t.tensors[kFeedForward].type, 15, 4); }, "ids");
  cases.poke("first-offset-not-0", "unused bytes", [](GgufText& t) { t.poke(t.tensors[kEmbedding].offset, 64, 8); }, "token_embd.weight");
  cases.poke("offset-overlaps", "overlaps another one", [](GgufText& t) { t.poke(t.tensors[kAttention].offset, 0, 8); }, kQuantised);
  cases.poke("offset-leaves-a-hole", "unused bytes", [](GgufText& t) { t.poke(t.tensors[kAttention].offset, 128, 8); }, kQuantised);
  cases.poke("offset-not-aligned", "unused bytes", [](GgufText& t) { t.poke(t.tensors[kAttention].offset, 65, 8); }, kQuantised);
  cases.poke("offset-huge", "unused bytes", [](GgufText& t) { t.poke(t.tensors[kAttention].offset, ~0ULL, 8); }, kQuantised);
  cases.poke("data-cut-short", "the tensor ends behind the end of the file", [](GgufText& t) { t.bytes.pop_back(); }, kLast);
  cases.poke("no-data", "the tensor ends behind the end of the file", [](GgufText& t) { t.bytes.resize(t.data); }, kLast);
  cases.poke("cut-in-the-infos", "ends inside its head", [](GgufText& t) { t.bytes.resize(t.tensors[kNorm].offset + 7); });
  cases.poke("last-tensor-too-long", "the tensor ends behind the end of the file", [](GgufText& t) { t.poke(t.tensors[kNorm].shape, 6, 8); }, kLast);
}

}  // namespace

Matrix gguf_matrix() {
  Cases cases;
  add_fixed_part(cases);
  add_key_values(cases);
  add_split(cases);
  add_tensors(cases);
  return {.codec = &gguf_codec(), .good = {{kFile, gguf_bytes(write_gguf(small_gguf()).bytes)}}, .cases = cases.take()};
}

}  // namespace nnlock::formats::malformed
