// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Names that model files give, and the index of a sharded model, which gives some.

#include <gtest/gtest.h>

#include <string>

#include "formats/codec_testing.hpp"
#include "formats/file_names.hpp"
#include "formats/safetensors_index.hpp"

namespace nnlock::formats {
namespace {

using namespace std::string_literals;

TEST(FileNames, StayBelowTheFolder) {
  for (const auto& name : {"a"s, "weights.bin"s, "onnx/data/w 1.bin"s, "...x"s, ".hidden"s, std::string(4096, 'n')})
    EXPECT_TRUE(check_relative_name(name)) << name;
  for (const auto& name : {""s, "/etc/passwd"s, "../w"s, "a/../w"s, "a/.."s, "."s, "./w"s, "a//b"s, "a/"s, "a\\b"s, "a\0b"s, "a\nb"s, "a\x7f"s,
                           std::string(4097, 'n')}) {
    const auto checked = check_relative_name(name);
    ASSERT_FALSE(checked) << name;
    EXPECT_EQ(checked.error().code, ErrorCode::bad_model);
  }
}

TEST(FileNames, ExtensionsAreReplaced) {
  EXPECT_EQ(with_extension("model.xml", ".bin"), "model.bin");
  EXPECT_EQ(with_extension("v1.2/model", ".bin"), "v1.2/model.bin");
  EXPECT_EQ(with_extension("a/.hidden", ".bin"), "a/.hidden.bin");
}

Result<std::optional<ShardMap>> index_of(const std::string& text) { return read_safetensors_index(MemorySource(bytes_of(text))); }

TEST(SafetensorsIndex, TellsTheShardsAndTheirTensors) {
  const auto index = index_of(R"( {"metadata":{"total_size":8},"weight_map":{"b":"m-2.safetensors","a":"m-1.safetensors","c":"m-2.safetensors"}})");
  ASSERT_TRUE(index && index->has_value());
  EXPECT_EQ(**index, (ShardMap{{"m-1.safetensors", {"a"}}, {"m-2.safetensors", {"b", "c"}}}));
}

TEST(SafetensorsIndex, OtherFilesAreNone) {
  for (const char* text : {"", "x", "{", "[]", "{}", R"({"model_type":"llama"})", R"({"weight_map")"}) {
    const auto index = index_of(text);
    ASSERT_TRUE(index) << text;
    EXPECT_FALSE(index->has_value()) << text;
  }
}

TEST(SafetensorsIndex, WrongOnesAreRefused) {
  for (const char* text : {R"({"weight_map":[]})", R"({"weight_map":{}})", R"({"weight_map":1})", R"({"weight_map":{"a":{}}})",
                           R"({"weight_map":{"a":"x"},"weight_map":{"a":"y"}})", R"({"weight_map":{"a":1}})", R"({"weight_map":{"a":"../b"}})",
                           R"({"weight_map":{"a":"x","a":"y"}})", R"({"weight_map":{"a":"/x"}})"}) {
    const auto index = index_of(text);
    ASSERT_FALSE(index) << text;
    EXPECT_EQ(index.error().code, ErrorCode::bad_model);
  }
  const auto deep = index_of(R"({"weights":)" + std::string(1'000'000, '['));
  EXPECT_TRUE(deep && !deep->has_value());
}

}  // namespace
}  // namespace nnlock::formats
