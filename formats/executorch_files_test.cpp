// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// A real ExecuTorch program, whose weights are named data of XNNPACK graphs: all of them are locked, and it carries a record.

#include <string>

#include "formats/codec_testing.hpp"
#include "formats/real_models_testing.hpp"

namespace nnlock::formats {
namespace {

constexpr const char* kReal = "pytorch/simple_torch_model.pte";

class ExecutorchReal : public RealModels {
 protected:
  void SetUp() override {
    need(kReal);
    const std::string text = read_file(data_dir() / kReal);
    const auto view = bytes_of(text);
    file_.assign(view.begin(), view.end());
  }
  Bytes file_;
};

TEST_F(ExecutorchReal, EveryNamedConstantIsLocked) {
  const auto found = executorch_codec().parse(file_);
  ASSERT_TRUE(found) << found.error().message;
  std::uint64_t locked = 0;
  for (const ParamSpan& p : found->params) {
    locked += p.length;
    EXPECT_EQ(p.dtype, Dtype::f32) << p.name;
  }
  EXPECT_EQ(found->params.size(), 6u);
  EXPECT_EQ(locked, 5672u);  // all segments but the two graphs
  EXPECT_TRUE(found->constants.empty());
  EXPECT_TRUE(found->unlockable.empty());
  const auto zeroed = executorch_codec().parse(without_parameters(file_, *found));
  ASSERT_TRUE(zeroed) << zeroed.error().message;
  EXPECT_TRUE(same(*found, *zeroed));
}

TEST_F(ExecutorchReal, CarriesARecord) {
  const Bytes record(999, std::byte{0x3a});
  const auto none = executorch_codec().find_record(MemorySource(file_));
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->has_value());
  const auto edits = executorch_codec().embed(file_, record);
  ASSERT_TRUE(edits) << edits.error().message;
  const Bytes locked = put_in(file_, *edits);
  const auto found = executorch_codec().find_record(MemorySource(locked));
  ASSERT_TRUE(found && found->has_value());
  EXPECT_EQ((*found)->record, record);
  EXPECT_EQ(take_out(locked, (*found)->edits), file_);
}

TEST_F(ExecutorchReal, EveryTruncationIsRefusedOrSurvived) {
  for (std::size_t size = 0; size < file_.size(); size += 97)
    EXPECT_FALSE(executorch_codec().parse(std::span(file_).first(size))) << size;
}

}  // namespace
}  // namespace nnlock::formats
