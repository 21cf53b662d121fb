// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The operand table. Operators and input numbers: onnx/onnx, docs/Operators.md and docs/Changelog.md (all
// opsets), and microsoft/onnxruntime, docs/ContribOperators.md. Which of them ONNX Runtime reads while
// loading was measured by putting random bytes into each (docs/formats.md).

#include "formats/onnx_operands.hpp"

#include <algorithm>
#include <array>

namespace nnlock::formats::onnx {

namespace {

struct Row {
  std::string_view op_type;
  Domain domain;
  std::uint8_t first, last;  // inputs
  Use use;
  std::string_view what;
};

// Sorted by operator. Inputs that stand in no row are data.
constexpr auto kRows = std::to_array<Row>({
    {"AffineGrid", Domain::onnx, 1, 1, Use::plain, "size"},
    {"ArrayFeatureExtractor", Domain::ml, 1, 1, Use::plain, "indices"},
    {"Attention", Domain::onnx, 6, 6, Use::plain, "lengths"},
    {"BeamSearch", Domain::microsoft, 1, 16, Use::plain, "settings"},
    {"BitShift", Domain::onnx, 1, 1, Use::plain, "shift"},
    {"BlackmanWindow", Domain::onnx, 0, 0, Use::plain, "size"},
    {"CenterCropPad", Domain::onnx, 1, 1, Use::plain, "shape"},
    {"Clip", Domain::onnx, 1, 1, Use::plain, "min"},
    {"Clip", Domain::onnx, 2, 2, Use::plain, "max"},
    {"Col2Im", Domain::onnx, 1, 2, Use::plain, "shape"},
    {"Compress", Domain::onnx, 1, 1, Use::plain, "condition"},
    {"ConstantOfShape", Domain::onnx, 0, 0, Use::plain, "shape"},
    {"ConvInteger", Domain::onnx, 2, 3, Use::plain, "zero point"},
    {"CropAndResize", Domain::microsoft, 2, 3, Use::plain, "indices and size"},
    {"CumProd", Domain::onnx, 1, 1, Use::plain, "axis"},
    {"CumSum", Domain::onnx, 1, 1, Use::plain, "axis"},
    {"DFT", Domain::onnx, 1, 2, Use::plain, "length and axis"},
    {"DequantizeLinear", Domain::onnx, 0, 0, Use::weight, "values"},
    {"DequantizeLinear", Domain::onnx, 1, 1, Use::plain, "scale"},
    {"DequantizeLinear", Domain::onnx, 2, 2, Use::plain, "zero point"},
    {"Dropout", Domain::onnx, 1, 2, Use::plain, "ratio"},
    {"DynamicQuantizeLSTM", Domain::microsoft, 4, 4, Use::plain, "lengths"},
    {"DynamicQuantizeLSTM", Domain::microsoft, 8, 11, Use::plain, "scale and zero point"},
    {"DynamicQuantizeMatMul", Domain::microsoft, 2, 3, Use::plain, "scale and zero point"},
    {"Expand", Domain::onnx, 1, 1, Use::plain, "shape"},
    {"ExpandDims", Domain::microsoft, 1, 1, Use::plain, "axis"},
    {"GRU", Domain::onnx, 4, 4, Use::plain, "lengths"},
    {"Gather", Domain::onnx, 1, 1, Use::plain, "indices"},
    {"GatherBlockQuantized", Domain::microsoft, 1, 1, Use::plain, "indices"},
    {"GatherBlockQuantized", Domain::microsoft, 2, 3, Use::plain, "scale and zero point"},
    {"GatherElements", Domain::onnx, 1, 1, Use::plain, "indices"},
    {"GatherND", Domain::onnx, 1, 1, Use::plain, "indices"},
    {"GreedySearch", Domain::microsoft, 1, 16, Use::plain, "settings"},
    {"HammingWindow", Domain::onnx, 0, 0, Use::plain, "size"},
    {"HannWindow", Domain::onnx, 0, 0, Use::plain, "size"},
    {"If", Domain::onnx, 0, 0, Use::plain, "condition"},
    {"LSTM", Domain::onnx, 4, 4, Use::plain, "lengths"},
    {"Loop", Domain::onnx, 0, 1, Use::plain, "trip count and condition"},
    {"MatMulBnb4", Domain::microsoft, 2, 2, Use::plain, "scale"},
    {"MatMulFpQ4", Domain::microsoft, 2, 2, Use::plain, "shape"},
    {"MatMulInteger", Domain::onnx, 2, 3, Use::plain, "zero point"},
    {"MatMulIntegerToFloat", Domain::microsoft, 2, 5, Use::plain, "scale and zero point"},
    {"MatMulNBits", Domain::microsoft, 1, 1, Use::weight, "weights"},
    {"MatMulNBits", Domain::microsoft, 2, 3, Use::plain, "scale and zero point"},
    {"MatMulNBits", Domain::microsoft, 4, 4, Use::plain, "group indices"},
    {"Max", Domain::onnx, 0, 255, Use::plain, "limit"},
    {"MaxUnpool", Domain::onnx, 1, 1, Use::plain, "indices"},
    {"MaxUnpool", Domain::onnx, 2, 2, Use::plain, "output shape"},
    {"MelWeightMatrix", Domain::onnx, 0, 4, Use::plain, "settings"},
    {"Min", Domain::onnx, 0, 255, Use::plain, "limit"},
    {"MulInteger", Domain::microsoft, 1, 1, Use::plain, "zero point"},
    {"MulInteger", Domain::microsoft, 3, 3, Use::plain, "zero point"},
    {"NegativeLogLikelihoodLoss", Domain::onnx, 1, 1, Use::plain, "labels"},
    {"NonMaxSuppression", Domain::onnx, 2, 4, Use::plain, "limits"},
    {"OneHot", Domain::onnx, 0, 0, Use::plain, "indices"},
    {"OneHot", Domain::onnx, 1, 1, Use::plain, "depth"},
    {"Pad", Domain::onnx, 1, 1, Use::plain, "pads"},
    {"Pad", Domain::onnx, 2, 2, Use::plain, "constant value"},
    {"Pad", Domain::onnx, 3, 3, Use::plain, "axes"},
    {"Pow", Domain::onnx, 1, 1, Use::plain, "exponent"},
    {"QAttention", Domain::microsoft, 3, 4, Use::plain, "scale"},
    {"QAttention", Domain::microsoft, 5, 5, Use::plain, "mask"},
    {"QAttention", Domain::microsoft, 6, 7, Use::plain, "zero point"},
    {"QEmbedLayerNormalization", Domain::microsoft, 8, 17, Use::plain, "scale and zero point"},
    {"QGemm", Domain::microsoft, 1, 2, Use::plain, "scale and zero point"},
    {"QGemm", Domain::microsoft, 4, 5, Use::plain, "scale and zero point"},
    {"QGemm", Domain::microsoft, 6, 6, Use::weight, "bias"},
    {"QGemm", Domain::microsoft, 7, 8, Use::plain, "scale and zero point"},
    {"QLinearAdd", Domain::microsoft, 1, 2, Use::plain, "scale and zero point"},
    {"QLinearAdd", Domain::microsoft, 4, 7, Use::plain, "scale and zero point"},
    {"QLinearAveragePool", Domain::microsoft, 1, 4, Use::plain, "scale and zero point"},
    {"QLinearConcat", Domain::microsoft, 0, 1, Use::plain, "scale and zero point"},
    {"QLinearConv", Domain::onnx, 1, 2, Use::plain, "scale and zero point"},
    {"QLinearConv", Domain::onnx, 4, 7, Use::plain, "scale and zero point"},
    {"QLinearConv", Domain::onnx, 8, 8, Use::weight, "bias"},
    {"QLinearGlobalAveragePool", Domain::microsoft, 1, 4, Use::plain, "scale and zero point"},
    {"QLinearLeakyRelu", Domain::microsoft, 1, 4, Use::plain, "scale and zero point"},
    {"QLinearMatMul", Domain::onnx, 1, 2, Use::plain, "scale and zero point"},
    {"QLinearMatMul", Domain::onnx, 4, 7, Use::plain, "scale and zero point"},
    {"QLinearMul", Domain::microsoft, 1, 2, Use::plain, "scale and zero point"},
    {"QLinearMul", Domain::microsoft, 4, 7, Use::plain, "scale and zero point"},
    {"QLinearReduceMean", Domain::microsoft, 1, 4, Use::plain, "scale and zero point"},
    {"QLinearSigmoid", Domain::microsoft, 1, 4, Use::plain, "scale and zero point"},
    {"QLinearSoftmax", Domain::microsoft, 1, 4, Use::plain, "scale and zero point"},
    {"QLinearWhere", Domain::microsoft, 0, 0, Use::plain, "condition"},
    {"QLinearWhere", Domain::microsoft, 2, 3, Use::plain, "scale and zero point"},
    {"QLinearWhere", Domain::microsoft, 5, 8, Use::plain, "scale and zero point"},
    {"QMoE", Domain::microsoft, 3, 3, Use::plain, "scale"},
    {"QMoE", Domain::microsoft, 6, 6, Use::plain, "scale"},
    {"QMoE", Domain::microsoft, 9, 9, Use::plain, "scale"},
    {"QMoE", Domain::microsoft, 11, 13, Use::plain, "zero point"},
    {"QOrderedMatMul", Domain::microsoft, 1, 1, Use::plain, "scale"},
    {"QOrderedMatMul", Domain::microsoft, 3, 4, Use::plain, "scale"},
    {"QOrderedMatMul", Domain::microsoft, 7, 7, Use::plain, "scale"},
    {"QuantizeLinear", Domain::onnx, 1, 1, Use::plain, "scale"},
    {"QuantizeLinear", Domain::onnx, 2, 2, Use::plain, "zero point"},
    {"RNN", Domain::onnx, 4, 4, Use::plain, "lengths"},
    {"Range", Domain::onnx, 0, 2, Use::plain, "limits"},
    {"ReduceL1", Domain::onnx, 1, 1, Use::plain, "axes"},
    {"ReduceL2", Domain::onnx, 1, 1, Use::plain, "axes"},
    {"ReduceLogSum", Domain::onnx, 1, 1, Use::plain, "axes"},
    {"ReduceLogSumExp", Domain::onnx, 1, 1, Use::plain, "axes"},
    {"ReduceMax", Domain::onnx, 1, 1, Use::plain, "axes"},
    {"ReduceMean", Domain::onnx, 1, 1, Use::plain, "axes"},
    {"ReduceMin", Domain::onnx, 1, 1, Use::plain, "axes"},
    {"ReduceProd", Domain::onnx, 1, 1, Use::plain, "axes"},
    {"ReduceSum", Domain::onnx, 1, 1, Use::plain, "axes"},
    {"ReduceSumSquare", Domain::onnx, 1, 1, Use::plain, "axes"},
    {"Reshape", Domain::onnx, 1, 1, Use::plain, "shape"},
    {"Resize", Domain::onnx, 1, 1, Use::plain, "region or scales"},
    {"Resize", Domain::onnx, 2, 2, Use::plain, "scales"},
    {"Resize", Domain::onnx, 3, 3, Use::plain, "sizes"},
    {"ReverseSequence", Domain::onnx, 1, 1, Use::plain, "lengths"},
    {"RoiAlign", Domain::onnx, 2, 2, Use::plain, "batch indices"},
    {"RotaryEmbedding", Domain::onnx, 3, 3, Use::plain, "positions"},
    {"STFT", Domain::onnx, 1, 1, Use::plain, "frame step"},
    {"STFT", Domain::onnx, 3, 3, Use::plain, "frame length"},
    {"Sampling", Domain::microsoft, 1, 16, Use::plain, "settings"},
    {"Scatter", Domain::onnx, 1, 1, Use::plain, "indices"},
    {"ScatterElements", Domain::onnx, 1, 1, Use::plain, "indices"},
    {"ScatterND", Domain::onnx, 1, 1, Use::plain, "indices"},
    {"SequenceAt", Domain::onnx, 1, 1, Use::plain, "position"},
    {"SequenceErase", Domain::onnx, 1, 1, Use::plain, "position"},
    {"SequenceInsert", Domain::onnx, 2, 2, Use::plain, "position"},
    {"Slice", Domain::onnx, 1, 1, Use::plain, "starts"},
    {"Slice", Domain::onnx, 2, 2, Use::plain, "ends"},
    {"Slice", Domain::onnx, 3, 3, Use::plain, "axes"},
    {"Slice", Domain::onnx, 4, 4, Use::plain, "steps"},
    {"SoftmaxCrossEntropyLoss", Domain::onnx, 1, 1, Use::plain, "labels"},
    {"Split", Domain::onnx, 1, 1, Use::plain, "split"},
    {"SplitToSequence", Domain::onnx, 1, 1, Use::plain, "split"},
    {"Squeeze", Domain::onnx, 1, 1, Use::plain, "axes"},
    {"TensorScatter", Domain::onnx, 2, 2, Use::plain, "write indices"},
    {"Tile", Domain::onnx, 1, 2, Use::plain, "repeats"},
    {"TopK", Domain::onnx, 1, 1, Use::plain, "k"},
    {"Trilu", Domain::onnx, 1, 1, Use::plain, "k"},
    {"Unsqueeze", Domain::onnx, 1, 1, Use::plain, "axes"},
    {"Upsample", Domain::onnx, 1, 1, Use::plain, "scales"},
    {"Where", Domain::onnx, 0, 0, Use::plain, "condition"},
    {"WhisperBeamSearch", Domain::microsoft, 1, 16, Use::plain, "settings"},
});
static_assert(std::is_sorted(kRows.begin(), kRows.end(),
                             [](const Row& a, const Row& b) { return a.op_type < b.op_type; }));

struct AttributeRow {
  std::string_view op_type, attribute;
  Use use;
};

// Tensors in attributes that are no learned values.
constexpr auto kAttributes = std::to_array<AttributeRow>({
    {"ConstantOfShape", "value", Use::plain},
    {"LabelEncoder", "default_tensor", Use::plain},
    {"LabelEncoder", "keys_tensor", Use::plain},
    {"LabelEncoder", "values_tensor", Use::plain},
    {"TreeEnsemble", "nodes_hitrates", Use::plain},
    {"TreeEnsemble", "nodes_modes", Use::plain},
    {"TreeEnsembleClassifier", "nodes_hitrates_as_tensor", Use::plain},
    {"TreeEnsembleRegressor", "nodes_hitrates_as_tensor", Use::plain},
});

struct ListRow {
  std::string_view op_type, attribute;
};

// Operators of ai.onnx.ml that keep learned values in lists of floats (onnx/onnx, docs/Operators-ml.md).
constexpr auto kLearnedLists = std::to_array<ListRow>({
    {"LinearClassifier", "coefficients"},
    {"LinearClassifier", "intercepts"},
    {"LinearRegressor", "coefficients"},
    {"LinearRegressor", "intercepts"},
    {"SVMClassifier", "coefficients"},
    {"SVMClassifier", "prob_a"},
    {"SVMClassifier", "prob_b"},
    {"SVMClassifier", "rho"},
    {"SVMClassifier", "support_vectors"},
    {"SVMRegressor", "coefficients"},
    {"SVMRegressor", "rho"},
    {"SVMRegressor", "support_vectors"},
    {"Scaler", "offset"},
    {"Scaler", "scale"},
    {"TreeEnsembleClassifier", "base_values"},
    {"TreeEnsembleClassifier", "class_weights"},
    {"TreeEnsembleClassifier", "nodes_values"},
    {"TreeEnsembleRegressor", "base_values"},
    {"TreeEnsembleRegressor", "nodes_values"},
    {"TreeEnsembleRegressor", "target_weights"},
});

const Row* find_row(Domain domain, std::string_view op_type, std::uint32_t input) {
  auto row = std::lower_bound(kRows.begin(), kRows.end(), op_type,
                              [](const Row& r, std::string_view name) { return r.op_type < name; });
  for (; row != kRows.end() && row->op_type == op_type; ++row)
    if (row->domain == domain && input >= row->first && input <= row->last) return &*row;
  return nullptr;
}

}  // namespace

Domain domain_of(std::string_view domain) {
  if (domain.empty() || domain == "ai.onnx") return Domain::onnx;
  if (domain == "ai.onnx.ml") return Domain::ml;
  // ONNX Runtime's own domains repeat the signatures of com.microsoft.
  if (domain == "com.microsoft" || domain == "com.microsoft.nchwc" || domain == "com.ms.internal.nhwc")
    return Domain::microsoft;
  return Domain::other;
}

Operand operand(std::string_view domain, std::string_view op_type, std::uint32_t input) {
  const Domain known = domain_of(domain);
  const Row* row = find_row(known, op_type, input);
  // com.microsoft repeats standard operators (QuantizeLinear, Pad, QLinearConv) with the same inputs.
  if (row == nullptr && known == Domain::microsoft) row = find_row(Domain::onnx, op_type, input);
  if (row != nullptr) return {row->use, row->what};
  // QLinearConcat takes triples (tensor, scale, zero point) after its first two inputs.
  if (known == Domain::microsoft && op_type == "QLinearConcat" && input >= 2 && (input - 2) % 3 != 0)
    return {Use::plain, "scale and zero point"};
  return {};
}

Operand attribute_operand(std::string_view domain, std::string_view op_type, std::string_view attribute) {
  if (domain_of(domain) == Domain::other) return {};
  const auto row = std::find_if(kAttributes.begin(), kAttributes.end(), [&](const AttributeRow& r) {
    return r.op_type == op_type && r.attribute == attribute;
  });
  return row == kAttributes.end() ? Operand{} : Operand{row->use, row->attribute};
}

bool is_learned_list(std::string_view domain, std::string_view op_type, std::string_view attribute) {
  return domain_of(domain) == Domain::ml &&
         std::any_of(kLearnedLists.begin(), kLearnedLists.end(), [&](const ListRow& row) {
           return row.op_type == op_type && row.attribute == attribute;
         });
}

}  // namespace nnlock::formats::onnx
