// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include <filesystem>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "formats/codec_testing.hpp"
#include "formats/malformed/safetensors_writer.hpp"
#include "formats/real_models_testing.hpp"

namespace nnlock::formats {
namespace {

TEST(Detect, WordsForFormatsAndDtypes) {
  EXPECT_STREQ(to_string(Format::raw), "raw");
  EXPECT_STREQ(to_string(Format::safetensors), "safetensors");
  EXPECT_STREQ(to_string(Format::tflite), "tflite");
  EXPECT_STREQ(to_string(Format::onnx), "onnx");
  EXPECT_STREQ(to_string(static_cast<Format>(200)), "unknown");
  EXPECT_STREQ(to_string(Dtype::opaque), "opaque");
  EXPECT_STREQ(to_string(Dtype::f8), "f8");
  EXPECT_STREQ(to_string(Dtype::bf16), "bf16");
  EXPECT_STREQ(to_string(Dtype::string), "string");
  EXPECT_STREQ(to_string(static_cast<Dtype>(200)), "opaque");
  std::set<std::string> words;
  for (int i = 0; i <= static_cast<int>(Dtype::string); ++i) words.insert(to_string(static_cast<Dtype>(i)));
  EXPECT_EQ(words.size(), static_cast<std::size_t>(Dtype::string) + 1);
}

TEST(Detect, NumbersInRecordsNameCodecs) {
  for (const Codec* codec : codecs()) {
    const auto found = codec_for(codec->format());
    ASSERT_TRUE(found);
    EXPECT_EQ(*found, codec);
  }
  for (const Format unknown : {Format::raw, static_cast<Format>(255)}) {
    const auto found = codec_for(unknown);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, ErrorCode::unsupported);
  }
}

TEST(Detect, KnowsSafetensors) {
  const auto file = malformed::safetensors_file(malformed::kGoodHeader, malformed::kGoodData);
  const auto codec = detect(MemorySource(file));
  ASSERT_TRUE(codec) << codec.error().message;
  EXPECT_EQ((*codec)->format(), Format::safetensors);
}

TEST(Detect, OtherFilesAreNoModels) {
  for (const std::string_view text :
       {std::string_view(""), std::string_view("\0", 1), std::string_view("hello, world\n"),
        std::string_view("{\"a\":1}"), std::string_view("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16),
        std::string_view("PK\1\2\24\0\0\0\0\0\0\0\0\0\0\0", 16), std::string_view("GGML\3\0\0\0\0\0\0\0\0\0\0\0", 16),
        std::string_view("\x7f" "ELF\2\1\1\0\0\0\0\0\0\0\0\0", 16)}) {
    const auto codec = detect(MemorySource(bytes_of(text)));
    ASSERT_FALSE(codec) << text;
    EXPECT_EQ(codec.error().code, ErrorCode::bad_model);
  }
}

TEST(Detect, TheHintNamesEveryFormat) {
  const auto codec = detect(MemorySource(bytes_of("hello, world\n")));
  ASSERT_FALSE(codec);
  for (const Codec* known : codecs()) EXPECT_NE(codec.error().hint.find(to_string(known->format())), std::string::npos) << codec.error().hint;
}

TEST(Detect, EveryCodecDescribesItsFormatOnce) {
  std::set<Format> seen;
  for (const FormatFacts& facts : facts_of_all()) {
    EXPECT_TRUE(seen.insert(facts.format).second) << facts.title;
    for (const std::string& text : {facts.title, facts.files, facts.locked, facts.readable, facts.record}) EXPECT_FALSE(text.empty()) << facts.title;
  }
  for (const Codec* codec : codecs()) {
    EXPECT_TRUE(seen.contains(codec->format()));
    EXPECT_EQ(codec->facts().format, codec->format());
  }
}

class DetectReal : public RealModels {
 protected:
  void SetUp() override { need(""); }
};

TEST_F(DetectReal, FilesAreTakenByTheCodecOfTheirName) {
  for (const Codec* codec : codecs()) {
    const std::string format = to_string(codec->format());
    const std::string names = codec->facts().files;  // "*.param, ...": the first one counts
    const std::string extension = names.substr(1, names.find_first_of(", ") - 1);
    int seen = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(data_dir())) {
      if (entry.path().extension() != extension) continue;
      const auto file = read_file(entry.path());
      const auto taken = detect(MemorySource(bytes_of(file)));
      ASSERT_TRUE(taken) << entry.path().filename() << ": " << taken.error().message;
      EXPECT_EQ((*taken)->format(), codec->format()) << entry.path().filename();
      ++seen;
    }
    EXPECT_GT(seen, 0) << format;
  }
}

}  // namespace
}  // namespace nnlock::formats
