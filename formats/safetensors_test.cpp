// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "formats/base64.hpp"
#include "formats/codec.hpp"
#include "formats/malformed/safetensors_writer.hpp"

namespace nnlock::formats {
namespace {

using malformed::Bytes;
using malformed::kGoodData;
using malformed::kGoodHeader;
using malformed::safetensors_file;
using malformed::with;

const Codec& codec() { return safetensors_codec(); }

Bytes record_of(std::size_t size) {
  Bytes record(size);
  for (std::size_t i = 0; i < size; ++i) record[i] = static_cast<std::byte>((i * 131 + 7) & 0xff);
  return record;
}

Result<std::optional<Embedded>> find(const Bytes& file) { return codec().find_record(MemorySource(file)); }

void expect_error(const Error& error, ErrorCode code, std::string_view part, std::string_view tensor = {}) {
  EXPECT_EQ(error.code, code) << error.message;
  EXPECT_NE(error.message.find(part), std::string::npos) << error.message;
  EXPECT_EQ(error.tensor, tensor);
}

// ---- structure -------------------------------------------------------------------------------------------------------

TEST(Safetensors, FindsParametersAndKeepsCountersMasksAndEmptyTensors) {
  const auto file = safetensors_file(kGoodHeader, kGoodData);
  const auto structure = codec().parse(file);
  ASSERT_TRUE(structure) << structure.error().message;
  const std::uint64_t data = 8 + kGoodHeader.size();
  ASSERT_EQ(structure->params.size(), 2u);
  EXPECT_EQ(structure->params[0].name, "a");
  EXPECT_EQ(structure->params[0].dtype, Dtype::f32);
  EXPECT_EQ(structure->params[0].shape, std::vector<std::uint64_t>{2});
  EXPECT_EQ(structure->params[0].offset, data);
  EXPECT_EQ(structure->params[0].length, 8u);
  EXPECT_EQ(structure->params[1].name, "b");
  EXPECT_EQ(structure->params[1].dtype, Dtype::bf16);
  EXPECT_EQ(structure->params[1].offset, data + 8);
  ASSERT_EQ(structure->constants.size(), 3u);
  EXPECT_EQ(structure->constants[0].reason, "64-bit integers are counters or indices");
  EXPECT_EQ(structure->constants[1].reason, "booleans are masks");
  EXPECT_EQ(structure->constants[2].reason, "it has no elements");
  EXPECT_TRUE(structure->unlockable.empty());
}

TEST(Safetensors, EveryDtypeHasItsSizeAndItsPlace) {
  const std::map<std::string, std::pair<std::size_t, bool>> types = {  // bytes of 8 elements, parameter
      {"BOOL", {8, false}},  {"F4", {4, true}},          {"F6_E2M3", {6, true}},     {"F6_E3M2", {6, true}},
      {"U8", {8, true}},     {"I8", {8, true}},          {"F8_E5M2", {8, true}},     {"F8_E4M3", {8, true}},
      {"F8_E8M0", {8, true}}, {"F8_E4M3FNUZ", {8, true}}, {"F8_E5M2FNUZ", {8, true}}, {"I16", {16, true}},
      {"U16", {16, true}},   {"F16", {16, true}},        {"BF16", {16, true}},       {"I32", {32, true}},
      {"U32", {32, true}},   {"F32", {32, true}},        {"C64", {64, true}},        {"F64", {64, true}},
      {"I64", {64, false}},  {"U64", {64, false}}};
  for (const auto& [word, expected] : types) {
    const auto header = R"({"t":{"dtype":")" + word + R"(","shape":[4,2],"data_offsets":[0,)" +
                        std::to_string(expected.first) + "]}}";
    const auto structure = codec().parse(safetensors_file(header, expected.first));
    ASSERT_TRUE(structure) << word << ": " << structure.error().message;
    EXPECT_EQ(structure->params.size(), expected.second ? 1u : 0u) << word;
    EXPECT_EQ(structure->constants.size(), expected.second ? 0u : 1u) << word;
    EXPECT_FALSE(codec().parse(safetensors_file(header, expected.first + 1))) << word;
  }
}

TEST(Safetensors, AcceptsWhatTheStockReaderAccepts) {
  const std::vector<std::pair<std::string, std::size_t>> files = {
      {"{}", 0},
      {"{ }  \n", 0},
      {R"({"__metadata__":{"a":"b"}})", 0},
      {std::string(kGoodHeader) + "      ", kGoodData},
      {R"({"b":{"data_offsets":[4,8],"shape":[],"dtype":"F32"},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 8},
      {R"({"\u00e9\ud83d\ude00/":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1},
      {R"({"nnlock":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1},
      {R"({"":{"dtype":"U8","shape":[18446744073709551615,0],"data_offsets":[0,0]}})", 0}};
  for (const auto& [header, data] : files) {
    const auto file = safetensors_file(header, data);
    const auto structure = codec().parse(file);
    EXPECT_TRUE(structure) << header << ": " << structure.error().message;
    EXPECT_TRUE(codec().recognises(file, file.size())) << header;
    const auto found = find(file);
    ASSERT_TRUE(found) << header << ": " << found.error().message;
    EXPECT_FALSE(found->has_value());
  }
}

// ---- one wrong field each --------------------------------------------------------------------------------------------

struct Wrong {
  std::string_view from;
  std::string_view to;
  std::string_view message;
  std::string_view tensor = {};
  ErrorCode code = ErrorCode::bad_model;
};

const Wrong kWrongHeaders[] = {
    // JSON itself
    {"}}", "}", "not valid JSON"},
    {"}}", "}},", "not valid JSON"},
    {"}}", "}}{}", "not valid JSON"},
    {"}}", "},}", "not valid JSON"},
    {"[2]", "[2,]", "not valid JSON"},
    {"[2]", "[02]", "not valid JSON"},
    {"[2]", "[NaN]", "not valid JSON"},
    {"\"a\"", "'a'", "not valid JSON"},
    {"\"a\"", "\"a\x80\"", "not valid JSON"},
    {"\"a\"", "\"\xC0\xAF\"", "not valid JSON"},
    {"\"a\"", "\"a\n\"", "not valid JSON"},
    {"\"a\"", "\"\\uD800\"", "not valid JSON"},
    {"\"a\"", "\"\\uDC00\"", "surrogate"},
    {"\"a\"", "\"\\x41\"", "not valid JSON"},
    {"{\"a\"", "{/**/\"a\"", "not valid JSON"},
    {"{\"a\"", " {\"a\"", "does not start with '{'"},
    {"{\"a\"", "\xEF\xBB\xBF{\"a\"", "does not start with '{'"},
    {"}}", std::string_view("}}\0", 3), "zero byte"},
    {"\"a\":", std::string_view("\0\"a\":", 5), "not valid JSON"},
    // kinds of values
    {R"({"dtype":"F32","shape":[2],"data_offsets":[0,8]})", "[]", "described by a JSON object", "a"},
    {R"({"dtype":"F32","shape":[2],"data_offsets":[0,8]})", "null", "described by a JSON object", "a"},
    {R"({"dtype":"F32","shape":[2],"data_offsets":[0,8]})", "\"x\"", "described by a JSON object", "a"},
    {R"("F32")", "7", "dtype must be a string", "a"},
    {R"("F32")", "null", "dtype must be a string", "a"},
    {R"("F32")", "\"f32\"", "dtype", "a", ErrorCode::unsupported},
    {R"("F32")", "\"F32\\u0000\"", "dtype", "a", ErrorCode::unsupported},
    {"[2]", "2", "shape must be", "a"},
    {"[2]", "\"2\"", "shape must be", "a"},
    {"[2]", "{}", "shape must be", "a"},
    {"[2]", "[[2]]", "shape must be", "a"},
    {"[2]", "[-2]", "shape must be", "a"},
    {"[2]", "[-0]", "shape must be", "a"},
    {"[2]", "[2.0]", "shape must be", "a"},
    {"[2]", "[2e0]", "shape must be", "a"},
    {"[2]", "[true]", "shape must be", "a"},
    {"[2]", "[18446744073709551616]", "shape must be", "a"},
    {"[0,8]", "[0]", "data_offsets must be", "a"},
    {"[0,8]", "[]", "data_offsets must be", "a"},
    {"[0,8]", "[0,8,8]", "data_offsets must be", "a"},
    {"[0,8]", "[0,8.0]", "data_offsets must be", "a"},
    {"[0,8]", "[0,-8]", "data_offsets must be", "a"},
    {"[0,8]", "[0,\"8\"]", "data_offsets must be", "a"},
    {"[0,8]", "null", "data_offsets must be", "a"},
    // missing, double and unknown keys
    {R"("dtype":"F32",)", "", "has no dtype", "a"},
    {R"("shape":[2],)", "", "has no shape", "a"},
    {R"(,"data_offsets":[0,8])", "", "has no data_offsets", "a"},
    {R"("dtype":"F32",)", R"("dtype":"F32","dtype":"F32",)", "two dtypes", "a"},
    {R"("dtype":"F32",)", R"("dtype":"F32","dt\u0079pe":"F32",)", "two dtypes", "a"},
    {R"("shape":[2],)", R"("shape":[2],"shape":[2],)", "two shapes", "a"},
    {R"("data_offsets":[0,8])", R"("data_offsets":[0,8],"data_offsets":[0,8])", "two data_offsets", "a"},
    {R"("dtype":"F32",)", R"("dtype":"F32","extra":1,)", "a key besides", "a"},
    {R"("b":)", R"("a":)", "same name", "a"},
    {R"("b":)", R"("\u0061":)", "same name", "a"},
    {R"({"a")", R"({"__metadata__":{},"__metadata__":{},"a")", "two __metadata__"},
    {R"({"a")", R"({"__metadata__":{},"__m\u0065tadata__":{"x":"y"},"a")", "two __metadata__"},
    {R"({"a")", R"({"__metadata__":{"x":"1","\u0078":"1"},"a")", "twice in __metadata__"},
    {R"({"a")", R"({"__metadata__":{"x":1},"a")", "__metadata__ must be a string"},
    {R"({"a")", R"({"__metadata__":{"x":null},"a")", "__metadata__ must be a string"},
    {R"({"a")", R"({"__metadata__":{"x":{}},"a")", "__metadata__ must be a string"},
    {R"({"a")", R"({"__metadata__":{"x":"\udfff"},"a")", "surrogate"},
    {R"({"a")", R"({"__metadata__":[],"a")", "__metadata__ must be a JSON object"},
    {R"({"a")", R"({"__metadata__":null,"a")", "__metadata__ must be a JSON object"},
    {R"({"a")", R"({"__metadata__":"x","a")", "__metadata__ must be a JSON object"},
    // sizes and places
    {"[0,8]", "[8,0]", "ends before it begins", "a"},
    {"[0,8]", "[0,9]", "needs 8 bytes, but its data_offsets hold 9", "a"},
    {"[0,8]", "[0,7]", "needs 8 bytes", "a"},
    {"[0,8]", "[1,9]", "unused bytes", "a"},
    {"[8,16]", "[7,15]", "overlaps", "b"},
    {"[8,16]", "[9,17]", "unused bytes", "b"},
    {"[8,16]", "[0,8]", "overlaps", "b"},
    {"[2]", "[3]", "needs 12 bytes", "a"},
    {"[2]", "[]", "needs 4 bytes", "a"},
    {"[2]", "[4294967296,4294967296]", "too large", "a"},
    {"[2]", "[4611686018427387904]", "too large", "a"},
    {"[2]", "[9223372036854775808,2,0]", "too large", "a"},
    {R"("F32")", R"("F4")", "needs 1 bytes", "a"},
    {R"("F32","shape":[2])", R"("F4","shape":[3])", "whole bytes", "a"},
    {R"("F32","shape":[2])", R"("F6_E3M2","shape":[2])", "whole bytes", "a"},
    {"[40,40]", "[39,39]", "overlaps", "e"},
    {"[40,40]", "[41,41]", "unused bytes", "e"},
    {R"("shape":[8],"data_offsets":[32,40])", R"("shape":[9],"data_offsets":[32,41])", "behind the end of the file", "m"},
    {R"("shape":[8],"data_offsets":[32,40])",
     R"("shape":[18446744073709551583],"data_offsets":[32,18446744073709551615])", "too large", "m"},
};

TEST(SafetensorsMalformed, OneWrongFieldEach) {
  for (const Wrong& wrong : kWrongHeaders) {
    const auto header = with(kGoodHeader, wrong.from, wrong.to);
    SCOPED_TRACE(header);
    ASSERT_NE(header, with(kGoodHeader, "nowhere", ""));
    const auto file = safetensors_file(header, kGoodData);
    const auto structure = codec().parse(file);
    ASSERT_FALSE(structure);
    expect_error(structure.error(), wrong.code, wrong.message, wrong.tensor);
    ASSERT_TRUE(structure.error().offset);
    EXPECT_GE(*structure.error().offset, 8u);
    EXPECT_LE(*structure.error().offset, 8 + header.size());
    EXPECT_FALSE(codec().embed(file, record_of(30)));
    const auto found = find(file);
    EXPECT_TRUE(!found || !found->has_value());
  }
}

TEST(SafetensorsMalformed, NamesTheTensorWhereItsDescriptionStarts) {
  const auto header = with(kGoodHeader, "[8,16]", "[7,15]");
  const auto structure = codec().parse(safetensors_file(header, kGoodData));
  ASSERT_FALSE(structure);
  EXPECT_EQ(structure.error().offset, 8 + header.find(R"({"dtype":"BF16")"));
}

TEST(SafetensorsMalformed, DataThatDoesNotFitTheHeader) {
  auto structure = codec().parse(safetensors_file(kGoodHeader, kGoodData + 5));
  ASSERT_FALSE(structure);
  expect_error(structure.error(), ErrorCode::bad_model, "5 bytes that belong to no tensor");
  structure = codec().parse(safetensors_file(kGoodHeader, kGoodData - 1));
  ASSERT_FALSE(structure);
  expect_error(structure.error(), ErrorCode::bad_model, "behind the end of the file", "m");
}

TEST(SafetensorsMalformed, HeaderLengths) {
  const struct {
    std::uint64_t length;
    std::string_view message;
  } cases[] = {{0, "too short"},
               {1, "too short"},
               {kGoodHeader.size() + kGoodData + 1, "behind the end of the file"},
               {100'000'000, "behind the end of the file"},
               {100'000'001, "longer than 100,000,000"},
               {~std::uint64_t{0}, "longer than 100,000,000"},
               {~std::uint64_t{0} - 7, "longer than 100,000,000"}};
  for (const auto& wrong : cases) {
    const auto file = malformed::with_length(wrong.length, kGoodHeader, kGoodData);
    const auto structure = codec().parse(file);
    ASSERT_FALSE(structure);
    expect_error(structure.error(), ErrorCode::bad_model, wrong.message);
    const auto extent = codec().structure_extent(MemorySource(file));
    ASSERT_FALSE(extent);
    expect_error(extent.error(), ErrorCode::bad_model, wrong.message);
    EXPECT_FALSE(find(file));
  }
}

TEST(SafetensorsMalformed, EveryTruncationIsRefused) {
  const auto whole = safetensors_file(kGoodHeader, kGoodData);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const auto structure = codec().parse(cut);
    ASSERT_FALSE(structure) << size;
    EXPECT_EQ(structure.error().code, ErrorCode::bad_model);
    EXPECT_EQ(bool(find(cut)), size >= 8 + kGoodHeader.size());
  }
}

TEST(SafetensorsMalformed, DeepNestingAndLongListsAreCheap) {
  for (const char* start : {"", R"({"a":{"shape":)", R"({"__metadata__":)"}) {
    const auto file = safetensors_file(std::string(start) + std::string(4'000'000, '['), 0);
    EXPECT_FALSE(codec().parse(file));
    EXPECT_FALSE(find(file));
  }
  std::string twice = "{";
  for (int i = 0; i < 50'000; ++i)
    twice += "\"" + std::string(40, 'x') + std::to_string(i) + R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},)";
  twice.back() = '}';
  const auto structure = codec().parse(safetensors_file(twice, 0));
  ASSERT_TRUE(structure) << structure.error().message;
  EXPECT_EQ(structure->constants.size(), 50'000u);
}

// ---- the record ------------------------------------------------------------------------------------------------------

// Restored headers of the three forms, with and without white space of their own.
const std::vector<std::string>& plain_headers() {
  static const std::vector<std::string> headers = {
      std::string(kGoodHeader),
      with(kGoodHeader, "{", "{ \n "),
      std::string(kGoodHeader) + "     ",
      with(kGoodHeader, "{", R"({"__metadata__":{"format":"pt"},)"),
      with(kGoodHeader, "{", R"({"__metadata__":{  "format" : "pt" , "x":"nnlock"},)"),
      with(kGoodHeader, "{", R"({"__m\u0065tadata__" : {"":""},)"),
      with(kGoodHeader, "}}", R"(},"__metadata__":{"format":"pt"}})"),
      with(kGoodHeader, "{", R"({"__metadata__":{},)"),
      with(kGoodHeader, "{", "{\"__metadata__\": { \n },"),
      with(kGoodHeader, "}}", R"(},"__metadata__":{  }})"),
      with(kGoodHeader, "\"a\"", "\"nnlock\""),
  };
  return headers;
}

TEST(SafetensorsRecord, ComesBackFromEveryFormAndSize) {
  for (const auto& header : plain_headers()) {
    SCOPED_TRACE(header);
    const auto plain = safetensors_file(header, kGoodData);
    const auto structure = codec().parse(plain);
    ASSERT_TRUE(structure) << structure.error().message;
    for (std::size_t size = 3; size <= 300; size += 3) {
      const auto record = record_of(size);
      const auto edits = codec().embed(plain, record);
      ASSERT_TRUE(edits) << edits.error().message;
      const auto locked = malformed::put_in(plain, *edits);
      EXPECT_EQ((locked.size() - plain.size()) % 64, 0u);
      const auto found = find(locked);
      ASSERT_TRUE(found) << found.error().message;
      ASSERT_TRUE(found->has_value());
      EXPECT_EQ((*found)->record, record);
      EXPECT_EQ((*found)->edits, *edits);
      EXPECT_EQ(malformed::take_out(locked, (*found)->edits), plain);
      const auto other = codec().embed(plain, Bytes(size, std::byte{0}));
      ASSERT_TRUE(other);
      EXPECT_EQ((*other)[1].stored.size(), (*edits)[1].stored.size());
    }
  }
}

TEST(SafetensorsRecord, StandsWhereTheSpecificationSays) {
  const auto text_of = [](std::string_view header) {
    const auto plain = safetensors_file(header, kGoodData);
    const auto edits = codec().embed(plain, record_of(3));
    EXPECT_TRUE(edits);
    EXPECT_EQ(edits->size(), 2u);
    EXPECT_EQ((*edits)[0].offset, 0u);
    EXPECT_EQ((*edits)[0].restored.size(), 8u);
    EXPECT_EQ((*edits)[0].stored.size(), 8u);
    EXPECT_TRUE((*edits)[1].restored.empty());
    const auto& stored = (*edits)[1].stored;
    return std::pair((*edits)[1].offset - 8, std::string(reinterpret_cast<const char*>(stored.data()), stored.size()));
  };
  const auto b64 = base64_encode(record_of(3));
  EXPECT_EQ(text_of(kGoodHeader),
            std::pair(std::uint64_t{1}, R"("__metadata__":{"nnlock":")" + b64 + R"("},)" + std::string(31, ' ')));
  EXPECT_EQ(text_of(with(kGoodHeader, "{", R"({"__metadata__":{"k":"v"},)")),
            std::pair(std::uint64_t{17}, R"("nnlock":")" + b64 + R"(",)" + std::string(48, ' ')));
  EXPECT_EQ(text_of(with(kGoodHeader, "{", R"({"__metadata__":{},)")),
            std::pair(std::uint64_t{17}, R"("nnlock":")" + b64 + R"(")" + std::string(49, ' ')));
}

// Whatever find_record takes out of a changed file, embed puts back as it was: no second spelling is ever taken.
TEST(SafetensorsRecord, EveryOneByteChangeIsRefusedOrCanonical) {
  for (const auto& header : plain_headers()) {
    const auto plain = safetensors_file(header, kGoodData);
    const auto locked = malformed::put_in(plain, *codec().embed(plain, record_of(39)));
    for (std::size_t at = 0; at < locked.size() - kGoodData; ++at) {
      for (const char c : std::string_view(" \t\n,:{}\"\\/=A1n\0", 15)) {
        auto changed = locked;
        changed[at] = static_cast<std::byte>(c);
        const auto found = find(changed);
        if (!found || !found->has_value()) continue;
        const auto restored = malformed::take_out(changed, (*found)->edits);
        ASSERT_FALSE(restored.empty());
        if (!codec().parse(restored)) continue;
        const auto edits = codec().embed(restored, (*found)->record);
        ASSERT_TRUE(edits) << edits.error().message;
        ASSERT_EQ(*edits, (*found)->edits) << header << " at " << at << " as " << c;
      }
    }
  }
}

TEST(SafetensorsRecord, OtherPlacesAndSpellingsAreBadRecords) {
  const std::string b64 = base64_encode(record_of(39));
  const std::string a = R"({"__metadata__":{"nnlock":")" + b64 + R"("},)" + std::string(47, ' ');
  const std::string b = R"({"__metadata__":{"nnlock":")" + b64 + R"(",)";
  const std::string c = R"({"__metadata__":{"nnlock":")" + b64 + R"(")" + std::string(1, ' ') + "},";
  const std::string good = with(kGoodHeader, "{", a);
  const auto locked = safetensors_file(good, kGoodData);
  ASSERT_TRUE(find(locked)) << find(locked).error().message;
  ASSERT_TRUE(find(safetensors_file(with(kGoodHeader, "{", b + R"("x":"y"},)"), kGoodData)));
  ASSERT_TRUE(find(safetensors_file(with(kGoodHeader, "{", c), kGoodData)));
  const std::vector<std::pair<std::string, std::string_view>> cases = {
      {with(good, std::string(47, ' '), std::string(46, ' ')), "does not stand"},
      {with(good, std::string(47, ' '), std::string(46, ' ') + "\n"), "does not stand"},
      {with(good, "\"nnlock\"", "\"nnloc\\u006b\""), "does not stand"},
      {with(good, "\"__metadata__\"", "\"__metadata\\u005f_\""), "does not stand"},
      {with(good, "{\"nnlock\"", "{ \"nnlock\""), "does not stand"},
      {with(good, "\"nnlock\":", "\"nnlock\": "), "does not stand"},
      {with(good, "\"nnlock\":", "\"nnlock\" :"), "does not stand"},
      {with(good, "\"},", "\"}  ,"), "does not stand"},
      {with(good, "\"},", "\"\n},"), "does not stand"},
      {with(good, "{\"__", "{ \"__"), "does not stand"},
      {with(good, "\"nnlock\":", "\"x\":\"y\",\"nnlock\":"), "does not stand"},
      {with(good, "\"nnlock\":", "\"nnlock\":\"\",\"nnlock\":"), "two records"},
      {with(good, "\"nnlock\":", "\"nnloc\\u006b\":\"\",\"nnlock\":"), "two records"},
      {with(good, "{\"__", "{\"__metadata__\":{\"nnlock\":\"AAAA\"},\"__"), "two records"},
      {with(good, b64, b64.substr(0, 51) + "="), "not base64"},
      {with(good, b64, b64.substr(0, 51) + "-"), "not base64"},
      {with(good, b64, b64.substr(0, 51) + " "), "not base64"},
      {with(good, b64, b64.substr(0, 46) + "\\u0041"), "not base64"},
      {with(good, b64 + "\"}," + std::string(47, ' '), "\"}," + std::string(35, ' ')), "not base64"},
      {with(kGoodHeader, "}}", R"(},"__metadata__":{"nnlock":")" + b64 + R"("}})"), "does not stand"},
      {R"({"__metadata__":{"nnlock":")" + b64 + R"("}})", "does not stand"},
  };
  for (const auto& [header, message] : cases) {
    SCOPED_TRACE(header);
    const auto found = find(safetensors_file(header, kGoodData));
    ASSERT_FALSE(found);
    expect_error(found.error(), ErrorCode::bad_record, message);
  }
  // Spaces before the '}' are no other spelling but form C: the record of another file, whose __metadata__ was empty.
  for (const char* spaces : {" ", "  "}) {
    const auto other = safetensors_file(with(good, "\"},", "\"" + std::string(spaces) + "},"), kGoodData);
    const auto form_c = find(other);
    ASSERT_TRUE(form_c && form_c->has_value());
    const auto restored = malformed::take_out(other, (*form_c)->edits);
    EXPECT_NE(restored, safetensors_file(kGoodHeader, kGoodData));
    const auto edits = codec().embed(restored, record_of(39));
    ASSERT_TRUE(edits) << edits.error().message;
    EXPECT_EQ(*edits, (*form_c)->edits);
  }

  const auto twice = find(safetensors_file(with(good, "{\"__", "{\"__metadata__\":{},\"__"), kGoodData));
  ASSERT_FALSE(twice);
  expect_error(twice.error(), ErrorCode::bad_model, "two __metadata__");
}

TEST(SafetensorsRecord, ALockedFileIsNoPlainFile) {
  const auto plain = safetensors_file(kGoodHeader, kGoodData);
  const auto locked = malformed::put_in(plain, *codec().embed(plain, record_of(39)));
  const auto structure = codec().parse(locked);
  ASSERT_FALSE(structure);
  expect_error(structure.error(), ErrorCode::already_locked, "holds an nnlock record");
  const auto again = codec().embed(locked, record_of(39));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::already_locked);
}

TEST(SafetensorsRecord, SizesThatDoNotFitAreRefused) {
  const auto plain = safetensors_file(kGoodHeader, kGoodData);
  for (const std::size_t size : {0u, 1u, 2u, 4u, 5u}) {
    const auto edits = codec().embed(plain, record_of(size));
    ASSERT_FALSE(edits);
    expect_error(edits.error(), ErrorCode::usage, "does not fit");
  }
  EXPECT_EQ(codec().record_limit() % 3, 0u);
  const auto limit = static_cast<std::size_t>(codec().record_limit());
  EXPECT_FALSE(codec().embed(plain, Bytes(limit + 3)));
  const auto largest = codec().embed(plain, Bytes(limit));
  ASSERT_TRUE(largest) << largest.error().message;
  EXPECT_LE((*largest)[1].stored.size(), 100'000'000u - 1'000'000u + 64u);

  const auto long_header = std::string(kGoodHeader) + std::string(100'000'000 - kGoodHeader.size() - 64, ' ');
  const auto full = safetensors_file(long_header, kGoodData);
  EXPECT_TRUE(codec().embed(full, record_of(3)));
  const auto too_long = codec().embed(full, record_of(30));
  ASSERT_FALSE(too_long);
  expect_error(too_long.error(), ErrorCode::unsupported, "100,000,000 bytes");
}

TEST(SafetensorsRecord, AModelWithoutEntriesHasNoPlaceForIt) {
  const auto edits = codec().embed(safetensors_file("{}", 0), record_of(3));
  ASSERT_FALSE(edits);
  EXPECT_EQ(edits.error().code, ErrorCode::nothing_to_lock);
}

// ---- cost ------------------------------------------------------------------------------------------------------------

// A file of any size of which only the first bytes exist.
class HugeFile final : public ByteSource {
 public:
  explicit HugeFile(Bytes head, std::uint64_t size) : head_(std::move(head)), size_(size) {}
  std::uint64_t size() const override { return size_; }
  Result<void> read(std::uint64_t offset, std::span<std::byte> out) const override {
    return MemorySource(head_).read(offset, out);
  }

 private:
  Bytes head_;
  std::uint64_t size_;
};

TEST(Safetensors, ATerabyteCostsOnlyItsHeader) {
  const auto plain = safetensors_file(kGoodHeader, 0);
  const HugeFile source(plain, std::uint64_t{1} << 40);
  const auto extent = codec().structure_extent(source);
  ASSERT_TRUE(extent) << extent.error().message;
  EXPECT_EQ(*extent, plain.size());
  const auto found = codec().find_record(source);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_FALSE(found->has_value());
}

TEST(Safetensors, RecognisesByLengthAndBrace) {
  const auto recognises = [](const Bytes& file) { return codec().recognises(file, file.size()); };
  EXPECT_TRUE(recognises(safetensors_file(kGoodHeader, kGoodData)));
  EXPECT_TRUE(recognises(safetensors_file("{}", 0)));
  EXPECT_TRUE(recognises(safetensors_file("{" + std::string(5000, ' ') + "}", 0)));
  EXPECT_FALSE(recognises({}));
  EXPECT_FALSE(recognises(safetensors_file("{", 0)));
  EXPECT_FALSE(recognises(safetensors_file("[]", 0)));
  EXPECT_FALSE(recognises(safetensors_file("{1}", 0)));
  EXPECT_FALSE(recognises(malformed::with_length(1, kGoodHeader, 0)));
  EXPECT_FALSE(recognises(malformed::with_length(100'000'001, kGoodHeader, 0)));
  EXPECT_TRUE(recognises(malformed::with_length(5000, kGoodHeader, 0)));  // cut short
}

// ---- real files ------------------------------------------------------------------------------------------------------

struct RealFile {
  const char* name;
  std::size_t params;
  std::uint64_t bytes;
};
constexpr RealFile kRealFiles[] = {{"cifar10_resnet20.safetensors", 97, 1084392}, {"mnist_tinygrad.safetensors", 2, 406528}};

std::filesystem::path data_dir() {
  if (const char* named = std::getenv("NNLOCK_DATA_DIR")) return named;
  const char* source = std::getenv("NNLOCK_SOURCE_DIR");
  return std::filesystem::path(source != nullptr ? source : ".") / ".." / "shared" / "data";
}

Bytes read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

class SafetensorsReal : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::filesystem::exists(data_dir() / "safetensors")) return;
    const char* ci = std::getenv("CI");
    if (ci != nullptr && std::string_view(ci) == "true") FAIL() << "the real model files are missing in CI";
    GTEST_SKIP() << "no real model files: set NNLOCK_DATA_DIR";
  }
};

TEST_F(SafetensorsReal, LocksAtLeast99PercentOfTheWeights) {
  for (const RealFile& real : kRealFiles) {
    SCOPED_TRACE(real.name);
    const auto file = read_file(data_dir() / "safetensors" / real.name);
    const auto structure = codec().parse(file);
    ASSERT_TRUE(structure) << structure.error().message;
    std::uint64_t locked = 0;
    for (const ParamSpan& span : structure->params) locked += span.length;
    EXPECT_EQ(structure->params.size(), real.params);
    EXPECT_EQ(locked, real.bytes);
    const auto extent = codec().structure_extent(MemorySource(file));
    ASSERT_TRUE(extent);
    EXPECT_GE(locked * 100, (file.size() - *extent) * 99);  // no exceptions: all data are weights and biases
    EXPECT_TRUE(structure->unlockable.empty());

    const auto zeroed = codec().parse(malformed::without_parameters(file, *structure));
    ASSERT_TRUE(zeroed);
    EXPECT_TRUE(malformed::same(*structure, *zeroed));
  }
}

TEST_F(SafetensorsReal, CarriesARecord) {
  for (const RealFile& real : kRealFiles) {
    SCOPED_TRACE(real.name);
    const auto file = read_file(data_dir() / "safetensors" / real.name);
    EXPECT_TRUE(codec().recognises(std::span(file).first(4096), file.size()));
    const auto none = find(file);
    ASSERT_TRUE(none) << none.error().message;
    EXPECT_FALSE(none->has_value());
    const auto edits = codec().embed(file, record_of(999));
    ASSERT_TRUE(edits) << edits.error().message;
    const auto locked = malformed::put_in(file, *edits);
    const auto found = find(locked);
    ASSERT_TRUE(found) << found.error().message;
    ASSERT_TRUE(found->has_value());
    EXPECT_EQ((*found)->record, record_of(999));
    EXPECT_EQ(malformed::take_out(locked, (*found)->edits), file);
  }
}

TEST_F(SafetensorsReal, RefusesTheFileWithBytesTooMany) {
  const auto structure = codec().parse(read_file(data_dir() / "safetensors" / "weight-inspect_tiny.safetensors"));
  ASSERT_FALSE(structure);
  expect_error(structure.error(), ErrorCode::bad_model, "the file has 5 bytes that belong to no tensor");
}

TEST_F(SafetensorsReal, EveryFileIsCovered) {
  std::set<std::string> covered = {"weight-inspect_tiny.safetensors"};
  for (const RealFile& real : kRealFiles) covered.insert(real.name);
  for (const auto& entry : std::filesystem::directory_iterator(data_dir() / "safetensors"))
    EXPECT_TRUE(covered.count(entry.path().filename().string())) << entry.path().filename();
}

TEST(Safetensors, ParameterBytesDoNotChangeTheResult) {
  const auto file = safetensors_file(kGoodHeader, kGoodData);
  const auto structure = codec().parse(file);
  ASSERT_TRUE(structure);
  const auto zeroed = codec().parse(malformed::without_parameters(file, *structure));
  ASSERT_TRUE(zeroed);
  EXPECT_TRUE(malformed::same(*structure, *zeroed));
}

}  // namespace
}  // namespace nnlock::formats
