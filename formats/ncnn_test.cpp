// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The ncnn codec on small pairs: which weights are found, where the record goes, what is refused.

#include <gtest/gtest.h>

#include "formats/malformed/ncnn_writer.hpp"

namespace nnlock::formats {
namespace {

using malformed::WeightsWriter, malformed::kGoodGraph, malformed::with;

Result<Structure> parse(std::span<const std::byte> graph, std::span<const std::byte> weights) {
  const std::span<const std::byte> files[] = {graph, weights};
  return ncnn_codec().parse_files(files);
}

struct Found {
  const char* name;
  Dtype dtype;
  std::uint64_t offset, length;
};

TEST(Ncnn, FindsEveryKindOfWeights) {
  const auto weights = malformed::good_weights();
  const auto structure = parse(bytes_of(kGoodGraph), weights);
  ASSERT_TRUE(structure) << structure.error().message;
  const Found expected[] = {
      {"conv/weight", Dtype::f16, 4, 6}, {"conv/bias", Dtype::f32, 12, 12}, {"bn/slope", Dtype::f32, 24, 12},
      {"bn/mean", Dtype::f32, 36, 12}, {"bn/variance", Dtype::f32, 48, 12}, {"bn/bias", Dtype::f32, 60, 12},
      {"dw/weight", Dtype::i8, 76, 3}, {"fc/weight_table", Dtype::f32, 100, 1024}, {"fc/weight", Dtype::u8, 1124, 60},
      {"fc/bias", Dtype::f32, 1184, 20}, {"embed/weight", Dtype::f32, 1208, 8}, {"last/weight", Dtype::f32, 1220, 20},
      {"memory/data", Dtype::f32, 1240, 12},
  };
  ASSERT_EQ(structure->params.size(), std::size(expected));
  for (std::size_t i = 0; i < std::size(expected); ++i) {
    const ParamSpan& span = structure->params[i];
    EXPECT_EQ(span.name, expected[i].name);
    EXPECT_EQ(span.dtype, expected[i].dtype) << span.name;
    EXPECT_EQ(span.offset, expected[i].offset) << span.name;
    EXPECT_EQ(span.length, expected[i].length) << span.name;
    EXPECT_EQ(span.file, 1u);
  }
  ASSERT_EQ(structure->constants.size(), 2u);
  EXPECT_EQ(structure->constants[0].name, "dw/weight_scale");
  EXPECT_EQ(structure->constants[0].offset, 80u);
  EXPECT_EQ(structure->constants[1].name, "dw/input_scale");
  EXPECT_EQ(structure->constants[1].reason, "scale of quantisation");
}

TEST(Ncnn, BytesBehindTheWeightsBelongToTheSkeleton) {
  auto weights = malformed::good_weights();
  const auto structure = parse(bytes_of(kGoodGraph), weights);
  weights.resize(weights.size() + 13);
  const auto longer = parse(bytes_of(kGoodGraph), weights);
  ASSERT_TRUE(structure && longer);
  EXPECT_TRUE(same(*structure, *longer));
}

// One layer of each type that loads weights: its settings, and what it loads as "tNAMES" (tagged), "rNAMES" (raw), "sNAMES" (scales).
struct LayerCase {
  const char* type;
  const char* settings;
  const char* weights;
};

constexpr LayerCase kLayerCases[] = {
    {"BatchNorm", "0=2", "r2 r2 r2 r2"},
    {"Bias", "0=2", "r2"},
    {"Convolution", "0=2 1=1 6=8", "t8"},
    {"Convolution", "0=2 1=1 6=8 5=1", "t8 r2"},
    {"Convolution", "0=2 1=1 6=8 5=1 8=2", "t8 r2 s2 s1"},
    {"Convolution", "0=2 1=1 6=8 8=101", "t8 s2 s1 s1"},
    {"Convolution", "0=2 1=1 6=8 19=1", ""},
    {"Convolution1D", "0=2 1=1 6=8 5=1", "t8 r2"},
    {"Convolution3D", "0=2 1=1 6=8 5=1", "t8 r2"},
    {"ConvolutionDepthWise", "0=4 1=1 6=8 5=1 7=2 8=1", "t8 r4 s2 s1"},
    {"ConvolutionDepthWise", "0=4 1=1 6=8 7=2 8=2", "t8 s1 s1"},
    {"ConvolutionDepthWise", "0=4 1=1 6=8 7=2 8=101", "t8 s2 s1 s1"},
    {"ConvolutionDepthWise", "0=4 1=1 6=8 7=2 8=102", "t8 s1 s1 s1"},
    {"ConvolutionDepthWise1D", "0=2 1=1 6=8 5=1 7=2", "t8 r2"},
    {"ConvolutionDepthWise3D", "0=2 1=1 6=8 5=1 7=2", "t8 r2"},
    {"Deconvolution", "0=2 1=1 6=8 5=1", "t8 r2"},
    {"Deconvolution", "0=2 1=1 6=8 28=1", ""},
    {"Deconvolution1D", "0=2 1=1 6=8", "t8"},
    {"Deconvolution3D", "0=2 1=1 6=8 5=1", "t8 r2"},
    {"DeconvolutionDepthWise", "0=2 1=1 6=8 5=1 7=2", "t8 r2"},
    {"DeconvolutionDepthWise1D", "0=2 1=1 6=8 5=1 7=2", "t8 r2"},
    {"DeconvolutionDepthWise3D", "0=2 1=1 6=8 5=1 7=2", "t8 r2"},
    {"DeformableConv2D", "0=2 1=1 6=8 5=1", "t8 r2"},
    {"Dequantize", "0=2 1=3", "s2 r3"},
    {"Embed", "0=2 1=4 2=1 3=8", "t8 r2"},
    {"Embed", "0=2 1=4 3=8 18=1", "t8 s1"},
    {"GRU", "0=2 1=30", "t30 t8 t12"},
    {"GRU", "0=2 1=60 2=2 8=1", "t60 t16 t24 s12 s12"},
    {"Gemm", "4=1 5=1 6=1 7=2 8=3 9=4 10=0", "t8 t12 t1"},
    {"Gemm", "5=1 6=1 7=2 8=3 9=4 10=3", "t12 t6"},
    {"Gemm", "5=1 6=1 8=3 9=4 10=4", "t12 t3"},
    {"Gemm", "4=1 5=1 6=1 7=2 8=3 9=4 10=1 18=2", "t8 t12 t2 s2 s1"},
    {"Gemm", "3=1 5=1 8=3 9=40 18=411", "t60 s3 s40"},
    {"Gemm", "", ""},
    {"GroupNorm", "0=1 1=3", "r3 r3"},
    {"GroupNorm", "0=1 1=3 3=0", ""},
    {"InnerProduct", "0=2 1=1 2=8", "t8 r2"},
    {"InnerProduct", "0=2 2=8 8=1", "t8 s2 s1"},
    {"InstanceNorm", "0=3", "r3 r3"},
    {"InstanceNorm", "0=3 2=0", ""},
    {"LSTM", "0=2 1=40", "t40 t8 t16"},
    {"LSTM", "0=2 1=60 3=3", "t60 t12 t24 t6"},
    {"LSTM", "0=2 1=80 2=2 8=1", "t80 t16 t32 s16 s16"},
    {"LayerNorm", "0=3", "r3 r3"},
    {"LayerNorm", "0=3 2=0", ""},
    {"MemoryData", "0=3", "r3"},
    {"MemoryData", "0=3 1=2 2=4", "r24"},
    {"MemoryData", "0=3 1=2 11=5 2=4", "r120"},
    {"MemoryData", "0=3 1=2 21=0", "t6"},
    {"MemoryData", "", ""},
    {"MultiHeadAttention", "0=4 1=2 2=24 3=3 4=5", "t24 r4 t12 r4 t20 r4 t24 r6"},
    {"MultiHeadAttention", "0=4 1=2 2=16 18=2", "t16 r4 t16 r4 t16 r4 t16 r4 s4 s4 s4 s1"},
    {"MultiHeadAttention", "0=4 1=2 2=16 18=400", "t8 r4 t8 r4 t8 r4 t8 r4 s4 s4 s4 s4"},
    {"Normalize", "3=2", "r2"},
    {"PReLU", "0=2", "r2"},
    {"Padding", "0=1 6=3", "r3"},
    {"Padding", "0=1", ""},
    {"Quantize", "0=2", "s2"},
    {"Quantize", "", "s1"},
    {"RMSNorm", "0=3", "r3"},
    {"RMSNorm", "0=3 2=0", ""},
    {"RNN", "0=2 1=10", "t10 t2 t4"},
    {"Requantize", "0=2 1=3 2=4", "s2 s3 r4"},
    {"Scale", "0=2 1=1", "r2 r2"},
    {"Scale", "0=-233 1=1", ""},
};

Bytes weights_for(std::string_view kinds, std::size_t& params) {
  WeightsWriter out;
  for (std::size_t at = 0; at < kinds.size(); ++at) {
    const char kind = kinds[at];
    std::size_t count = 0;
    for (++at; at < kinds.size() && kinds[at] != ' '; ++at) count = count * 10 + static_cast<std::size_t>(kinds[at] - '0');
    if (kind == 't') out.u32(0);
    out.floats(count);
    params += kind != 's';
  }
  return out.written();
}

TEST(Ncnn, KnowsTheWeightsOfEveryLayerType) {
  for (const LayerCase& layer : kLayerCases) {
    SCOPED_TRACE(std::string(layer.type) + " " + layer.settings);
    const std::string graph = std::string("7767517\n1 1\n") + layer.type + " x 0 1 y " + layer.settings + "\n";
    std::size_t params = 0;
    auto weights = weights_for(layer.weights, params);
    const auto companions = ncnn_codec().companions(bytes_of(graph), "m.param");
    ASSERT_TRUE(companions) << companions.error().message;
    EXPECT_EQ(companions->empty(), weights.empty());
    if (weights.empty()) {
      EXPECT_TRUE(ncnn_codec().parse(bytes_of(graph)));
      continue;
    }
    const auto structure = parse(bytes_of(graph), weights);
    ASSERT_TRUE(structure) << structure.error().message;
    EXPECT_EQ(structure->params.size(), params);
    EXPECT_FALSE(ncnn_codec().parse(bytes_of(graph)));
    weights.resize(weights.size() - 4);
    EXPECT_FALSE(parse(bytes_of(graph), weights));
  }
}

TEST(Ncnn, ReadsSettingsAsStockReadersDo) {
  for (const char* setting : {"20=1,2,3", "20=0.5", "20=1e3", "20=abc", "20=\"a b c\"", "-23320=0", "-23320=2,1,2", "20=1,2,"}) {
    const auto graph = with(kGoodGraph, "6=3 9=2", std::string(setting) + " 6=3 9=2");
    EXPECT_TRUE(parse(bytes_of(graph), malformed::good_weights())) << setting;
  }
  auto windows = std::string(kGoodGraph);
  for (std::size_t at = 0; (at = windows.find('\n', at)) != std::string::npos; at += 2) windows.replace(at, 1, "\r\n");
  EXPECT_TRUE(parse(bytes_of(windows), malformed::good_weights()));
  const auto unended = std::string(kGoodGraph.substr(0, kGoodGraph.size() - 1));
  EXPECT_TRUE(parse(bytes_of(unended), malformed::good_weights()));
}

TEST(Ncnn, ReadsGraphsWithoutMagicNumber) {
  constexpr std::string_view graph = "3 3\nInput data 0 1 data 3 12 12\nConvolution conv 1 1 data c 2 1 1 1 0 1 6\nPReLU act 1 1 c d 2\n";
  const auto weights = WeightsWriter().u32(0).floats(6).floats(2).floats(2).written();
  const auto structure = parse(bytes_of(graph), weights);
  ASSERT_TRUE(structure) << structure.error().message;
  EXPECT_EQ(structure->params.size(), 3u);
  const auto newer = with(graph, "PReLU act", "RMSNorm act");
  const auto refused = parse(bytes_of(newer), weights);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unsupported);
}

TEST(Ncnn, ReadsBinaryGraphs) {
  const auto structure = parse(malformed::good_binary_graph(), malformed::good_binary_weights());
  ASSERT_TRUE(structure) << structure.error().message;
  ASSERT_EQ(structure->params.size(), 2u);
  EXPECT_EQ(structure->params[0].name, "InnerProduct_1/weight");
  EXPECT_EQ(structure->params[1].offset, 28u);
}

TEST(Ncnn, TheWeightsFileHasTheGraphsName) {
  const auto name_for = [](std::string_view main) {
    const auto names = ncnn_codec().companions(bytes_of(kGoodGraph), main);
    return names && names->size() == 1 ? names->front() : std::string("none");
  };
  EXPECT_EQ(name_for("net.param"), "net.bin");
  EXPECT_EQ(name_for("net.opt.param"), "net.opt.bin");
  EXPECT_EQ(name_for("net.param.bin"), "net.bin");
  EXPECT_EQ(name_for("net"), "net.bin");
  EXPECT_EQ(name_for("net.bin"), "none");
}

TEST(Ncnn, ParametersDoNotChangeTheStructure) {
  auto weights = malformed::good_weights();
  const auto structure = parse(bytes_of(kGoodGraph), weights);
  ASSERT_TRUE(structure);
  const auto zeroed = parse(bytes_of(kGoodGraph), without_parameters(weights, *structure));
  ASSERT_TRUE(zeroed);
  EXPECT_TRUE(same(*structure, *zeroed));
}

void expect_record_comes_back(const Bytes& graph, const Bytes& record) {
  const Codec& codec = ncnn_codec();
  const auto edits = codec.embed(graph, record);
  ASSERT_TRUE(edits) << edits.error().message;
  const auto locked = put_in(graph, *edits);
  const auto found = codec.find_record(MemorySource(locked));
  ASSERT_TRUE(found && found->has_value());
  EXPECT_EQ((*found)->record, record);
  EXPECT_EQ((*found)->edits, *edits);
  EXPECT_EQ(take_out(locked, *edits), graph);
  EXPECT_TRUE(codec.recognises(locked, locked.size()));
  const auto again = codec.companions(locked, "m.param");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::already_locked);
}

TEST(NcnnRecord, ComesBack) {
  const auto text = bytes_of(kGoodGraph);
  for (const std::size_t size : {3u, 39u, 3000u}) {
    expect_record_comes_back({text.begin(), text.end()}, Bytes(size, std::byte{0xc5}));
    expect_record_comes_back({text.begin(), text.end() - 1}, Bytes(size, std::byte{0xc5}));
    expect_record_comes_back(malformed::good_binary_graph(), Bytes(size, std::byte{0xc5}));
  }
}

TEST(NcnnRecord, StandsInOneWayOnly) {
  const auto code_of = [](const std::string& text) { return record_verdict(ncnn_codec(), text); };
  const std::string plain(kGoodGraph);
  constexpr int bad = -static_cast<int>(ErrorCode::bad_record);
  EXPECT_EQ(code_of(plain), 0);
  EXPECT_EQ(code_of(plain + "\n#nnlock AAAA\n"), 1);
  EXPECT_EQ(code_of(plain + "\n#nnlock AAAA"), bad);
  EXPECT_EQ(code_of(plain + "\n#nnlock AAAA\n\n"), bad);
  EXPECT_EQ(code_of(plain + "\n#nnlock  AAAA\n"), bad);
  EXPECT_EQ(code_of(plain + "\n#nnlock AAA=\n"), bad);
  EXPECT_EQ(code_of(plain + "\n#nnlock \n"), bad);
  EXPECT_EQ(code_of(plain + "\n#nnlock AAAA\n" + "x"), bad);
  EXPECT_EQ(code_of(plain + "\n#nnlock AAAA\n" + "\n#nnlock AAAA\n"), bad);
  EXPECT_EQ(code_of(plain + " #nnlock AAAA\n"), bad);
  EXPECT_EQ(code_of("#nnlock AAAA\n"), bad);
}

TEST(NcnnRecord, SizesThatDoNotFitAreRefused) {
  for (const std::size_t size : {0u, 1u, 2u, 4u}) EXPECT_FALSE(ncnn_codec().embed(bytes_of(kGoodGraph), Bytes(size)));
  EXPECT_FALSE(ncnn_codec().embed(bytes_of(kGoodGraph), Bytes(static_cast<std::size_t>(ncnn_codec().record_limit()) + 3)));
}

}  // namespace
}  // namespace nnlock::formats
