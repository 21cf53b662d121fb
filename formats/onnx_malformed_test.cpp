// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// One wrong field at a time: what the ONNX codec refuses, and which files it does not take for ONNX.

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

struct Case {
  const char* name;
  std::string image;
  const char* message;  // a part of it
  ErrorCode code = ErrorCode::bad_model;
};

Fields one(const Fields& tensor_message) { return initializer(tensor_message); }
const Fields w() { return float_tensor("w", 2); }

std::vector<Case> cases() {
  const auto t = [](const Fields& message) { return model(one(message)); };
  const Fields nested = graph_attribute("then_branch", node("If", {}, {}));
  return {
      {"no graph", number(1, 8), "no graph"},
      {"two graphs", model(one(w())) + bytes(7, node("Relu", {"x"}, {"y"})), "stands twice"},
      {"two versions", model(one(w())) + number(1, 8), "stands twice"},
      {"graph as a number", number(1, 8) + number(7, 1), "wire type 0"},
      {"metadata as a number", model(one(w()), number(14, 1)), "wire type 0"},
      {"metadata with two keys", model(one(w()), bytes(14, bytes(1, "a") + bytes(1, "a"))), "stands twice"},
      {"metadata cut off", model(one(w()), bytes(14, "\x0a\x07")), "does not fit"},
      {"a group", model(one(w())) + "\x7b\x7c", "wire type 3"},
      {"wire type 7", model(one(w())) + "\x7f", "wire type 7"},
      {"field number 0", model(one(w())) + '\0', "no protobuf field tag"},
      {"an overlong tag",
       model(one(w())) + "\xf2" + '\0' +
           "\x01"
           "A",
       "no protobuf field tag"},
      {"a tag cut off", model(one(w())) + "\xf2", "no protobuf field tag"},
      {"a graph longer than the file", number(1, 8) + "\x3a\x7f" + node("Relu", {"x"}, {"y"}),
       "does not fit"},
      {"an enormous length", number(1, 8) + "\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "too long"},
      {"a tensor longer than the graph", model(one(w()).substr(0, 6)), "does not fit"},
      {"an initializer as a number", model(number(5, 1)), "wire type 0"},
      {"a node as a number", model(number(1, 1)), "wire type 0"},
      {"two graph names", model(bytes(2, "a") + bytes(2, "a")), "stands twice"},

      {"two tensor names", t(w() + bytes(8, "w")), "stands twice"},
      {"two data types", t(w() + number(2, 1)), "stands twice"},
      {"two raw_data", t(w() + bytes(9, floats(2))), "stands twice"},
      {"raw_data and float_data", t(w() + bytes(4, floats(2))), "values in raw_data and in float_data"},
      {"raw_data and int32_data", t(w() + bytes(5, "a")), "values in raw_data and in int32_data"},
      {"raw_data and external_data", t(w() + bytes(13, "")), "values in raw_data and in external_data"},
      {"no values", t(dims({2}) + number(2, 1)), "no values"},
      {"no data type", t(dims({2}) + bytes(9, floats(2))), "no data type"},
      {"data type 29", t(dims({2}) + number(2, 29) + bytes(9, floats(2))), "unknown data type 29", ErrorCode::unsupported},
      {"data type 2^32 + 1", t(dims({2}) + number(2, (1ULL << 32) + 1) + bytes(9, floats(2))),
       "unknown data type", ErrorCode::unsupported},
      {"raw_data too short", t(tensor("w", DataType::float32, {3}, floats(2))), "needs 12 bytes but has 8"},
      {"raw_data too long", t(tensor("w", DataType::float32, {}, floats(2))), "needs 4 bytes but has 8"},
      {"float_data too short", t(dims({3}) + number(2, 1) + bytes(4, floats(2))), "needs 12 bytes"},
      {"half a float", t(dims({1}) + number(2, 1) + bytes(4, "abc")), "needs 4 bytes"},
      {"text in raw_data", t(dims({1}) + number(2, 8) + bytes(9, "a")), "cannot stand in raw_data"},
      {"floats in double_data", t(dims({1}) + number(2, 1) + bytes(10, floats(2))),
       "cannot stand in double_data"},
      {"floats in int32_data", t(dims({1}) + number(2, 1) + bytes(5, "a")), "cannot stand in int32_data"},
      {"a negative dimension", t(dims({~0ULL}) + number(2, 1) + bytes(9, "")), "negative dimension"},
      {"elements overflow", t(tensor("w", DataType::int8, {1ULL << 32, 1ULL << 32}, "")), "more elements"},
      {"more elements than a file", t(tensor("w", DataType::int2, {1ULL << 62}, "")), "more elements"},
      {"256 dimensions", t(tensor("w", DataType::int8, std::vector<std::uint64_t>(256, 1), "a")),
       "more than 255"},
      {"packed dimensions cut off", t(bytes(1, "\x80") + number(2, 1) + bytes(9, "")), "cut off"},
      {"raw_data as a number", t(dims({1}) + number(2, 3) + number(9, 1)), "wire type 0"},
      {"float_data as numbers", t(dims({1}) + number(2, 1) + number(4, 1)), "wire type 0"},
      {"data_location 2", t(w() + number(14, 2)), "unclear"},
      {"external_data without data_location", t(dims({2}) + number(2, 1) + bytes(13, "")), "unclear"},
      {"a segment", t(w() + bytes(3, "")), "segments", ErrorCode::unsupported},
      {"external data",
       t(dims({2}) + number(2, 1) + bytes(13, bytes(1, "location") + bytes(2, "w.bin")) + number(14, 1)),
       "another file (w.bin)", ErrorCode::unsupported},

      {"two initializers of one name", model(one(w()) + one(w())), "same name"},
      {"input, then two initializers", model(graph_input("w") + one(w()) + one(w())), "same name"},
      {"two inputs of one name", model(graph_input("w") + graph_input("w")), "same name"},
      {"two outputs of one name", model(node("Relu", {"x"}, {"y"}) + node("Relu", {"x"}, {"y"})),
       "same name"},
      {"an output over an initializer", model(one(w()) + node("Relu", {"x"}, {"w"})), "same name"},
      {"two op_types", model(bytes(1, node_body("Relu", {}, {}) + bytes(4, "Relu"))), "stands twice"},
      {"two tensors in an attribute",
       model(node("Constant", {}, {"c"}, attribute("value", 4, bytes(5, w()) + bytes(5, w())))),
       "stands twice"},
      {"an attribute of two kinds",
       model(node("Constant", {}, {"c"}, attribute("value", 4, bytes(5, w()) + number(3, 1)))), "two kinds"},
      {"an attribute of another type",
       model(node("Constant", {}, {"c"}, attribute("value", 1, bytes(5, w())))), "not of the type"},
      {"one attribute twice",
       model(node("Constant", {}, {"c"}, tensor_attribute("value", w()) + tensor_attribute("value", w()))),
       "stands twice on one node"},
      {"a broken tensor deep inside",
       model(node("If", {}, {}, graph_attribute("then_branch", one(w() + number(2, 1))))), "stands twice"},
      {"a list that ends inside a float",
       model(node("Constant", {}, {"c"}, attribute("value_floats", 6, bytes(7, "abcde")))), "inside a float"},
      {"two values in a sparse tensor", model(bytes(15, bytes(1, w()) + bytes(1, w()))), "stands twice"},
      {"one function twice", model(one(w()), bytes(25, bytes(1, "f")) + bytes(25, bytes(1, "f"))),
       "defined twice"},
      {"two algorithms", model(one(w()), bytes(20, bytes(2, "") + bytes(2, ""))), "stands twice"},
  };
}

TEST(OnnxMalformed, OneWrongFieldEach) {
  for (const Case& item : cases()) {
    const auto result = parse(item.image);
    ASSERT_FALSE(result) << item.name;
    EXPECT_EQ(result.error().code, item.code) << item.name << ": " << result.error().message;
    EXPECT_NE(result.error().message.find(item.message), std::string::npos)
        << item.name << ": " << result.error().message;
  }
}

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
