// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Operator numbers are BuiltinOperator of tensorflow/lite/schema/schema.fbs; input positions are the
// constants at the head of each kernel in tensorflow/lite/kernels (now tflite/kernels of
// google-ai-edge/LiteRT).
#include "formats/tflite_operands.hpp"

#include <algorithm>
#include <array>

namespace nnlock::formats {
namespace {

// clang-format off
constexpr std::array<std::string_view, 210> kOperators = {
    "ADD", "AVERAGE_POOL_2D", "CONCATENATION", "CONV_2D", "DEPTHWISE_CONV_2D", "DEPTH_TO_SPACE", "DEQUANTIZE",
    "EMBEDDING_LOOKUP", "FLOOR", "FULLY_CONNECTED", "HASHTABLE_LOOKUP", "L2_NORMALIZATION", "L2_POOL_2D",
    "LOCAL_RESPONSE_NORMALIZATION", "LOGISTIC", "LSH_PROJECTION", "LSTM", "MAX_POOL_2D", "MUL", "RELU",
    "RELU_N1_TO_1", "RELU6", "RESHAPE", "RESIZE_BILINEAR", "RNN", "SOFTMAX", "SPACE_TO_DEPTH", "SVDF", "TANH",
    "CONCAT_EMBEDDINGS", "SKIP_GRAM", "CALL", "CUSTOM", "EMBEDDING_LOOKUP_SPARSE", "PAD",
    "UNIDIRECTIONAL_SEQUENCE_RNN", "GATHER", "BATCH_TO_SPACE_ND", "SPACE_TO_BATCH_ND", "TRANSPOSE", "MEAN",
    "SUB", "DIV", "SQUEEZE", "UNIDIRECTIONAL_SEQUENCE_LSTM", "STRIDED_SLICE", "BIDIRECTIONAL_SEQUENCE_RNN",
    "EXP", "TOPK_V2", "SPLIT", "LOG_SOFTMAX", "DELEGATE", "BIDIRECTIONAL_SEQUENCE_LSTM", "CAST", "PRELU",
    "MAXIMUM", "ARG_MAX", "MINIMUM", "LESS", "NEG", "PADV2", "GREATER", "GREATER_EQUAL", "LESS_EQUAL",
    "SELECT", "SLICE", "SIN", "TRANSPOSE_CONV", "SPARSE_TO_DENSE", "TILE", "EXPAND_DIMS", "EQUAL",
    "NOT_EQUAL", "LOG", "SUM", "SQRT", "RSQRT", "SHAPE", "POW", "ARG_MIN", "FAKE_QUANT", "REDUCE_PROD",
    "REDUCE_MAX", "PACK", "LOGICAL_OR", "ONE_HOT", "LOGICAL_AND", "LOGICAL_NOT", "UNPACK", "REDUCE_MIN",
    "FLOOR_DIV", "REDUCE_ANY", "SQUARE", "ZEROS_LIKE", "FILL", "FLOOR_MOD", "RANGE",
    "RESIZE_NEAREST_NEIGHBOR", "LEAKY_RELU", "SQUARED_DIFFERENCE", "MIRROR_PAD", "ABS", "SPLIT_V", "UNIQUE",
    "CEIL", "REVERSE_V2", "ADD_N", "GATHER_ND", "COS", "WHERE", "RANK", "ELU", "REVERSE_SEQUENCE",
    "MATRIX_DIAG", "QUANTIZE", "MATRIX_SET_DIAG", "ROUND", "HARD_SWISH", "IF", "WHILE",
    "NON_MAX_SUPPRESSION_V4", "NON_MAX_SUPPRESSION_V5", "SCATTER_ND", "SELECT_V2", "DENSIFY", "SEGMENT_SUM",
    "BATCH_MATMUL", "PLACEHOLDER_FOR_GREATER_OP_CODES", "CUMSUM", "CALL_ONCE", "BROADCAST_TO", "RFFT2D",
    "CONV_3D", "IMAG", "REAL", "COMPLEX_ABS", "HASHTABLE", "HASHTABLE_FIND", "HASHTABLE_IMPORT",
    "HASHTABLE_SIZE", "REDUCE_ALL", "CONV_3D_TRANSPOSE", "VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE",
    "BROADCAST_ARGS", "RANDOM_STANDARD_NORMAL", "BUCKETIZE", "RANDOM_UNIFORM", "MULTINOMIAL", "GELU",
    "DYNAMIC_UPDATE_SLICE", "RELU_0_TO_1", "UNSORTED_SEGMENT_PROD", "UNSORTED_SEGMENT_MAX",
    "UNSORTED_SEGMENT_SUM", "ATAN2", "UNSORTED_SEGMENT_MIN", "SIGN", "BITCAST", "BITWISE_XOR", "RIGHT_SHIFT",
    "STABLEHLO_LOGISTIC", "STABLEHLO_ADD", "STABLEHLO_DIVIDE", "STABLEHLO_MULTIPLY", "STABLEHLO_MAXIMUM",
    "STABLEHLO_RESHAPE", "STABLEHLO_CLAMP", "STABLEHLO_CONCATENATE", "STABLEHLO_BROADCAST_IN_DIM",
    "STABLEHLO_CONVOLUTION", "STABLEHLO_SLICE", "STABLEHLO_CUSTOM_CALL", "STABLEHLO_REDUCE", "STABLEHLO_ABS",
    "STABLEHLO_AND", "STABLEHLO_COSINE", "STABLEHLO_EXPONENTIAL", "STABLEHLO_FLOOR", "STABLEHLO_LOG",
    "STABLEHLO_MINIMUM", "STABLEHLO_NEGATE", "STABLEHLO_OR", "STABLEHLO_POWER", "STABLEHLO_REMAINDER",
    "STABLEHLO_RSQRT", "STABLEHLO_SELECT", "STABLEHLO_SUBTRACT", "STABLEHLO_TANH", "STABLEHLO_SCATTER",
    "STABLEHLO_COMPARE", "STABLEHLO_CONVERT", "STABLEHLO_DYNAMIC_SLICE", "STABLEHLO_DYNAMIC_UPDATE_SLICE",
    "STABLEHLO_PAD", "STABLEHLO_IOTA", "STABLEHLO_DOT_GENERAL", "STABLEHLO_REDUCE_WINDOW", "STABLEHLO_SORT",
    "STABLEHLO_WHILE", "STABLEHLO_GATHER", "STABLEHLO_TRANSPOSE", "DILATE", "STABLEHLO_RNG_BIT_GENERATOR",
    "REDUCE_WINDOW", "STABLEHLO_COMPOSITE", "STABLEHLO_SHIFT_LEFT", "STABLEHLO_CBRT", "STABLEHLO_CASE"
};
// clang-format on

// The number of a builtin operator. Evaluated at compile time, where a name that does not exist runs past the
// end and does not compile.
constexpr std::int16_t op(std::string_view name) {
  std::size_t i = 0;
  while (kOperators[i] != name) ++i;
  return static_cast<std::int16_t>(i);
}
constexpr std::int32_t kCustom = op("CUSTOM");

enum class Use : std::uint8_t {
  operand,  // decided by the dtype
  plain,    // read while preparing, or an index: always readable
  divisor,  // readable for integers, where a zero would trap
  bias,     // learned even when 32 or 64 bits wide
};

struct Slot {
  std::int16_t builtin;
  std::uint8_t first, last;  // input positions, both included
  Use use;
  std::string_view word;  // the operand's name in reasons
};

constexpr bool before(const Slot& a, const Slot& b) { return a.builtin < b.builtin; }

consteval auto sorted_slots() {
  std::array slots = {
      // Biases. int32 beside int8 activations, int64 beside int16.
      Slot{op("CONV_2D"), 2, 2, Use::bias, "bias"},
      Slot{op("DEPTHWISE_CONV_2D"), 2, 2, Use::bias, "bias"},
      Slot{op("FULLY_CONNECTED"), 2, 2, Use::bias, "bias"},
      Slot{op("TRANSPOSE_CONV"), 3, 3, Use::bias, "bias"},
      Slot{op("CONV_3D"), 2, 2, Use::bias, "bias"},
      Slot{op("CONV_3D_TRANSPOSE"), 3, 3, Use::bias, "bias"},
      Slot{op("SVDF"), 3, 3, Use::bias, "bias"},
      Slot{op("RNN"), 3, 3, Use::bias, "bias"},
      Slot{op("UNIDIRECTIONAL_SEQUENCE_RNN"), 3, 3, Use::bias, "bias"},
      Slot{op("BIDIRECTIONAL_SEQUENCE_RNN"), 3, 3, Use::bias, "forward bias"},
      Slot{op("BIDIRECTIONAL_SEQUENCE_RNN"), 7, 7, Use::bias, "backward bias"},
      Slot{op("LSTM"), 3, 3, Use::bias, "bias"},  // of the basic kernel, which has five inputs
      Slot{op("LSTM"), 12, 15, Use::bias, "gate bias"},
      Slot{op("LSTM"), 17, 17, Use::bias, "projection bias"},
      Slot{op("UNIDIRECTIONAL_SEQUENCE_LSTM"), 12, 15, Use::bias, "gate bias"},
      Slot{op("UNIDIRECTIONAL_SEQUENCE_LSTM"), 17, 17, Use::bias, "projection bias"},
      Slot{op("BIDIRECTIONAL_SEQUENCE_LSTM"), 12, 15, Use::bias, "forward gate bias"},
      Slot{op("BIDIRECTIONAL_SEQUENCE_LSTM"), 17, 17, Use::bias, "forward projection bias"},
      Slot{op("BIDIRECTIONAL_SEQUENCE_LSTM"), 29, 32, Use::bias, "backward gate bias"},
      Slot{op("BIDIRECTIONAL_SEQUENCE_LSTM"), 34, 34, Use::bias, "backward projection bias"},

      // Shapes, sizes and counts: a kernel sizes its output by them.
      Slot{op("RESHAPE"), 1, 1, Use::plain, "shape"},
      Slot{op("FILL"), 0, 0, Use::plain, "shape"},
      Slot{op("BROADCAST_TO"), 1, 1, Use::plain, "shape"},
      Slot{op("BROADCAST_ARGS"), 0, 1, Use::plain, "shape"},
      Slot{op("SCATTER_ND"), 2, 2, Use::plain, "shape"},
      Slot{op("SPARSE_TO_DENSE"), 1, 1, Use::plain, "shape"},
      Slot{op("TRANSPOSE_CONV"), 0, 0, Use::plain, "output shape"},
      Slot{op("CONV_3D_TRANSPOSE"), 0, 0, Use::plain, "output shape"},
      Slot{op("RANDOM_STANDARD_NORMAL"), 0, 0, Use::plain, "shape"},
      Slot{op("RANDOM_UNIFORM"), 0, 0, Use::plain, "shape"},
      Slot{op("MULTINOMIAL"), 1, 1, Use::plain, "sample count"},
      Slot{op("RESIZE_BILINEAR"), 1, 1, Use::plain, "size"},
      Slot{op("RESIZE_NEAREST_NEIGHBOR"), 1, 1, Use::plain, "size"},
      Slot{op("RFFT2D"), 1, 1, Use::plain, "length"},
      Slot{op("TILE"), 1, 1, Use::plain, "repeats"},
      Slot{op("ONE_HOT"), 1, 1, Use::plain, "depth"},
      Slot{op("TOPK_V2"), 1, 1, Use::plain, "count"},
      Slot{op("RANGE"), 0, 2, Use::plain, "bounds"},
      Slot{op("NON_MAX_SUPPRESSION_V4"), 2, 4, Use::plain, "limits"},
      Slot{op("NON_MAX_SUPPRESSION_V5"), 2, 5, Use::plain, "limits"},
      Slot{op("EMBEDDING_LOOKUP_SPARSE"), 2, 2, Use::plain, "dense shape"},

      // Axes, permutations, paddings, slices.
      Slot{op("TRANSPOSE"), 1, 1, Use::plain, "permutation"},
      Slot{op("MEAN"), 1, 1, Use::plain, "axis"},
      Slot{op("SUM"), 1, 1, Use::plain, "axis"},
      Slot{op("REDUCE_PROD"), 1, 1, Use::plain, "axis"},
      Slot{op("REDUCE_MAX"), 1, 1, Use::plain, "axis"},
      Slot{op("REDUCE_MIN"), 1, 1, Use::plain, "axis"},
      Slot{op("REDUCE_ANY"), 1, 1, Use::plain, "axis"},
      Slot{op("REDUCE_ALL"), 1, 1, Use::plain, "axis"},
      Slot{op("EXPAND_DIMS"), 1, 1, Use::plain, "axis"},
      Slot{op("ARG_MAX"), 1, 1, Use::plain, "axis"},
      Slot{op("ARG_MIN"), 1, 1, Use::plain, "axis"},
      Slot{op("CUMSUM"), 1, 1, Use::plain, "axis"},
      Slot{op("REVERSE_V2"), 1, 1, Use::plain, "axis"},
      Slot{op("SPLIT"), 0, 0, Use::plain, "axis"},
      Slot{op("SPLIT_V"), 1, 1, Use::plain, "sizes"},
      Slot{op("SPLIT_V"), 2, 2, Use::plain, "axis"},
      Slot{op("PAD"), 1, 1, Use::plain, "paddings"},
      Slot{op("PADV2"), 1, 1, Use::plain, "paddings"},
      Slot{op("MIRROR_PAD"), 1, 1, Use::plain, "paddings"},
      Slot{op("DILATE"), 1, 1, Use::plain, "dilations"},
      Slot{op("BATCH_TO_SPACE_ND"), 1, 1, Use::plain, "block shape"},
      Slot{op("BATCH_TO_SPACE_ND"), 2, 2, Use::plain, "crops"},
      Slot{op("SPACE_TO_BATCH_ND"), 1, 1, Use::plain, "block shape"},
      Slot{op("SPACE_TO_BATCH_ND"), 2, 2, Use::plain, "paddings"},
      Slot{op("SLICE"), 1, 1, Use::plain, "begin"},
      Slot{op("SLICE"), 2, 2, Use::plain, "size"},
      Slot{op("STRIDED_SLICE"), 1, 1, Use::plain, "begin"},
      Slot{op("STRIDED_SLICE"), 2, 2, Use::plain, "end"},
      Slot{op("STRIDED_SLICE"), 3, 3, Use::plain, "strides"},
      Slot{op("DYNAMIC_UPDATE_SLICE"), 2, 2, Use::plain, "start"},
      Slot{op("STABLEHLO_DYNAMIC_SLICE"), 1, 255, Use::plain, "start"},
      Slot{op("STABLEHLO_DYNAMIC_UPDATE_SLICE"), 2, 255, Use::plain, "start"},

      // Indices, keys, conditions.
      Slot{op("GATHER"), 1, 1, Use::plain, "indices"},
      Slot{op("GATHER_ND"), 1, 1, Use::plain, "indices"},
      Slot{op("STABLEHLO_GATHER"), 1, 1, Use::plain, "indices"},
      Slot{op("SCATTER_ND"), 0, 0, Use::plain, "indices"},
      Slot{op("STABLEHLO_SCATTER"), 1, 1, Use::plain, "indices"},
      Slot{op("SPARSE_TO_DENSE"), 0, 0, Use::plain, "indices"},
      Slot{op("ONE_HOT"), 0, 0, Use::plain, "indices"},
      Slot{op("EMBEDDING_LOOKUP"), 0, 0, Use::plain, "indices"},
      Slot{op("EMBEDDING_LOOKUP_SPARSE"), 0, 1, Use::plain, "indices"},
      Slot{op("SEGMENT_SUM"), 1, 1, Use::plain, "segment ids"},
      Slot{op("UNSORTED_SEGMENT_PROD"), 1, 2, Use::plain, "segment ids"},
      Slot{op("UNSORTED_SEGMENT_MAX"), 1, 2, Use::plain, "segment ids"},
      Slot{op("UNSORTED_SEGMENT_SUM"), 1, 2, Use::plain, "segment ids"},
      Slot{op("UNSORTED_SEGMENT_MIN"), 1, 2, Use::plain, "segment ids"},
      Slot{op("REVERSE_SEQUENCE"), 1, 1, Use::plain, "lengths"},
      Slot{op("HASHTABLE_LOOKUP"), 0, 1, Use::plain, "keys"},
      Slot{op("HASHTABLE_FIND"), 1, 1, Use::plain, "keys"},
      Slot{op("HASHTABLE_IMPORT"), 1, 1, Use::plain, "keys"},
      Slot{op("STABLEHLO_RNG_BIT_GENERATOR"), 0, 0, Use::plain, "state"},
      Slot{op("STABLEHLO_CASE"), 0, 0, Use::plain, "branch"},
      Slot{op("RIGHT_SHIFT"), 1, 1, Use::plain, "shift"},
      Slot{op("STABLEHLO_SHIFT_LEFT"), 1, 1, Use::plain, "shift"},

      Slot{op("DIV"), 1, 1, Use::divisor, "divisor"},
      Slot{op("FLOOR_DIV"), 1, 1, Use::divisor, "divisor"},
      Slot{op("FLOOR_MOD"), 1, 1, Use::divisor, "divisor"},
      Slot{op("STABLEHLO_DIVIDE"), 1, 1, Use::divisor, "divisor"},
      Slot{op("STABLEHLO_REMAINDER"), 1, 1, Use::divisor, "divisor"},
  };
  std::sort(slots.begin(), slots.end(), before);
  return slots;
}
constexpr auto kSlots = sorted_slots();

constexpr Slot kDefaultSlot{0, 0, 255, Use::operand, "integer operand"};
// An Arm Ethos-U program: the driver checks its header and runs it (Vela writes it as input 0, weights as
// input 1).
constexpr Slot kEthosProgram{0, 0, 0, Use::plain, "command stream"};

const Slot& find_slot(const TfliteUse& use) {
  if (use.builtin == kCustom)
    return use.custom_code == "ethos-u" && use.input == 0 ? kEthosProgram : kDefaultSlot;
  if (use.builtin < 0 || use.builtin >= static_cast<std::int32_t>(kOperators.size())) return kDefaultSlot;
  const Slot key{static_cast<std::int16_t>(use.builtin), 0, 0, Use::operand, {}};
  const auto [begin, end] = std::equal_range(kSlots.begin(), kSlots.end(), key, before);
  const auto found = std::find_if(
      begin, end, [&](const Slot& slot) { return slot.first <= use.input && use.input <= slot.last; });
  return found == end ? kDefaultSlot : *found;
}

std::string operator_name(const TfliteUse& use) {
  // A name comes from the file: keep reasons short whatever it is.
  if (use.builtin == kCustom) return "custom operator " + std::string(use.custom_code.substr(0, 64));
  if (use.builtin < 0 || use.builtin >= static_cast<std::int32_t>(kOperators.size()))
    return "operator " + std::to_string(use.builtin);
  return std::string(kOperators[static_cast<std::size_t>(use.builtin)]);
}

struct TypeRow {
  TfliteKind kind;
  Dtype dtype;
  std::uint8_t bits;
  bool integer;
};

// In the order of TensorType.
constexpr std::array kTypes = {
    TypeRow{TfliteKind::learned, Dtype::f32, 32, false},        // FLOAT32
    TypeRow{TfliteKind::learned, Dtype::f16, 16, false},        // FLOAT16
    TypeRow{TfliteKind::index, Dtype::i32, 32, true},           // INT32
    TypeRow{TfliteKind::learned, Dtype::u8, 8, true},           // UINT8
    TypeRow{TfliteKind::index, Dtype::i64, 64, true},           // INT64
    TypeRow{TfliteKind::readable, Dtype::string, 0, false},     // STRING: kernels parse its count and offsets
    TypeRow{TfliteKind::readable, Dtype::boolean, 8, false},    // BOOL
    TypeRow{TfliteKind::learned, Dtype::i16, 16, true},         // INT16
    TypeRow{TfliteKind::learned, Dtype::complex64, 64, false},  // COMPLEX64
    TypeRow{TfliteKind::learned, Dtype::i8, 8, true},           // INT8
    TypeRow{TfliteKind::learned, Dtype::f64, 64, false},        // FLOAT64
    TypeRow{TfliteKind::learned, Dtype::complex128, 128, false},  // COMPLEX128
    TypeRow{TfliteKind::index, Dtype::u64, 64, true},             // UINT64
    TypeRow{TfliteKind::readable, Dtype::opaque, 0, false},       // RESOURCE
    TypeRow{TfliteKind::readable, Dtype::opaque, 0, false},       // VARIANT
    TypeRow{TfliteKind::index, Dtype::u32, 32, true},             // UINT32
    TypeRow{TfliteKind::learned, Dtype::u16, 16, true},           // UINT16
    TypeRow{TfliteKind::learned, Dtype::i4, 4, true},             // INT4
    TypeRow{TfliteKind::learned, Dtype::bf16, 16, false},         // BFLOAT16
    TypeRow{TfliteKind::learned, Dtype::opaque, 2, true},         // INT2
    TypeRow{TfliteKind::learned, Dtype::u4, 4, true},             // UINT4
    TypeRow{TfliteKind::learned, Dtype::f8, 8, false},            // FLOAT8_E4M3FN
    TypeRow{TfliteKind::learned, Dtype::f8, 8, false},            // FLOAT8_E5M2
};
constexpr TypeRow kUnknownType{TfliteKind::unknown, Dtype::opaque, 0, false};

const TypeRow& type_row(TfliteType type) {
  return type >= 0 && static_cast<std::size_t>(type) < kTypes.size() ? kTypes[static_cast<std::size_t>(type)]
                                                                     : kUnknownType;
}

}  // namespace

TfliteKind tflite_kind(TfliteType type) { return type_row(type).kind; }
Dtype tflite_dtype(TfliteType type) { return type_row(type).dtype; }
std::uint32_t tflite_element_bits(TfliteType type) { return type_row(type).bits; }

std::optional<std::string> tflite_stays_readable(const TfliteUse& use, TfliteType type) {
  const TypeRow& row = type_row(type);
  const Slot& slot = find_slot(use);
  // 16-bit operands of custom operators are mostly index tables: scrambled, the filter bank of tflite-micro
  // (SignalFilterBank inputs 3 to 5) would read outside its buffers.
  const bool maybe_index = use.builtin == kCustom && row.integer && row.bits == 16;
  const bool stays = slot.use == Use::plain || (slot.use == Use::divisor && row.integer) || maybe_index ||
                     (row.kind == TfliteKind::index && slot.use != Use::bias);
  if (!stays) return std::nullopt;
  return std::string(slot.word) + " of " + operator_name(use);
}

}  // namespace nnlock::formats
