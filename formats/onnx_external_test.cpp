// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// ONNX models whose values lie in other files: which files, which spans, and what happens to values that tensors share.

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <string>

#include "formats/codec_fuzzing.hpp"
#include "formats/malformed/onnx_external.hpp"

namespace nnlock::formats {
namespace {

using namespace malformed;

Bytes file_of(const std::string& text) {
  const auto view = bytes_of(text);
  return {view.begin(), view.end()};
}

// The codec's answer for a graph with data files of the given sizes.
Result<Structure> parse(const std::string& image, std::initializer_list<std::size_t> sizes) {
  std::vector<Bytes> files = {file_of(image)};
  for (const std::size_t size : sizes) files.emplace_back(size);
  EXPECT_EQ(broken_promise(onnx_codec(), files, Bytes(30)), "");
  return promises::parse(onnx_codec(), files);
}

std::vector<std::string> names_of_files(const std::string& image) {
  const auto names = onnx_codec().companions(bytes_of(image), "model.onnx");
  EXPECT_TRUE(names) << names.error().message;
  return names ? *names : std::vector<std::string>();
}

std::string of(std::initializer_list<Fields> tensors, const Fields& more = {}) {
  Fields graph;
  for (const Fields& tensor_message : tensors) graph += initializer(tensor_message);
  return model(graph + more);
}

TEST(OnnxExternal, FilesComeInTheOrderOfFirstUse) {
  const std::string image = of({external_floats("a", "z.bin", 0, 2), float_tensor("b", 2), external_floats("c", "dir/a b.bin", 0, 2),
                                external_floats("d", "z.bin", 8, 2)});
  EXPECT_EQ(names_of_files(image), (std::vector<std::string>{"z.bin", "dir/a b.bin"}));
  EXPECT_TRUE(names_of_files(of({float_tensor("b", 2)})).empty());
}

TEST(OnnxExternal, SpansAreInTheirFiles) {
  const auto found = parse(of({external_floats("a", "z.bin", 3, 2), float_tensor("b", 2), external_floats("c", "y.bin", 0, 2),
                               external_floats("d", "z.bin", 11, 1)}),
                           {20, 8});
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->params.size(), 4U);
  const char* names[] = {"b", "a", "d", "c"};
  const std::uint32_t files[] = {0, 1, 1, 2};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(found->params[i].name, names[i]);
    EXPECT_EQ(found->params[i].file, files[i]);
  }
  EXPECT_EQ(found->params[1].offset, 3U);  // no alignment is asked for
  EXPECT_EQ(found->params[2].offset, 11U);
  EXPECT_EQ(found->params[2].length, 4U);
}

TEST(OnnxExternal, OffsetAndLengthMayBeLeftOut) {
  const auto found = parse(of({external_tensor("w", DataType::int4, {3}, external("location", "w.bin"))}), {9});
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->params.size(), 1U);
  EXPECT_EQ(found->params[0].offset, 0U);
  EXPECT_EQ(found->params[0].length, 2U);
  EXPECT_EQ(found->params[0].dtype, Dtype::i4);
}

TEST(OnnxExternal, AChecksumIsLetPass) {
  EXPECT_TRUE(parse(of({external_tensor("w", DataType::float32, {1},
                                        external("location", "w.bin") + external("checksum", std::string(40, 'a')))}),
                    {4}));
}

TEST(OnnxExternal, SharedValuesAreOneParameter) {
  const auto found = parse(of({external_floats("a", "w.bin", 0, 2), external_floats("b", "w.bin", 0, 2)}), {8});
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->params.size(), 1U);
  EXPECT_EQ(found->params[0].name, "a, b");
  EXPECT_EQ(found->params[0].dtype, Dtype::f32);
  const Fields halves = external_tensor("b", DataType::float16, {4}, external("location", "w.bin"));
  const auto mixed = parse(of({external_floats("a", "w.bin", 0, 2), halves}), {8});
  ASSERT_TRUE(mixed) << mixed.error().message;
  ASSERT_EQ(mixed->params.size(), 1U);
  EXPECT_EQ(mixed->params[0].dtype, Dtype::opaque);
}

TEST(OnnxExternal, SharedValuesStayReadableIfOneUseNeedsThem) {
  const Fields clip = node("Clip", {"x", "b"}, {"y"});
  for (const bool first : {true, false}) {
    const Fields a = external_floats("a", "w.bin", 0, 1), b = external_floats("b", "w.bin", 0, 1);
    const auto found = parse(first ? of({b, a}, clip) : of({a, b}, clip), {4});
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_TRUE(found->params.empty());
    ASSERT_EQ(found->constants.size(), 1U);
    EXPECT_EQ(found->constants[0].reason, "min of Clip");
    EXPECT_EQ(found->constants[0].file, 1U);
  }
}

TEST(OnnxExternal, ShapesAndIndicesStayReadable) {
  const Fields shape = external_tensor("s", DataType::int64, {2}, external("location", "w.bin"));
  const auto found = parse(of({shape}, node("Reshape", {"x", "s"}, {"y"})), {16});
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_TRUE(found->params.empty());
  EXPECT_EQ(found->constants.size(), 1U);
}

TEST(OnnxExternal, AttributesAndSubgraphsToo) {
  const Fields inner = initializer(external_floats("v", "w.bin", 8, 2)) + constant("c", external_floats("", "w.bin", 0, 2));
  const auto found = parse(model(node("If", {"x"}, {"y"}, graph_attribute("then_branch", inner))), {16});
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->params.size(), 2U);
  EXPECT_EQ(found->params[0].name, "If_0/then_branch/c");
  EXPECT_EQ(found->params[1].name, "If_0/then_branch/v");
}

TEST(OnnxExternal, EqualNamesAreToldApart) {
  const Fields branch = initializer(external_floats("v", "w.bin", 0, 1));
  const Fields other = initializer(external_floats("v", "w2.bin", 0, 1));
  const auto found = parse(model(node("If", {"x"}, {"y"}, graph_attribute("b", branch) + graph_attribute("c", branch)) +
                                 node("Op", {"x"}, {"z"}, graph_attribute("b", other))),
                           {4, 4});
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->params.size(), 2U);
  EXPECT_EQ(found->params[0].name, "If_0/b/v, If_0/c/v");
  EXPECT_EQ(found->params[1].name, "Op_1/b/v");
}

TEST(OnnxExternal, WithoutItsDataFileTheModelIsRefused) {
  const std::string image = of({float_tensor("a", 2), external_floats("w", "w.bin", 0, 2)});
  const auto alone = onnx_codec().parse(bytes_of(image));
  ASSERT_FALSE(alone);
  EXPECT_EQ(alone.error().code, ErrorCode::bad_model);
  EXPECT_EQ(alone.error().tensor, "w");
  EXPECT_NE(alone.error().message.find("w.bin, which is not there"), std::string::npos);
  EXPECT_TRUE(alone.error().offset);
}

// Addresses without memory behind them: whatever is read of the data files ends the test.
class HugeFile {
 public:
  explicit HugeFile(std::size_t size) : size_(size), begin_(mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {}
  ~HugeFile() { munmap(begin_, size_); }
  HugeFile(const HugeFile&) = delete;
  HugeFile& operator=(const HugeFile&) = delete;
  bool there() const { return begin_ != MAP_FAILED; }
  std::span<const std::byte> bytes() const { return {static_cast<const std::byte*>(begin_), size_}; }

 private:
  std::size_t size_;
  void* begin_;
};

TEST(OnnxExternal, PlacesBeyond4GiB) {
  constexpr std::uint64_t gib = std::uint64_t{1} << 30;
  const std::string image = of({external_floats("large", "w.bin", 4, 3 * gib / 4), external_floats("last", "w.bin", 5 * gib, 2)});
  const Bytes main = file_of(image);
  const HugeFile fits(5 * gib + 8), short_by_one(5 * gib + 7);
  ASSERT_TRUE(fits.there() && short_by_one.there());
  const auto found = onnx_codec().parse_files(std::vector{std::span<const std::byte>(main), fits.bytes()});
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->params.size(), 2U);
  EXPECT_EQ(found->params[0].length, 3 * gib);
  EXPECT_EQ(found->params[1].offset, 5 * gib);
  const auto cut = onnx_codec().parse_files(std::vector{std::span<const std::byte>(main), short_by_one.bytes()});
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().tensor, "last");
}

}  // namespace
}  // namespace nnlock::formats
