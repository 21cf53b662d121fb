// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The table of layer types, in the order that gives them their numbers (Tencent/ncnn: src/CMakeLists.txt, ncnn_add_layer), and the
// weights of each (src/layer/NAME.cpp). Numbers in get() are the settings' numbers there.

#include "formats/ncnn_layers.hpp"

#include <limits>

namespace nnlock::formats::ncnn {
namespace {

void convolution(WeightList& w) {
  w.tagged("weight", {w.get(6)});
  if (w.get(5) != 0) w.raw("bias", {w.get(0)});
}

void convolution_or_input(WeightList& w) {
  if (w.get(19) == 0) convolution(w);
}

void deconvolution_or_input(WeightList& w) {
  if (w.get(28) == 0) convolution(w);
}

void convolution_2d(WeightList& w) {
  if (w.get(19) != 0) return;
  convolution(w);
  const auto quantised = w.get(8);
  if (quantised != 0) w.scale("weight_scale", {w.get(0)});
  if (quantised != 0) w.scale("input_scale", {1});
  if (quantised > 100) w.scale("output_scale", {1});
}

void convolution_depthwise(WeightList& w) {
  if (w.get(19) != 0) return;
  convolution(w);
  const auto quantised = w.get(8);
  const bool each = quantised == 1 || quantised == 101, one = quantised == 2 || quantised == 102;
  if (each || one) w.scale("weight_scale", {each ? w.get(7, 1) : 1});
  if (each || one) w.scale("input_scale", {1});
  if (quantised > 100) w.scale("output_scale", {1});
}

void inner_product(WeightList& w) {
  w.tagged("weight", {w.get(2)});
  if (w.get(1) != 0) w.raw("bias", {w.get(0)});
  if (w.get(8) == 0) return;
  w.scale("weight_scale", {w.get(0)});
  w.scale("input_scale", {1});
}

void embed(WeightList& w) {
  w.tagged("weight", {w.get(3)});
  if (w.get(2) != 0) w.raw("bias", {w.get(0)});
  if (w.get(18) != 0) w.scale("weight_scale", {1});
}

void batch_norm(WeightList& w) {
  for (const char* name : {"slope", "mean", "variance", "bias"}) w.raw(name, {w.get(0)});
}

void bias(WeightList& w) { w.raw("bias", {w.get(0)}); }
void prelu(WeightList& w) { w.raw("slope", {w.get(0)}); }
void normalize(WeightList& w) { w.raw("scale", {w.get(3)}); }

void scale(WeightList& w) {
  if (w.get(0) == -233) return;  // its scale is an input
  w.raw("scale", {w.get(0)});
  if (w.get(1) != 0) w.raw("bias", {w.get(0)});
}

void padding(WeightList& w) {
  if (w.get(6) != 0) w.raw("per_channel", {w.get(6)});
}

void memory_data(WeightList& w) {
  const std::int64_t width = w.get(0), height = w.get(1), channels = w.get(2), depth = w.get(11);
  if (width == 0 && height == 0 && channels == 0 && depth == 0) return;
  const bool raw = w.get(21, 1) == 1;
  if (!raw && w.get(21, 1) != 0) return w.refuse("setting 21 must be 0 or 1");
  const std::int64_t c = depth != 0 || channels != 0 ? channels : 1, h = depth != 0 || channels != 0 || height != 0 ? height : 1;
  const std::int64_t d = depth != 0 ? depth : 1;
  if (raw)
    w.raw("data", {width, h, d, c});
  else
    w.tagged("data", {width, h, d, c});
}

void quantize(WeightList& w) { w.scale("scale", {w.get(0, 1)}); }

void dequantize(WeightList& w) {
  w.scale("scale", {w.get(0, 1)});
  if (w.get(1) != 0) w.raw("bias", {w.get(1)});
}

void requantize(WeightList& w) {
  w.scale("scale_in", {w.get(0, 1)});
  w.scale("scale_out", {w.get(1, 1)});
  if (w.get(2) != 0) w.raw("bias", {w.get(2)});
}

void gamma_beta(WeightList& w, std::int64_t count, bool affine) {
  if (!affine) return;
  w.raw("gamma", {count});
  w.raw("beta", {count});
}

void group_norm(WeightList& w) { gamma_beta(w, w.get(1), w.get(3, 1) != 0); }
void instance_or_layer_norm(WeightList& w) { gamma_beta(w, w.get(0), w.get(2, 1) != 0); }

void rms_norm(WeightList& w) {
  if (w.get(2, 1) != 0) w.raw("gamma", {w.get(0)});
}

// `gates`: rows of the weights per output; `biases`: rows of the bias. An LSTM may project its hidden state to fewer outputs.
void recurrent(WeightList& w, std::int64_t gates, std::int64_t biases, std::int64_t hidden) {
  const std::int64_t outputs = w.get(0), directions = w.get(2) == 2 ? 2 : 1;
  const std::int64_t inputs = w.quotient(w.get(1), directions * hidden * gates);
  w.tagged("weight_xc", {inputs, hidden * gates, directions});
  w.tagged("bias_c", {hidden, biases, directions});
  w.tagged("weight_hc", {outputs, hidden * gates, directions});
  if (outputs != hidden) w.tagged("weight_hr", {hidden, outputs, directions});
  if (w.get(8) == 0) return;
  w.scale("weight_xc_scale", {hidden * gates, directions});
  w.scale("weight_hc_scale", {hidden * gates, directions});
}

void rnn(WeightList& w) { recurrent(w, 1, 1, w.get(0)); }
void gru(WeightList& w) { recurrent(w, 3, 4, w.get(0)); }
void lstm(WeightList& w) { recurrent(w, 4, 4, w.get(3, w.get(0))); }

// Setting 18 of Gemm and MultiHeadAttention: bits * 100 + input scales * 10 + block size code.
struct BlockQuantisation {
  explicit BlockQuantisation(std::int64_t term)
      : bits(term / 100), input_scales(term % 100 / 10 == 1), block(std::int64_t{32} << (term % 10 & 3)),
        used((bits == 4 || bits == 6 || bits == 8) && term % 100 / 10 <= 1 && term % 10 <= 2) {}
  std::int64_t packed(std::int64_t k) const { return (k * bits + 7) / 8; }      // bytes of a row
  std::int64_t blocks(std::int64_t k) const { return (k + block - 1) / block; }  // scales of a row
  std::int64_t bits;
  bool input_scales;
  std::int64_t block;
  bool used;
};

bool refuse_quantisation(WeightList& w, std::int64_t term, const BlockQuantisation& blocks) {
  if (term < 0 || (term >= 4 && term <= 6) || (term >= 400 && !blocks.used)) w.refuse("setting 18 names an unknown quantisation");
  return !w.problem().empty();
}

void gemm_constant_c(WeightList& w, std::int64_t m, std::int64_t n) {
  const auto broadcast = w.get(10);
  if (w.get(6) != 1 || broadcast == -1) return;
  if (broadcast < 0 || broadcast > 4) return w.refuse("setting 10 must be -1 to 4");
  w.tagged("C", {broadcast == 1 || broadcast == 2 || broadcast == 3 ? m : 1, broadcast == 3 || broadcast == 4 ? n : 1});
}

void gemm(WeightList& w) {
  const std::int64_t m = w.get(7), n = w.get(8), k = w.get(9), term = w.get(18);
  const bool constant_a = w.get(4) == 1, constant_b = w.get(5) == 1;
  const BlockQuantisation blocks(term);
  if (refuse_quantisation(w, term, blocks)) return;
  if (blocks.used && (w.get(4) != 0 || !constant_b || w.get(2) != 0 || w.get(3) != 1))
    return w.refuse("blocks of quantised weights need a constant, transposed B only");
  if (constant_a) w.tagged("A", {k, m});
  if (constant_b) w.tagged("B", {blocks.used && k > 0 ? blocks.packed(k) : k, n});
  gemm_constant_c(w, m, n);
  if (blocks.used) {
    w.scale("B_scale", {blocks.blocks(k), n});
    if (blocks.input_scales) w.scale("B_input_scale", {k});
  } else if (term != 0) {
    if (constant_a) w.scale("A_scale", {m});
    if (constant_b) w.scale("B_scale", {1});
  }
}

void multi_head_attention(WeightList& w) {
  const std::int64_t outputs = w.get(0), term = w.get(18);
  const std::int64_t q = w.quotient(w.get(2), outputs), k = w.get(3, w.get(0)), v = w.get(4, w.get(0));
  const BlockQuantisation blocks(term);
  if (refuse_quantisation(w, term, blocks)) return;
  const auto row = [&](std::int64_t columns) { return blocks.used && columns > 0 ? blocks.packed(columns) : columns; };
  w.tagged("q_weight", {row(q), outputs});
  w.raw("q_bias", {outputs});
  w.tagged("k_weight", {row(k), outputs});
  w.raw("k_bias", {outputs});
  w.tagged("v_weight", {row(v), outputs});
  w.raw("v_bias", {outputs});
  w.tagged("out_weight", {row(outputs), q});
  w.raw("out_bias", {q});
  if (term == 0) return;
  w.scale("q_scale", {blocks.used ? blocks.blocks(q) : 1, outputs});
  w.scale("k_scale", {blocks.used ? blocks.blocks(k) : 1, outputs});
  w.scale("v_scale", {blocks.used ? blocks.blocks(v) : 1, outputs});
  w.scale("out_scale", {blocks.used ? blocks.blocks(outputs) : 1, blocks.used ? q : 1});
  if (!blocks.used || !blocks.input_scales) return;
  w.scale("q_input_scale", {q});
  w.scale("k_input_scale", {k});
  w.scale("v_input_scale", {v});
  w.scale("out_input_scale", {outputs});
}

constexpr auto kTypes = std::to_array<LayerType>({
    {"AbsVal"}, {"ArgMax"}, {"BatchNorm", batch_norm}, {"Bias", bias}, {"BNLL"}, {"Concat"},
    {"Convolution", convolution_2d}, {"Crop"}, {"Deconvolution", deconvolution_or_input}, {"Dropout"},
    {"Eltwise"}, {"ELU"}, {"Embed", embed}, {"Exp"}, {"Flatten"}, {"InnerProduct", inner_product}, {"Input"},
    {"Log"}, {"LRN"}, {"MemoryData", memory_data}, {"MVN"}, {"Pooling"}, {"Power"}, {"PReLU", prelu},
    {"Proposal"}, {"Reduction"}, {"ReLU"}, {"Reshape"}, {"ROIPooling"}, {"Scale", scale}, {"Sigmoid"},
    {"Slice"}, {"Softmax"}, {"Split"}, {"SPP"}, {"TanH"}, {"Threshold"}, {"Tile"}, {"RNN", rnn},
    {"LSTM", lstm}, {"BinaryOp"}, {"UnaryOp"}, {"ConvolutionDepthWise", convolution_depthwise},
    {"Padding", padding}, {"Squeeze"}, {"ExpandDims"}, {"Normalize", normalize}, {"Permute"}, {"PriorBox"},
    {"DetectionOutput"}, {"Interp"}, {"DeconvolutionDepthWise", deconvolution_or_input}, {"ShuffleChannel"},
    {"InstanceNorm", instance_or_layer_norm}, {"Clip"}, {"Reorg"}, {"YoloDetectionOutput"},
    {"Quantize", quantize}, {"Dequantize", dequantize}, {"Yolov3DetectionOutput"}, {"PSROIPooling"},
    {"ROIAlign"}, {"Packing"}, {"Requantize", requantize}, {"Cast"}, {"HardSigmoid"}, {"SELU"}, {"HardSwish"},
    {"Noop"}, {"PixelShuffle"}, {"DeepCopy"}, {"Mish"}, {"StatisticsPooling"}, {"Swish"}, {"Gemm", gemm},
    {"GroupNorm", group_norm}, {"LayerNorm", instance_or_layer_norm}, {"Softplus"}, {"GRU", gru},
    {"MultiHeadAttention", multi_head_attention}, {"GELU"}, {"Convolution1D", convolution_or_input},
    {"Pooling1D"}, {"ConvolutionDepthWise1D", convolution_or_input}, {"Convolution3D", convolution},
    {"ConvolutionDepthWise3D", convolution}, {"Pooling3D"}, {"MatMul"}, {"Deconvolution1D", deconvolution_or_input},
    {"DeconvolutionDepthWise1D", deconvolution_or_input}, {"Deconvolution3D", convolution},
    {"DeconvolutionDepthWise3D", convolution}, {"Einsum"}, {"DeformableConv2D", convolution}, {"GLU"}, {"Fold"},
    {"Unfold"}, {"GridSample"}, {"CumulativeSum"}, {"CopyTo"}, {"Erf"}, {"Diag"}, {"CELU"}, {"Shrink"},
    {"RMSNorm", rms_norm}, {"Spectrogram"}, {"InverseSpectrogram"}, {"Flip"}, {"SDPA"}, {"RotaryEmbed"},
});
static_assert(kTypes.size() == 110);
constexpr std::size_t kFirstGeneration = 38;  // up to Tile; RNN and LSTM had other settings then

}  // namespace

std::int32_t WeightList::get(int id, std::int32_t otherwise) {
  if (!settings_.has(id)) return otherwise;
  if (!settings_.whole(id)) refuse("setting " + std::to_string(id) + " must be a whole number");
  return settings_.value(id);
}

std::int64_t WeightList::quotient(std::int64_t a, std::int64_t b) {
  if (b > 0 && a > 0 && a % b == 0) return a / b;
  refuse("the number of weights does not fit the number of outputs");
  return 0;
}

void WeightList::refuse(std::string problem) {
  if (problem_.empty()) problem_ = std::move(problem);
}

void WeightList::add(const char* name, std::initializer_list<std::int64_t> dims, bool tagged, bool scale) {
  std::uint64_t count = 1;
  for (const std::int64_t dim : dims) {
    constexpr auto most = std::numeric_limits<std::int32_t>::max();
    if (dim <= 0 || dim > most || count > static_cast<std::uint64_t>(most / dim))
      return refuse(std::string(name) + " has no possible number of elements");
    count *= static_cast<std::uint64_t>(dim);
  }
  weights_.push_back({name, count, tagged, scale});
}

const LayerType* layer_type(std::string_view name) {
  for (const LayerType& type : kTypes)
    if (type.name == name) return &type;
  return nullptr;
}

const LayerType* layer_type(std::int32_t number) {
  return number >= 0 && static_cast<std::size_t>(number) < kTypes.size() ? &kTypes[static_cast<std::size_t>(number)] : nullptr;
}

bool is_first_generation(const LayerType& type) { return static_cast<std::size_t>(&type - kTypes.data()) < kFirstGeneration; }

}  // namespace nnlock::formats::ncnn
