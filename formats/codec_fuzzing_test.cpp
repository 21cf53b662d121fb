// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The checker of promises itself: an honest codec passes, and each broken promise is noticed.

#include <gtest/gtest.h>

#include <functional>

#include "formats/codec_fuzzing.hpp"

namespace nnlock::formats {
namespace {

// A format of 4 bytes structure, 4 bytes of CRC and 8 bytes parameters, with its record behind it; a companion is all parameters.
// What `lies` changes in an answer is the broken promise.
class Liar final : public Codec {
 public:
  std::function<void(std::span<const std::byte>, Structure&)> structure_lie = [](auto, auto&) {};
  std::function<void(std::vector<Edit>&, std::span<const std::byte>)> edit_lie = [](auto&, auto) {};
  std::vector<std::string> wanted;
  std::uint64_t extent = 4;
  bool blind = false, forgetful = false, lonely = false;

  Format format() const override { return Format::raw; }
  bool has_companions() const override { return !lonely; }
  bool recognises(std::span<const std::byte>, std::uint64_t) const override { return !blind; }
  Result<std::uint64_t> structure_extent(const ByteSource&) const override { return extent; }
  Result<std::optional<Embedded>> find_record(const ByteSource& source) const override {
    if (source.size() <= kPlain || forgetful) return std::optional<Embedded>();
    Bytes record(static_cast<std::size_t>(source.size() - kPlain));
    if (auto read = source.read(kPlain, record); !read) return read.error();
    return std::optional(Embedded{.record = record, .edits = {{.offset = kPlain, .restored = {}, .stored = record}}});
  }
  Result<Structure> parse(std::span<const std::byte> image) const override { return parse_files(std::vector{image}); }
  Result<std::vector<std::string>> companions(std::span<const std::byte>, std::string_view) const override { return wanted; }
  Result<Structure> parse_files(Files files) const override {
    if (files.front().size() != kPlain) return Error{.code = ErrorCode::bad_model, .message = "the size is wrong"};
    Structure structure{.params = {{.name = "w", .offset = 8, .length = 8}},
                        .constants = {{.name = "c", .offset = 0, .length = 4, .reason = "is fixed"}},
                        .derived = {{.offset = 4, .span_offset = 8, .span_length = 8}}};
    for (std::uint32_t i = 1; i < files.size(); ++i)
      if (!files[i].empty()) structure.params.push_back({.name = "v", .length = files[i].size(), .file = i});
    structure_lie(files.front(), structure);
    return structure;
  }
  Result<std::vector<Edit>> embed(std::span<const std::byte> image, std::span<const std::byte> record) const override {
    std::vector<Edit> edits = {{.offset = image.size(), .restored = {}, .stored = {record.begin(), record.end()}}};
    edit_lie(edits, record);
    return edits;
  }
  std::uint64_t record_limit() const override { return 1000; }
  FormatFacts facts() const override { return {}; }

  static constexpr std::size_t kPlain = 16;
};

std::string broken(const Liar& codec) {
  const std::vector<Bytes> files = {Bytes(Liar::kPlain, std::byte{7}), Bytes(5, std::byte{8})};
  return broken_promise(codec, files, Bytes(6, std::byte{9}));
}

TEST(Promises, AreKeptByAnHonestCodec) {
  Liar codec;
  EXPECT_EQ(broken(codec), "");
  codec.wanted = {"a/b.bin"};
  EXPECT_EQ(broken(codec), "");
}

TEST(Promises, SpansAndConstants) {
  const std::pair<const char*, std::function<void(Structure&)>> lies[] = {
      {"empty or outside", [](Structure& s) { s.params[0].length = 9; }},
      {"empty or outside", [](Structure& s) { s.params[0].length = 0; }},
      {"empty or outside", [](Structure& s) { s.params[0].file = 1; }},
      {"overlap", [](Structure& s) { s.params.push_back({.name = "x", .offset = 15, .length = 1}); }},
      {"ends inside a struct", [](Structure& s) { s.params[0].structs = {3, {}}; }},
      {"fields without structs", [](Structure& s) { s.params[0].structs = {0, {{0, Dtype::f16}}}; }},
      {"is no float", [](Structure& s) { s.params[0].structs = {8, {{0, Dtype::i8}}}; }},
      {"fields of a struct overlap", [](Structure& s) { s.params[0].structs = {8, {{0, Dtype::f32}, {2, Dtype::f16}}}; }},
      {"past its struct", [](Structure& s) { s.params[0].structs = {8, {{6, Dtype::f32}}}; }},
      {"constant is outside", [](Structure& s) { s.constants[0].length = 17; }},
      {"for no reason", [](Structure& s) { s.constants[0].reason = ""; }},
      {"derived field is outside", [](Structure& s) { s.derived[0].span_length = 9; }},
      {"lies in a parameter", [](Structure& s) { s.derived[0].offset = 5; }},
      {"derived fields overlap", [](Structure& s) { s.derived.push_back(s.derived[0]); }},
  };
  for (const auto& [part, lie] : lies) {
    Liar codec;
    codec.structure_lie = [&lie = lie](auto, Structure& structure) { lie(structure); };
    EXPECT_NE(broken(codec).find(part), std::string::npos) << part << ": " << broken(codec);
  }
}

TEST(Promises, StructureFollowsFromStructuralBytesOnly) {
  for (const std::size_t at : {std::size_t{4}, std::size_t{8}, std::size_t{15}}) {
    Liar codec;
    codec.extent = Liar::kPlain;
    codec.structure_lie = [at](std::span<const std::byte> image, Structure& s) {
      if (image[at] == std::byte{7}) s.constants[0].name = "d";
    };
    EXPECT_EQ(broken(codec), "the structure depends on parameters or derived fields") << at;
    codec.extent = 4;
    EXPECT_EQ(broken(codec), "the structure depends on bytes beyond the extent") << at;
  }
  Liar codec;
  codec.extent = Liar::kPlain + 1;
  EXPECT_EQ(broken(codec), "the structure reaches past the file");
}

TEST(Promises, Records) {
  const std::pair<const char*, std::function<void(std::vector<Edit>&, std::span<const std::byte>)>> lies[] = {
      {"an edit is outside the file", [](auto& edits, auto) { edits[0].offset = 17; }},
      {"an edit replaces what is not there", [](auto& edits, auto) { edits[0] = {0, Bytes(1), Bytes(2)}; }},
      {"edits touch or are not sorted", [](auto& edits, auto) { edits.push_back(edits[0]); }},
      {"an edit covers a parameter", [](auto& edits, auto) { edits[0].offset = 9; }},
      {"where a record stands depends on its content",
       [](auto& edits, auto record) { edits[0].stored.resize(record[0] == std::byte{9} ? 6 : 7); }},
      {"an embedded record comes back changed", [](auto& edits, auto) { edits[0].stored[0] = std::byte{1}; }},
  };
  for (const auto& [part, lie] : lies) {
    Liar codec;
    codec.edit_lie = lie;
    EXPECT_EQ(broken(codec), part);
  }
  Liar codec;
  codec.forgetful = true;
  EXPECT_EQ(broken(codec), "an embedded record is not found");
  codec.blind = true;
  EXPECT_EQ(broken(codec), "a parsed model is not recognised");
}

TEST(Promises, FoundRecordsAreWhereEmbedWritesThem) {
  Liar codec;
  EXPECT_EQ(broken_promise(codec, {Bytes(19, std::byte{7})}, {}), "");
  codec.edit_lie = [](auto& edits, auto) { edits[0].stored.push_back(std::byte{1}); };
  EXPECT_EQ(broken_promise(codec, {Bytes(19, std::byte{7})}, {}), "a record is found where embed() does not write it");
}

TEST(Promises, CompanionsStayBesideTheModel) {
  for (const char* path : {"", "/a", "..", "a/../b", "./a", "a//b", "a/"}) {
    Liar codec;
    codec.wanted = {path};
    EXPECT_NE(broken(codec), "") << path;
  }
  Liar codec;
  codec.wanted = {"a", "a"};
  EXPECT_EQ(broken(codec), "a companion is named twice");
  codec.wanted = {"a"};
  codec.lonely = true;
  EXPECT_EQ(broken(codec), "a codec that has no companions names one");
}

}  // namespace
}  // namespace nnlock::formats
