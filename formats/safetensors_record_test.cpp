// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// How a safetensors file carries a record (spec/record-v1.md section 6.2).

#include <string>
#include <utility>
#include <vector>

#include "formats/base64.hpp"
#include "formats/safetensors_testing.hpp"

namespace nnlock::formats {
namespace {

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
      const auto locked = put_in(plain, *edits);
      EXPECT_EQ((locked.size() - plain.size()) % 64, 0u);
      const auto found = find(locked);
      ASSERT_TRUE(found) << found.error().message;
      ASSERT_TRUE(found->has_value());
      EXPECT_EQ((*found)->record, record);
      EXPECT_EQ((*found)->edits, *edits);
      EXPECT_EQ(take_out(locked, (*found)->edits), plain);
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
    const auto locked = put_in(plain, *codec().embed(plain, record_of(39)));
    for (std::size_t at = 0; at < locked.size() - kGoodData; ++at) {
      for (const char c : std::string_view(" \t\n,:{}\"\\/=A1n\0", 15)) {
        auto changed = locked;
        changed[at] = static_cast<std::byte>(c);
        const auto found = find(changed);
        if (!found || !found->has_value()) continue;
        const auto restored = take_out(changed, (*found)->edits);
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
    const auto restored = take_out(other, (*form_c)->edits);
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
  const auto locked = put_in(plain, *codec().embed(plain, record_of(39)));
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

}  // namespace
}  // namespace nnlock::formats
