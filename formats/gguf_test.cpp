// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Which tensors of a GGUF file are parameters, what their structs are, and how a file carries a record.

#include <algorithm>
#include <string>
#include <vector>

#include "formats/gguf_split.hpp"
#include "formats/gguf_testing.hpp"
#include "formats/gguf_types.hpp"

namespace nnlock::formats {
namespace {

TEST(Gguf, FindsParametersAndKeepsCountersAndEmptyTensors) {
  const GgufText text = write_gguf(small_gguf());
  const auto found = gguf_codec().parse(bytes_of(text.bytes));
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->params.size(), 4u);
  EXPECT_EQ(found->params[0].name, "token_embd.weight");
  EXPECT_EQ(found->params[0].dtype, Dtype::f32);
  EXPECT_EQ(found->params[0].shape, (std::vector<std::uint64_t>{8, 2}));
  EXPECT_EQ(found->params[0].offset, text.tensors[0].data);
  EXPECT_EQ(found->params[0].length, 64u);
  EXPECT_EQ(found->params[0].structs, StructLayout());
  EXPECT_EQ(found->params[1].dtype, Dtype::opaque);
  EXPECT_EQ(found->params[1].offset, text.tensors[1].data);
  EXPECT_EQ(found->params[1].length, 54u);
  EXPECT_EQ(found->params[1].structs, (StructLayout{.bytes = 18, .fields = {{0, Dtype::f16}}}));
  EXPECT_EQ(found->params[2].structs, (StructLayout{.bytes = 144, .fields = {{0, Dtype::f16}, {2, Dtype::f16}}}));
  EXPECT_EQ(found->params[3].dtype, Dtype::f16);
  EXPECT_EQ(found->params[3].offset + 10, text.bytes.size());
  ASSERT_EQ(found->constants.size(), 2u);
  EXPECT_EQ(found->constants[0].name, "ids");
  EXPECT_EQ(found->constants[0].reason, "64-bit integers are counters or indices");
  EXPECT_EQ(found->constants[0].offset, text.tensors[3].data);
  EXPECT_EQ(found->constants[1].reason, "it has no elements");
}

TEST(Gguf, LooksAtNoMoreThanTheHead) {
  const GgufText text = write_gguf(small_gguf());
  const auto extent = gguf_codec().structure_extent(MemorySource(bytes_of(text.bytes)));
  ASSERT_TRUE(extent);
  EXPECT_EQ(*extent, text.data);
  const Bytes file = gguf_bytes(text.bytes);
  const auto found = gguf_codec().parse(file);
  ASSERT_TRUE(found);
  const auto zeroed = gguf_codec().parse(without_parameters(file, *found));
  ASSERT_TRUE(zeroed);
  EXPECT_TRUE(same(*found, *zeroed));
}

// One row of each type, of two structs.
TEST(Gguf, EveryTypeHasItsStructs) {
  std::size_t quantised = 0, without_fields = 0;
  for (const gguf::TensorType& type : gguf::kTensorTypes) {
    SCOPED_TRACE(type.name);
    const std::uint64_t row = 2U * type.elements;
    const auto found = parse_gguf({.tensors = {{.name = "t", .type = type.id, .shape = {row}, .bytes = 2U * type.bytes}}});
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(found->params.size(), type.dtype == Dtype::i64 ? 0u : 1u);
    EXPECT_FALSE(parse_gguf({.tensors = {{.name = "t", .type = type.id, .shape = {row}, .bytes = 2U * type.bytes - 1}}}));
    EXPECT_EQ(type.elements == 1, type.dtype != Dtype::opaque);
    if (type.elements == 1) continue;
    ++quantised;
    const StructLayout& structs = found->params[0].structs;
    if (structs.fields.empty()) ++without_fields;
    else EXPECT_EQ(structs.bytes, type.bytes);
    for (const StructField& field : structs.fields) EXPECT_LE(field.offset + (field.dtype == Dtype::f32 ? 4u : 2u), structs.bytes);
    EXPECT_FALSE(parse_gguf({.tensors = {{.name = "t", .type = type.id, .shape = {row + 1}, .bytes = 2U * type.bytes}}}));
  }
  EXPECT_EQ(quantised, 27u);
  EXPECT_EQ(without_fields, 3u);  // IQ1_M, MXFP4, NVFP4
}

TEST(Gguf, AcceptsWhatStockReadersAccept) {
  GgufModel model = small_gguf();
  model.tail = std::string(5000, 't');
  EXPECT_TRUE(parse_gguf(model));
  model.version = 2;
  EXPECT_TRUE(parse_gguf(model));
  model.tensors.back() = {.name = "scalar", .type = 0, .shape = {}, .bytes = 4};
  EXPECT_TRUE(parse_gguf(model));
  model.tensors.back() = {.name = "empty too", .type = 0, .shape = {1ULL << 62, 1ULL << 62, 0}, .bytes = 0};
  EXPECT_TRUE(parse_gguf(model));
  model.tensors.back() = {.name = "", .type = 24, .shape = {1, 1, 1, 1}, .bytes = 1};
  EXPECT_TRUE(parse_gguf(model));
  const auto vocabulary = parse_gguf({.key_values = small_gguf().key_values});
  ASSERT_TRUE(vocabulary) << vocabulary.error().message;
  EXPECT_TRUE(vocabulary->params.empty());
  EXPECT_TRUE(parse_gguf({}));
}

// A file of any size of which only the first bytes exist.
class HugeFile final : public ByteSource {
 public:
  explicit HugeFile(std::string head, std::uint64_t size) : head_(std::move(head)), size_(size) {}
  std::uint64_t size() const override { return size_; }
  Result<void> read(std::uint64_t offset, std::span<std::byte> out) const override {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = offset + i < head_.size() ? std::byte(head_[offset + i]) : std::byte{0};
    read_ += out.size();
    return {};
  }
  std::uint64_t bytes_read() const { return read_; }

 private:
  std::string head_;
  std::uint64_t size_;
  mutable std::uint64_t read_ = 0;
};

TEST(Gguf, ATerabyteCostsOnlyItsHead) {
  const GgufText text = write_gguf(small_gguf());
  const HugeFile source(text.bytes, std::uint64_t{1} << 40);
  const auto extent = gguf_codec().structure_extent(source);
  ASSERT_TRUE(extent) << extent.error().message;
  EXPECT_EQ(*extent, text.data);
  const auto found = gguf_codec().find_record(source);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_FALSE(found->has_value());
  EXPECT_LT(source.bytes_read(), 1u << 20);
}

TEST(Gguf, ReadsHeadsLargerThanItsBuffer) {
  GgufModel model = small_gguf();
  std::string tokens;
  for (int i = 0; i < 50000; ++i) tokens += malformed::gguf_string("token " + std::to_string(i));
  model.key_values.push_back({"more.tokens", malformed::gguf_array(8, 50000, tokens)});
  model.key_values.push_back({"blob", malformed::gguf_array(0, 1 << 20, std::string(1 << 20, 'b'))});
  model.key_values.push_back({std::string(65535, 'k'), malformed::gguf_text(std::string(1 << 20, 's'))});
  for (int i = 0; i < 5000; ++i) model.tensors.push_back({.name = "tensor " + std::to_string(i), .type = 24, .shape = {1}, .bytes = 1});
  const GgufText text = write_gguf(model);
  const auto found = gguf_codec().parse(bytes_of(text.bytes));
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->params.size(), 5004u);
  EXPECT_EQ(found->params.back().offset, text.tensors.back().data);
  EXPECT_EQ(found->params.back().name, "tensor 4999");
}

TEST(GgufSplit, IsReadFromTheKeyValues) {
  const auto split_of = [](std::vector<std::pair<std::string, std::string>> key_values) {
    return gguf_split(MemorySource(bytes_of(write_gguf({.key_values = std::move(key_values)}).bytes)));
  };
  const auto second = split_of({{"split.count", malformed::gguf_u16(3)}, {"a", malformed::gguf_u32(9)}, {"split.no", malformed::gguf_u16(1)}});
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(*second, (Split{.no = 1, .count = 3}));
  for (const auto& whole : {split_of({}), split_of({{"split.no", malformed::gguf_u16(0)}, {"split.count", malformed::gguf_u16(1)}}),
                            split_of({{"split.count", malformed::gguf_u16(0)}})}) {
    ASSERT_TRUE(whole) << whole.error().message;
    EXPECT_FALSE(whole->has_value());
  }
  EXPECT_FALSE(split_of({{"split.no", malformed::gguf_u16(1)}}));
  EXPECT_FALSE(split_of({{"split.no", malformed::gguf_u16(2)}, {"split.count", malformed::gguf_u16(2)}}));
  EXPECT_FALSE(split_of({{"split.count", malformed::gguf_u16(2)}, {"split.count", malformed::gguf_u16(2)}}));
  EXPECT_FALSE(gguf_split(MemorySource(bytes_of("GGUF"))));
}

TEST(GgufRecord, StandsBehindTheTensorData) {
  for (const std::string tail : {"", "other bytes"}) {
    GgufModel model = small_gguf();
    model.tail = tail;
    const Bytes file = gguf_bytes(write_gguf(model).bytes);
    const Bytes record(999, std::byte{0xc5});
    const auto edits = gguf_codec().embed(file, record);
    ASSERT_TRUE(edits) << edits.error().message;
    const Bytes locked = put_in(file, *edits);
    EXPECT_EQ(locked.size(), file.size() + record.size() + 16);
    const std::string_view end(reinterpret_cast<const char*>(locked.data()) + locked.size() - 8, 8);
    EXPECT_EQ(end, "NNLOCKG1");
    const auto found = gguf_codec().find_record(MemorySource(locked));
    ASSERT_TRUE(found) << found.error().message;
    ASSERT_TRUE(found->has_value());
    EXPECT_EQ((*found)->record, record);
    EXPECT_EQ(take_out(locked, (*found)->edits), file);
    const auto plain = gguf_codec().parse(file);
    const auto stock = gguf_codec().parse(locked);  // as a reader that knows nothing of records sees it
    ASSERT_TRUE(plain && stock);
    EXPECT_TRUE(same(*plain, *stock));
  }
}

}  // namespace
}  // namespace nnlock::formats
