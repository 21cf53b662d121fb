// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Real ncnn pairs: every byte of the weights file is a parameter, a tag or padding, and nothing depends on parameters.

#include <algorithm>

#include "formats/codec_fuzzing.hpp"
#include "formats/real_models_testing.hpp"

namespace nnlock::formats {
namespace {

struct RealPair {
  const char* graph;
  const char* weights;
  std::size_t params;
  std::uint64_t bytes;  // locked
  std::uint64_t tags;   // bytes of tags and padding: the rest of the file
};

constexpr RealPair kRealPairs[] = {
    {"ncnn/3d_net.param", "ncnn/3d_net.bin", 8, 2976, 16},
    {"ncnn/mnist.param", "ncnn/mnist.bin", 6, 23976, 12},
    {"ncnn/mtcnn_det1.param", "ncnn/mtcnn_det1.bin", 13, 26528, 20},
    {"ncnn/mtcnn_det3.param", "ncnn/mtcnn_det3.bin", 21, 1556160, 32},
};

class NcnnReal : public RealModels, public testing::WithParamInterface<RealPair> {
 protected:
  void SetUp() override {
    need(GetParam().graph);
    graph_ = read_file(data_dir() / GetParam().graph);
    weights_ = read_file(data_dir() / GetParam().weights);
  }
  Result<Structure> parse() const {
    const std::span<const std::byte> files[] = {bytes_of(graph_), bytes_of(weights_)};
    return ncnn_codec().parse_files(files);
  }
  std::string graph_, weights_;
};

TEST_P(NcnnReal, LocksAllLearnedBytes) {
  const auto found = parse();
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->params.size(), GetParam().params);
  EXPECT_TRUE(found->constants.empty());
  std::uint64_t locked = 0;
  for (const ParamSpan& p : found->params) locked += p.length;
  EXPECT_EQ(locked, GetParam().bytes);
  EXPECT_EQ(weights_.size() - locked, GetParam().tags);
}

TEST_P(NcnnReal, EveryTruncationIsRefused) {
  const auto whole = weights_;
  for (std::size_t size = 0; size < whole.size(); size += whole.size() / 97 + 1) {
    weights_ = whole.substr(0, size);
    EXPECT_FALSE(parse()) << size;
  }
}

TEST_P(NcnnReal, KeepsItsPromises) {
  EXPECT_EQ(broken_promise(ncnn_codec(), {real_file(GetParam().graph), real_file(GetParam().weights)}, record_of(99)), "");
}

INSTANTIATE_TEST_SUITE_P(All, NcnnReal, testing::ValuesIn(kRealPairs), [](const auto& model) {
  return "file_" + std::filesystem::path(model.param.graph).stem().string();
});

class NcnnRealGraphs : public RealModels {};

// The weights of SqueezeNet are too large for the folder; both forms of its graph ask for the same.
TEST_F(NcnnRealGraphs, TextAndBinaryAskForTheSameWeights) {
  need("ncnn/squeezenet_v1.1.param.bin");
  if (IsSkipped()) return;
  const std::string weights(4942088, '\0');
  const auto parse = [&](const std::string& graph) {
    const std::span<const std::byte> files[] = {bytes_of(graph), bytes_of(weights)};
    return ncnn_codec().parse_files(files);
  };
  const auto text = parse(read_file(data_dir() / "ncnn/squeezenet_v1.1.param"));
  const auto binary = parse(read_file(data_dir() / "ncnn/squeezenet_v1.1.param.bin"));
  ASSERT_TRUE(text && binary) << (text ? binary.error().message : text.error().message);
  ASSERT_EQ(text->params.size(), 52u);
  ASSERT_EQ(binary->params.size(), 52u);
  for (std::size_t i = 0; i < 52; ++i) EXPECT_EQ(text->params[i].offset, binary->params[i].offset);
  EXPECT_EQ(text->params.back().offset + text->params.back().length, 4942088u);
}

TEST_F(NcnnRealGraphs, PnnxIsAnotherFormat) {
  need("ncnn/pnnx_3d_net.pnnx.param");
  if (IsSkipped()) return;
  const auto graph = read_file(data_dir() / "ncnn/pnnx_3d_net.pnnx.param");
  const auto found = ncnn_codec().companions(bytes_of(graph), "pnnx_3d_net.pnnx.param");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::unsupported);
  EXPECT_NE(found.error().hint.find("PNNX"), std::string::npos);
}

}  // namespace
}  // namespace nnlock::formats
