// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// How an ONNX file carries a record (spec/record-v1.md section 6.4).

#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "formats/codec_testing.hpp"
#include "formats/malformed/onnx_writer.hpp"

namespace nnlock::formats {
namespace {

using namespace malformed;

const std::string& plain() {
  static const std::string image = model(initializer(float_tensor("w", 8)), metadata("author", "somebody"));
  return image;
}

std::string with_record(const std::string& image, const std::vector<std::byte>& record) {
  const auto edits = onnx_codec().embed(bytes_of(image), record);
  EXPECT_TRUE(edits);
  EXPECT_EQ(edits->size(), 1U);
  EXPECT_EQ((*edits)[0].offset, image.size());
  EXPECT_TRUE((*edits)[0].restored.empty());
  const auto& stored = (*edits)[0].stored;
  return image + std::string(reinterpret_cast<const char*>(stored.data()), stored.size());
}

ErrorCode find_error(const std::string& image) {
  const auto found = onnx_codec().find_record(MemorySource(bytes_of(image)));
  EXPECT_FALSE(found);
  return found ? ErrorCode{} : found.error().code;
}

TEST(OnnxRecord, ComesBackAsItWentIn) {
  for (const std::size_t size : {0U, 3U, 6U, 96U, 99U, 12288U, 999999U}) {
    const std::vector<std::byte> record(size, std::byte{0x5a});
    const std::string image = with_record(plain(), record);
    const auto found = onnx_codec().find_record(MemorySource(bytes_of(image)));
    ASSERT_TRUE(found) << found.error().message;
    ASSERT_TRUE(found->has_value());
    EXPECT_EQ((*found)->record, record);
    EXPECT_EQ((*found)->edits, *onnx_codec().embed(bytes_of(plain()), record));
    EXPECT_TRUE(onnx_codec().parse(bytes_of(image)));
  }
}

TEST(OnnxRecord, HasTheSpecifiedSpelling) {
  const std::string image = with_record(plain(), std::vector<std::byte>(3));
  EXPECT_EQ(image.substr(plain().size()),
            "\x72\x0e\x0a\x06nnlock\x12\x04"
            "AAAA");
}

TEST(OnnxRecord, NoneIsNoError) {
  const auto found = onnx_codec().find_record(MemorySource(bytes_of(plain())));
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->has_value());
}

TEST(OnnxRecord, OddSizesAreTheCallersMistake) {
  const auto edits = onnx_codec().embed(bytes_of(plain()), std::vector<std::byte>(4));
  ASSERT_FALSE(edits);
  EXPECT_EQ(edits.error().code, ErrorCode::usage);
}

TEST(OnnxRecord, DoubledMovedOrRespelledIsBad) {
  const std::string record = metadata("nnlock", "AAAA");
  EXPECT_EQ(find_error(plain() + record + record), ErrorCode::bad_record);
  EXPECT_EQ(find_error(record + plain()), ErrorCode::bad_record);
  EXPECT_EQ(find_error(plain() + record + metadata("a", "b")), ErrorCode::bad_record);
  EXPECT_EQ(find_error(plain() + metadata("nnlock", "AAAB=")), ErrorCode::bad_record);
  EXPECT_EQ(find_error(plain() + metadata("nnlock", "AA\nA")), ErrorCode::bad_record);
  const auto entry = [](const Fields& fields) { return bytes(onnx::model::metadata_props, fields); };
  const Fields key = bytes(1, "nnlock"), value = bytes(2, "AAAA");
  EXPECT_EQ(find_error(plain() + entry(value + key)), ErrorCode::bad_record);
  EXPECT_EQ(find_error(plain() + entry(key)), ErrorCode::bad_record);
  EXPECT_EQ(find_error(plain() + entry(key + value + value)), ErrorCode::bad_record);
  EXPECT_EQ(find_error(plain() + entry(bytes(1, "other") + key + value)), ErrorCode::bad_record);
  EXPECT_EQ(find_error(plain() + entry(key + bytes(1, "other") + value)), ErrorCode::bad_record);
  EXPECT_EQ(find_error(plain() + entry(key + value + number(3, 1))), ErrorCode::bad_record);
  EXPECT_EQ(find_error(plain() + "\x72\x8e" + '\0' + key + value), ErrorCode::bad_record);
  EXPECT_EQ(find_error(plain() + entry(key + "\x12\x84" + std::string(1, '\0') + "AAAA")),
            ErrorCode::bad_record);
}

TEST(OnnxRecord, BrokenFilesAreBadModels) {
  EXPECT_EQ(find_error(plain() + '\0'), ErrorCode::bad_model);
  EXPECT_EQ(find_error(plain() + "\x72\x7f"), ErrorCode::bad_model);
  EXPECT_EQ(find_error(plain() + "\x0b"), ErrorCode::bad_model);
}

// A source that fails on every read past a certain offset, and counts what is read.
class LimitedSource final : public ByteSource {
 public:
  LimitedSource(std::string text, std::uint64_t good) : text_(std::move(text)), good_(good) {}
  std::uint64_t size() const override { return text_.size(); }
  Result<void> read(std::uint64_t offset, std::span<std::byte> out) const override {
    total += out.size();
    if (!inside(offset, out.size(), good_))
      return Error{.code = ErrorCode::io, .message = "the disk is on fire"};
    std::memcpy(out.data(), text_.data() + offset, out.size());
    return {};
  }
  mutable std::uint64_t total = 0;  // bytes

 private:
  std::string text_;
  std::uint64_t good_;
};

TEST(OnnxRecord, SearchStepsOverTheGraphAndReportsReadErrors) {
  const std::string big = model(initializer(float_tensor("w", 1 << 20)));
  const LimitedSource whole(big, big.size());
  EXPECT_TRUE(onnx_codec().find_record(whole));
  EXPECT_LT(whole.total, 20000U);
  const auto found = onnx_codec().find_record(LimitedSource(big, 100000));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::io);
}

}  // namespace
}  // namespace nnlock::formats
