// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// How a TFLite file carries a record (spec/record-v1.md section 6.3).

#include <algorithm>
#include <string>

#include "formats/tflite_testing.hpp"

namespace nnlock::formats {
namespace {

TEST(TfliteRecord, EmbedAndFindAreInverse) {
  const std::string text = write_tflite(small_model()).bytes;
  const std::string record = "a record";
  const auto edits = tflite_codec().embed(bytes_of(text), bytes_of(record));
  ASSERT_TRUE(edits);
  ASSERT_EQ(edits->size(), 1u);
  EXPECT_EQ((*edits)[0].offset, text.size());
  EXPECT_TRUE((*edits)[0].restored.empty());
  std::string stored(reinterpret_cast<const char*>((*edits)[0].stored.data()), (*edits)[0].stored.size());
  EXPECT_EQ(stored, record + std::string("\0\0\0\0\0\0\0\10NNLOCKT1", 16));
  const std::string locked = text + stored;
  const auto found = tflite_codec().find_record(MemorySource(bytes_of(locked)));
  ASSERT_TRUE(found);
  ASSERT_TRUE(found->has_value());
  EXPECT_EQ((*found)->edits, *edits);
  EXPECT_TRUE(std::ranges::equal((*found)->record, bytes_of(record)));
}

TEST(TfliteRecord, RefusesDamagedFraming) {
  const auto find = [](const std::string& text) {
    return tflite_codec().find_record(MemorySource(bytes_of(text)));
  };
  const auto code = [&](const std::string& text) {
    const auto found = find(text);
    return found ? ErrorCode{} : found.error().code;
  };
  const std::string text = write_tflite(small_model()).bytes;
  const auto trailer = [](std::uint64_t length) {
    malformed::FlatWriter writer;
    writer.bytes.assign(8, '\0');
    for (std::size_t i = 0; i < 8; ++i) writer.poke(i, length >> (56 - 8 * i), 1);
    return writer.bytes + "NNLOCKT1";
  };
  for (const std::string& plain : {std::string(), std::string("NNLOCKT"), text, text + "NNLOCKT2"}) {
    const auto found = find(plain);
    ASSERT_TRUE(found);
    EXPECT_FALSE(found->has_value());
  }
  EXPECT_TRUE(find(text + trailer(0)));
  EXPECT_TRUE(find(text + trailer(text.size())));
  EXPECT_EQ(code(text + trailer(text.size() + 1)), ErrorCode::bad_record);
  EXPECT_EQ(code(text + trailer(0xffffffffffffffff)), ErrorCode::bad_record);
  EXPECT_EQ(code(text + trailer((std::uint64_t{1} << 30) + 1)), ErrorCode::bad_record);
  EXPECT_EQ(code("NNLOCKT1"), ErrorCode::bad_record);
  EXPECT_EQ(code(text + "r" + trailer(1) + "s" + trailer(1)), ErrorCode::bad_record);
  const auto twice = tflite_codec().embed(bytes_of(text + trailer(0)), bytes_of("r"));
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code, ErrorCode::already_locked);
}

}  // namespace
}  // namespace nnlock::formats
