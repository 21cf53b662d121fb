// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Real IRs: all learned bytes are locked, and nothing depends on them.

#include <algorithm>

#include "formats/codec_testing.hpp"
#include "formats/real_models_testing.hpp"

namespace nnlock::formats {
namespace {

struct RealIr {
  const char* name;
  std::size_t params;
  std::uint64_t locked;    // bytes
  std::uint64_t readable;  // bytes of constants
};

constexpr RealIr kRealIrs[] = {
    {"openvino/face-detection-adas-binary-0001", 145, 1840424, 20},  // version 4
    {"openvino/mstcn_online", 202, 4072704, 332},                      // version 10
};

class OpenvinoReal : public RealModels, public testing::WithParamInterface<RealIr> {
 protected:
  void SetUp() override {
    const std::string name = GetParam().name;
    need(name + ".xml");
    graph_ = read_file(data_dir() / (name + ".xml"));
    weights_ = read_file(data_dir() / (name + ".bin"));
  }
  Result<Structure> parse() const {
    const std::span<const std::byte> files[] = {bytes_of(graph_), bytes_of(weights_)};
    return openvino_codec().parse_files(files);
  }
  std::string graph_, weights_;
};

TEST_P(OpenvinoReal, LocksAllLearnedBytes) {
  const auto found = parse();
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->params.size(), GetParam().params);
  std::uint64_t locked = 0, readable = 0;
  for (const ParamSpan& p : found->params) locked += p.length;
  for (const Constant& c : found->constants) readable += c.length;
  EXPECT_EQ(locked, GetParam().locked);
  EXPECT_EQ(readable, GetParam().readable);
  EXPECT_EQ(weights_.size(), locked + readable);
}

TEST_P(OpenvinoReal, ParameterBytesDoNotMatter) {
  const auto found = parse();
  ASSERT_TRUE(found);
  for (const ParamSpan& p : found->params) std::fill_n(weights_.begin() + static_cast<std::ptrdiff_t>(p.offset), p.length, '\xff');
  const auto again = parse();
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_TRUE(same(*found, *again));
}

TEST_P(OpenvinoReal, EveryTruncationIsRefused) {
  const auto whole = graph_;
  const auto root = whole.rfind("</net>");
  for (std::size_t size = 0; size < root; size += whole.size() / 97 + 1) {
    graph_ = whole.substr(0, size);
    EXPECT_FALSE(parse()) << size;
  }
}

TEST_P(OpenvinoReal, CarriesARecord) {
  const Bytes record(99, std::byte{0xc5});
  const auto view = bytes_of(graph_);
  const Bytes plain(view.begin(), view.end());
  const auto edits = openvino_codec().embed(plain, record);
  ASSERT_TRUE(edits) << edits.error().message;
  const auto locked = put_in(plain, *edits);
  const auto found = openvino_codec().find_record(MemorySource(locked));
  ASSERT_TRUE(found && found->has_value());
  EXPECT_EQ((*found)->record, record);
  EXPECT_EQ(take_out(locked, (*found)->edits), plain);
}

INSTANTIATE_TEST_SUITE_P(All, OpenvinoReal, testing::ValuesIn(kRealIrs), [](const auto& model) {
  std::string name = std::filesystem::path(model.param.name).filename().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace nnlock::formats
