// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// ncnn pairs with one wrong field each.

#include <string>

#include "formats/malformed/matrix.hpp"
#include "formats/malformed/ncnn_writer.hpp"

namespace nnlock::formats::malformed {
namespace {

struct GraphFault {
  const char* name;
  std::string from, to;
  const char* message;
  const char* layer = "";  // or weights
  ErrorCode code = ErrorCode::bad_model;
};

std::vector<GraphFault> graph_faults() {
  using enum ErrorCode;
  const std::string nul(1, '\0');
  return {
      {"blank-line-first", "7767517\n", "\n7767517\n", "does not start within the first lines"},
      {"counts-missing", "8 9\n", "8\n", "are not where they belong"},
      {"counts-too-many", "8 9\n", "8 9 10\n", "are not where they belong"},
      {"counts-no-number", "8 9\n", "8 nine\n", "are not where they belong"},
      {"layers-zero", "8 9\n", "0 9\n", "must be positive"},
      {"layers-negative", "8 9\n", "-8 9\n", "must be positive"},
      {"blobs-zero", "8 9\n", "8 0\n", "must be positive"},
      {"layers-overflow", "8 9\n", "99999999999 9\n", "are not where they belong"},
      {"layers-2-to-31", "8 9\n", "2147483647 9\n", "too many layers"},
      {"layers-more-than-lines", "8 9\n", "9 9\n", "ends before its last layer"},
      {"layers-fewer-than-lines", "8 9\n", "7 9\n", "more layers than the file says"},
      {"blobs-fewer-than-outputs", "8 9\n", "8 3\n", "more blobs than the file says", "dw"},
      {"name-with-nul", "conv   1 1", "co" + nul + "v   1 1", "zero byte"},
      {"name-with-control-character", "conv   1 1", "co\x01v   1 1", "control character"},
      {"name-of-1-MiB", "conv   1 1", std::string(1 << 20, 'x') + " 1 1", "longer than 255"},
      {"blob-name-of-1-MiB", "data c1", "data " + std::string(1 << 20, 'x'), "longer than 255", "conv"},
      {"counts-of-layer-missing", "conv   1 1 data c1", "conv", "two counts", "conv"},
      {"inputs-negative", "conv   1 1", "conv   -1 1", "two counts", "conv"},
      {"outputs-overflow", "conv   1 1", "conv   1 4294967297", "two counts", "conv"},
      {"inputs-2-to-31", "conv   1 1", "conv   2147483647 1", "fewer blobs", "conv"},
      {"type-unknown", "BatchNorm        bn", "BatchNorn        bn", "layer type BatchNorn is not known", "bn", unsupported},
      {"type-of-pnnx", "Input            data", "pnnx.Input       data", "layer type pnnx.Input is not known", "data", unsupported},
      {"setting-without-number", "0=3 1=1 5=1", "zero=3 1=1 5=1", "a setting has no number", "conv"},
      {"setting-without-equals", "0=3 1=1 5=1", "0:3 1=1 5=1", "a setting has no number", "conv"},
      {"setting-32", "0=3 1=1 5=1", "32=3 1=1 5=1", "not 0 to 31", "conv"},
      {"setting-negative", "0=3 1=1 5=1", "-1=3 1=1 5=1", "not 0 to 31", "conv"},
      {"setting-2-to-31", "0=3 1=1 5=1", "-2147483648=3 1=1 5=1", "not 0 to 31", "conv"},
      {"setting-twice", "0=3 1=1 5=1", "0=3 0=4 5=1", "setting 0 stands twice", "conv"},
      {"value-empty", "6=3 9=2", "6= 9=2", "value of setting 6", "conv"},
      {"value-no-number", "6=3 9=2", "6=3x 9=2", "value of setting 6", "conv"},
      {"value-overflow", "6=3 9=2", "6=4294967299 9=2", "value of setting 6", "conv"},
      {"value-longer-than-readers-take", "6=3 9=2", "6=0000000000000003 9=2", "value of setting 6", "conv"},
      {"value-quote-not-closed", "6=3 9=2", "6=\"3 9=2", "value of setting 6", "conv"},
      {"list-shorter-than-it-says", "-23310=1,0.1", "-23310=2,0.1", "value of setting 10", "conv"},
      {"list-element-empty", "-23310=1,0.1", "-23310=2,0.1,,", "value of setting 10", "conv"},
      {"list-length-negative", "-23310=1,0.1", "-23310=-1,0.1", "value of setting 10", "conv"},
      {"count-is-a-float", "6=3 9=2", "6=3.0 9=2", "setting 6 must be a whole number", "conv"},
      {"count-is-a-list", "6=3 9=2", "6=3,3 9=2", "setting 6 must be a whole number", "conv"},
      {"count-is-a-text", "6=3 9=2", "6=three 9=2", "setting 6 must be a whole number", "conv"},
      {"weights-zero", "6=3 9=2", "6=0 9=2", "weight has no possible number of elements", "conv"},
      {"weights-negative", "6=3 9=2", "6=-3 9=2", "weight has no possible number of elements", "conv"},
      {"weights-missing", "6=3 9=2", "9=2", "weight has no possible number of elements", "conv"},
      {"product-overflow", "m 0=3", "m 0=2147483647 1=2147483647 2=2147483647", "data has no possible number", "memory"},
      {"load-type-unknown", "m 0=3", "m 0=3 21=2", "setting 21 must be 0 or 1", "memory"},
      {"weights-behind-the-end", "m 0=3", "m 0=4", "at byte 1240", "memory/data"},
      {"weights-2-to-31", "m 0=3", "m 0=2147483647", "needs 8589934588", "memory/data"},
  };
}

// A layer of another type in place of the last one, with a setting that cannot be, or more weights than there are.
struct LayerFault {
  const char* name;
  const char* type;
  const char* settings;
  const char* message;
  const char* weights = "";  // the weights that are not there
};

constexpr LayerFault kLayerFaults[] = {
    {"bias-zero", "Bias", "0=0", "bias has no possible number"},
    {"deconvolution-zero", "Deconvolution", "0=1 6=0", "weight has no possible number"},
    {"convolution-1d-negative", "Convolution1D", "0=-1 5=1 6=1", "bias has no possible number"},
    {"embed-zero", "Embed", "0=0 2=1 3=1", "bias has no possible number"},
    {"scale-zero", "Scale", "0=0 1=1", "scale has no possible number"},
    {"slope-zero", "PReLU", "0=0", "slope has no possible number"},
    {"normalize-zero", "Normalize", "3=0", "scale has no possible number"},
    {"padding-negative", "Padding", "6=-1", "per_channel has no possible number"},
    {"quantize-zero", "Quantize", "0=0", "scale has no possible number"},
    {"dequantize-negative", "Dequantize", "0=1 1=-1", "bias has no possible number"},
    {"requantize-negative", "Requantize", "2=-1", "bias has no possible number"},
    {"group-norm-negative", "GroupNorm", "1=-1", "gamma has no possible number"},
    {"layer-norm-2-to-31", "LayerNorm", "0=2147483647", "needs 8589934588", "gamma"},
    {"rms-norm-zero", "RMSNorm", "0=0", "gamma has no possible number"},
    {"lstm-weights-not-divisible", "LSTM", "0=2 1=41 3=3", "does not fit the number of outputs"},
    {"gru-outputs-zero", "GRU", "1=30", "does not fit the number of outputs"},
    {"rnn-weights-missing", "RNN", "0=2 1=20 2=2 8=1", "needs 1024", "weight_xc_table"},
    {"gemm-quantisation-unknown", "Gemm", "18=5", "setting 18 names an unknown quantisation"},
    {"gemm-blocks-of-no-constant", "Gemm", "18=400", "need a constant, transposed B only"},
    {"gemm-broadcast-unknown", "Gemm", "6=1 10=5", "setting 10 must be -1 to 4"},
    {"gemm-a-zero", "Gemm", "4=1 5=1 7=2 8=2 18=1", "A has no possible number"},
    {"gemm-blocks-missing", "Gemm", "3=1 5=1 8=3 9=40 18=411", "needs 1024", "B_table"},
    {"attention-not-divisible", "MultiHeadAttention", "0=3 2=16", "does not fit the number of outputs"},
    {"attention-quantisation-unknown", "MultiHeadAttention", "0=4 2=16 18=6", "setting 18 names an unknown quantisation"},
    {"attention-blocks-missing", "MultiHeadAttention", "0=4 2=16 18=410", "needs 1024", "q_weight_table"},
};

std::vector<NamedFile> pair(std::string_view graph, Bytes weights) {
  const auto bytes = bytes_of(graph);
  return {{"model.param", {bytes.begin(), bytes.end()}}, {"model.bin", std::move(weights)}};
}

std::vector<NamedFile> binary_pair(Bytes graph) { return {{"model.param.bin", std::move(graph)}, {"model.bin", good_binary_weights()}}; }

Bytes with_number(std::size_t index, std::int32_t value) {
  auto graph = good_binary_graph();
  for (std::size_t i = 0; i < 4; ++i) graph[index * 4 + i] = static_cast<std::byte>((static_cast<std::uint32_t>(value) >> (8 * i)) & 0xff);
  return graph;
}

// One 32-bit number of the binary graph replaced.
struct NumberFault {
  const char* name;
  std::size_t index;
  std::int32_t value;
  const char* message;
  const char* layer = "";
  ErrorCode code = ErrorCode::bad_model;
};

constexpr NumberFault kNumberFaults[] = {
    {"binary-layers-zero", 1, 0, "must be positive"},
    {"binary-layers-negative", 1, -2, "must be positive"},
    {"binary-layers-2-to-31", 1, 2147483647, "too many layers"},
    {"binary-layers-more", 1, 3, "cut short", "layer_2"},
    {"binary-layers-fewer", 1, 1, "bytes behind the last layer"},
    {"binary-blobs-zero", 2, 0, "must be positive"},
    {"binary-blobs-fewer", 2, 1, "a blob that is not there", "layer_1"},
    {"binary-type-unknown", 3, 110, "layer type 110 is not known", "layer_0", ErrorCode::unsupported},
    {"binary-type-custom", 3, 256, "layer type 256 is not known", "layer_0", ErrorCode::unsupported},
    {"binary-type-negative", 3, -1, "layer type -1 is not known", "layer_0", ErrorCode::unsupported},
    {"binary-inputs-negative", 4, -1, "must not be negative", "layer_0"},
    {"binary-outputs-2-to-31", 5, 2147483647, "a blob that is not there", "layer_0"},
    {"binary-blob-negative", 6, -1, "a blob that is not there", "layer_0"},
    {"binary-setting-32", 7, 32, "not 0 to 31", "Input_0"},
    {"binary-setting-2-to-31", 7, -2147483647 - 1, "not 0 to 31", "Input_0"},
    {"binary-setting-twice", 17, 0, "setting 0 stands twice", "InnerProduct_1"},
    {"binary-list-negative", 22, -1, "length of setting 10", "InnerProduct_1"},
    {"binary-list-too-long", 22, 2147483647, "length of setting 10", "InnerProduct_1"},
    {"binary-text-too-long", 25, 256, "length of setting 11", "InnerProduct_1"},
    {"binary-no-end", 27, 5, "cut short", "InnerProduct_1"},
    {"binary-count-is-a-list", 19, -23302, "setting 2 must be a whole number", "InnerProduct_1"},
};

void add_cases_of_weights(Matrix& matrix) {
  auto weights = good_weights();
  weights.resize(weights.size() - 1);
  matrix.cases.push_back({"weights-cut-in-a-number", pair(kGoodGraph, weights), ErrorCode::bad_model, "needs 12", "memory/data"});
  weights.resize(1206);
  matrix.cases.push_back({"weights-cut-in-a-tag", pair(kGoodGraph, weights), ErrorCode::bad_model, "needs 4", "embed/weight"});
  weights.resize(100);
  matrix.cases.push_back({"weights-cut-in-a-table", pair(kGoodGraph, weights), ErrorCode::bad_model, "needs 1024", "fc/weight_table"});
  matrix.cases.push_back({"weights-empty", pair(kGoodGraph, {}), ErrorCode::bad_model, "has 0 bytes", "conv/weight"});
  auto tag = good_weights();
  tag[0] = std::byte{0};
  matrix.cases.push_back({"weights-tag-wrong", pair(kGoodGraph, std::move(tag)), ErrorCode::bad_model, "needs 1024", "dw/weight_table"});
}

}  // namespace

Matrix ncnn_matrix() {
  Matrix matrix{&ncnn_codec(), pair(kGoodGraph, good_weights()), {}};
  for (auto& fault : graph_faults())
    matrix.cases.push_back({fault.name, pair(with(kGoodGraph, fault.from, fault.to), good_weights()), fault.code, fault.message, fault.layer});
  for (const auto& fault : kNumberFaults)
    matrix.cases.push_back({fault.name, binary_pair(with_number(fault.index, fault.value)), fault.code, fault.message, fault.layer});
  for (const auto& fault : kLayerFaults) {
    const auto layer = std::string(fault.type) + " memory 0 1 m " + fault.settings;
    const auto tensor = std::string("memory") + (*fault.weights == 0 ? "" : "/") + fault.weights;
    matrix.cases.push_back(
        {fault.name, pair(with(kGoodGraph, "MemoryData       memory 0 1 m 0=3", layer), good_weights()), ErrorCode::bad_model, fault.message, tensor});
  }
  add_cases_of_weights(matrix);
  return matrix;
}

}  // namespace nnlock::formats::malformed
