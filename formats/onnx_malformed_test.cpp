// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What the ONNX codec refuses beyond its matrix of wrong fields (malformed/onnx_matrix.cpp), and which files it does not take for ONNX.

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>

#include "formats/codec_testing.hpp"
#include "formats/malformed/onnx_writer.hpp"

namespace nnlock::formats {
namespace {

using namespace malformed;

Result<Structure> parse(const std::string& image) { return onnx_codec().parse(bytes_of(image)); }

bool recognised(const std::string& text) {
  return onnx_codec().recognises(bytes_of(text).first(std::min<std::size_t>(text.size(), 4096)), text.size());
}

Fields one(const Fields& tensor_message) { return initializer(tensor_message); }
Fields w() { return float_tensor("w", 2); }

TEST(OnnxMalformed, ErrorsNameTensorAndOffset) {
  const std::string image = model(one(tensor("conv.weight", DataType::float32, {3}, floats(2))));
  const auto result = parse(image);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().tensor, "conv.weight");
  EXPECT_EQ(result.error().offset, image.find(floats(2)));
}

TEST(OnnxMalformed, EveryTruncationIsRefusedOrHarmless) {
  const std::string image = model(one(w()) + node("Add", {"x", "w"}, {"y"}), metadata("a", "b"));
  for (std::size_t size = 0; size < image.size(); ++size) {
    const auto result = parse(image.substr(0, size));
    if (!result) continue;
    ASSERT_EQ(result->params.size(), 1U) << size;  // cut between two top-level fields
  }
}

TEST(OnnxMalformed, NestingIsBounded) {
  const auto nest = [](int depth) {
    Fields graph = node("Relu", {"x"}, {"y"});
    for (int i = 0; i < depth; ++i) graph = node("If", {"c"}, {}, graph_attribute("then_branch", graph));
    return model(graph);
  };
  EXPECT_TRUE(parse(nest(32)));
  const auto deep = parse(nest(33));
  ASSERT_FALSE(deep);
  EXPECT_EQ(deep.error().code, ErrorCode::unsupported);
  EXPECT_FALSE(parse(nest(100)));
}

TEST(OnnxMalformed, TooManyOfAnythingIsRefusedEarly) {
  const auto repeat = [](const Fields& field, std::size_t count) {
    Fields out;
    for (std::size_t i = 0; i < count; ++i) out += field;
    return model(out);
  };
  const Fields nameless = initializer(number(2, 1) + dims({0}));
  for (const std::string& image :
       {repeat(node("", {}, {}), (1 << 20) + 1), repeat(nameless, (1 << 20) + 1)}) {
    const auto result = parse(image);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::unsupported);
  }
}

TEST(OnnxMalformed, LongNamesUnderLongPathsAreBounded) {
  Fields graph;
  for (int i = 0; i < 20000; ++i) graph += initializer(float_tensor("w" + std::to_string(i), 1));
  for (int i = 0; i < 31; ++i)
    graph = node(std::string(5000, 'O'), {}, {}, graph_attribute(std::string(5000, 'a'), graph));
  const auto result = parse(model(graph));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::unsupported);
}

TEST(OnnxRecognises, ModelsWithAndWithoutVersion) {
  EXPECT_TRUE(recognised(model(one(w()))));
  EXPECT_TRUE(recognised(bytes(7, one(w()))));
  EXPECT_TRUE(recognised(number(1, 8) + bytes(2, "pytorch") + bytes(7, one(float_tensor("w", 5000)))));
  EXPECT_TRUE(recognised(number(1, 8) + bytes(6, std::string(9000, 'd')) + bytes(7, one(w()))));
}

TEST(OnnxRecognises, NothingElse) {
  const std::string zeros(64, '\0');
  const std::string others[] = {"",
                                "\n",
                                "# A README\n\nBuild with: make\n",
                                "{\"a\": 1}",
                                "BBBB: some text",
                                ": z text in a file",
                                std::string("PK\x03\x04\x14", 5) + zeros,
                                std::string("GGUF\x03\0\0\0", 8) + zeros,
                                std::string("\x1c\0\0\0TFL3", 8) + zeros,
                                std::string("\x08\x07\0\0\0\0\0\0{\"__metadata__\":{}}", 26) + zeros,
                                std::string("\x7f"
                                            "ELF"),
                                zeros,
                                bytes(7, ""),
                                number(1, 8),
                                number(1, 0) + bytes(7, one(w())),
                                bytes(2, std::string("a\0b", 3)) + bytes(7, one(w())),
                                model(one(w())).substr(0, 20)};
  for (const std::string& text : others) EXPECT_FALSE(recognised(text)) << text.substr(0, 20);
}

TEST(OnnxRecognises, NoRandomBytes) {
  std::mt19937 random(1);
  int hits = 0;
  for (int i = 0; i < 400000; ++i) {
    std::string text(i % 100 == 0 ? 4096 : 64, '\0');
    for (char& c : text) c = static_cast<char>(random());
    // As the head of a large file, where any length fits. (Heads shorter than 4096 bytes are harder to tell
    // apart.)
    if (onnx_codec().recognises(bytes_of(text), 1 << 30)) ++hits;
  }
  EXPECT_LE(hits, 4);
}

}  // namespace
}  // namespace nnlock::formats
