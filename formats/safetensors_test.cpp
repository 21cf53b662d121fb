// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Which tensors of a safetensors file are parameters, which files are taken, and what a large one costs.

#include <map>
#include <string>
#include <vector>

#include "formats/safetensors_testing.hpp"

namespace nnlock::formats {
namespace {

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

TEST(Safetensors, ParameterBytesDoNotChangeTheResult) {
  const auto file = safetensors_file(kGoodHeader, kGoodData);
  const auto structure = codec().parse(file);
  ASSERT_TRUE(structure);
  const auto zeroed = codec().parse(without_parameters(file, *structure));
  ASSERT_TRUE(zeroed);
  EXPECT_TRUE(same(*structure, *zeroed));
}

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

}  // namespace
}  // namespace nnlock::formats
