// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// One wrong field at a time: what the safetensors codec refuses.

#include <string>

#include "formats/safetensors_testing.hpp"

namespace nnlock::formats {
namespace {

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

}  // namespace
}  // namespace nnlock::formats
