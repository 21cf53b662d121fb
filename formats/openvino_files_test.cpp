// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Real IRs: all learned bytes are locked, and nothing depends on them.

#include <algorithm>

#include "formats/codec_fuzzing.hpp"
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

TEST_P(OpenvinoReal, EveryTruncationIsRefused) {
  const auto whole = graph_;
  const auto root = whole.rfind("</net>");
  for (std::size_t size = 0; size < root; size += whole.size() / 97 + 1) {
    graph_ = whole.substr(0, size);
    EXPECT_FALSE(parse()) << size;
  }
}

TEST_P(OpenvinoReal, KeepsItsPromises) {
  EXPECT_EQ(broken_promise(openvino_codec(), {real_file(std::string(GetParam().name) + ".xml"), real_file(std::string(GetParam().name) + ".bin")}, record_of(99)), "");
}

INSTANTIATE_TEST_SUITE_P(All, OpenvinoReal, testing::ValuesIn(kRealIrs), [](const auto& model) {
  std::string name = std::filesystem::path(model.param.name).filename().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace nnlock::formats
