// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Choosing layouts where no codec leads: odd lengths, other offsets, what is not looked at.

#include <gtest/gtest.h>

#include "lock/models_testing.hpp"
#include "lock/select.hpp"

namespace nnlock::lock {
namespace {

// Counts what is read.
class CountingSource final : public formats::ByteSource {
 public:
  explicit CountingSource(const Bytes& bytes) : bytes_(bytes) {}
  std::uint64_t size() const override { return bytes_.size(); }
  Result<void> read(std::uint64_t offset, std::span<std::byte> out) const override {
    if (offset + out.size() > bytes_.size()) return Error{.code = ErrorCode::io, .message = "gone", .offset = offset};
    std::copy_n(bytes_.begin() + static_cast<long>(offset), out.size(), out.begin());
    read_bytes += out.size();
    return {};
  }
  mutable std::uint64_t read_bytes = 0;

 private:
  const Bytes& bytes_;
};

const kernels::NumberKernel& numbers() { return *kernels::choose_numbers().kernel; }

TEST(Select, LengthsThatAreNoWholeElementsStayBytes) {
  const Bytes file(1000);
  const std::vector<ParamSpan> spans = {{.name = "f", .dtype = Dtype::f32, .offset = 1, .length = 401},
                                        {.name = "i", .dtype = Dtype::i64, .offset = 402, .length = 12},
                                        {.name = "c", .dtype = Dtype::complex64, .offset = 414, .length = 12}};  // three floats
  BlockTable blocks;
  auto params = select_parameters(spans, 0, {}, {});
  const CountingSource source(file);
  const auto looked = choose_layouts(params, blocks, spans, source, numbers(), {.threads = 1});
  ASSERT_TRUE(looked);
  EXPECT_EQ(*looked, 12U);
  EXPECT_EQ(source.read_bytes, 12U);
  EXPECT_EQ(params[0].layout, Layout::bytes);
  EXPECT_EQ(params[1].layout, Layout::bytes);
  EXPECT_EQ(params[2].layout, Layout::finite);
  EXPECT_EQ(why_no_numbers(params[0], Dtype::f32, {}, false), "its length is not a multiple of 4 bytes");
  EXPECT_EQ(why_no_numbers(params[1], Dtype::i64, {}, false), "");
}

TEST(Select, OnlyNumbersThatMayBeLockedAreRead) {
  const Bytes file(1000);
  const std::vector<ParamSpan> spans = {{.name = "excluded", .dtype = Dtype::f32, .offset = 0, .length = 400},
                                        {.name = "bytes", .dtype = Dtype::i8, .offset = 400, .length = 200},
                                        {.name = "opaque", .dtype = Dtype::opaque, .offset = 600, .length = 200},
                                        {.name = "numbers", .dtype = Dtype::u16, .offset = 801, .length = 100}};
  const std::vector<std::string> exclude = {"excl*"};
  BlockTable blocks;
  auto params = select_parameters(spans, 0, {}, exclude);
  const CountingSource source(file);
  ASSERT_TRUE(choose_layouts(params, blocks, spans, source, numbers(), {.threads = 1}));
  EXPECT_EQ(source.read_bytes, 100U);
  EXPECT_EQ(params[0].layout, Layout::plain);
  EXPECT_EQ(params[3].layout, Layout::range);
  EXPECT_EQ(params[3].range().bits, 7) << "never fewer, also where all are 0";
}

// What elements are like is put together from all chunks, whichever of them holds the telling one.
TEST(Select, OneElementInAnyChunkCounts) {
  constexpr std::size_t kElements = 200000;  // four chunks of 256 KiB
  for (const std::size_t at : {std::size_t{0}, std::size_t{70000}, kElements - 1}) {
    const auto layout_of = [at](Dtype dtype, auto usual, auto odd) {
      std::vector values(kElements, usual);
      values[at] = odd;
      const auto view = std::as_bytes(std::span(values));
      const std::vector<ParamSpan> spans = {{.dtype = dtype, .length = view.size()}};
      BlockTable blocks;
      auto params = select_parameters(spans, 0, {}, {});
      EXPECT_TRUE(choose_layouts(params, blocks, spans, formats::MemorySource(view), numbers(), {.threads = 2}));
      return params[0];
    };
    SCOPED_TRACE(at);
    EXPECT_FALSE(layout_of(Dtype::f32, 1.0F, -1.0F).finite().keeps_sign);
    EXPECT_TRUE(layout_of(Dtype::f32, 1.0F, 0.0F).finite().zero);
    EXPECT_EQ(layout_of(Dtype::f32, 1.0F, 0.25F).finite().lo, 125);
    EXPECT_EQ(layout_of(Dtype::f32, 1.0F, 4.0F).finite().hi, 129);
    EXPECT_TRUE(layout_of(Dtype::i32, 1, -1).range().negative);
    EXPECT_EQ(layout_of(Dtype::i32, 1, -257).range().bits, 9);
    EXPECT_EQ(layout_of(Dtype::u32, 1U, 0x80000000U).range().bits, 32);
  }
}

TEST(Select, AFileThatCannotBeReadIsAnError) {
  const Bytes file(100);
  const std::vector<ParamSpan> spans = {{.name = "beyond", .dtype = Dtype::f32, .offset = 96, .length = 8}};
  BlockTable blocks;
  auto params = select_parameters(spans, 0, {}, {});
  EXPECT_EQ(choose_layouts(params, blocks, spans, CountingSource(file), numbers(), {}).error().code, ErrorCode::io);
}

}  // namespace
}  // namespace nnlock::lock
