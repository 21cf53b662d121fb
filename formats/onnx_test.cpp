// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Which tensors of an ONNX model are parameters, and what they are called.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "formats/codec_testing.hpp"
#include "formats/malformed/onnx_writer.hpp"

namespace nnlock::formats {
namespace {

using namespace malformed;

Structure parse(const std::string& image) {
  auto result = onnx_codec().parse(bytes_of(image));
  EXPECT_TRUE(result) << result.error().message;
  return result ? *result : Structure{};
}

template <class List>
std::vector<std::string> names(const List& list) {
  std::vector<std::string> out;
  for (const auto& item : list) out.push_back(item.name);
  return out;
}

std::string reason(const Structure& structure, std::string_view name) {
  for (const Constant& constant : structure.constants)
    if (constant.name == name) return constant.reason;
  for (const Constant& constant : structure.unlockable)
    if (constant.name == name) return "unlockable: " + constant.reason;
  return std::find_if(structure.params.begin(), structure.params.end(),
                      [&](const ParamSpan& p) { return p.name == name; }) != structure.params.end()
             ? "parameter"
             : "missing";
}

using Names = std::vector<std::string>;

TEST(OnnxParams, InitializerInRawData) {
  const std::string image = model(initializer(tensor("w", DataType::float32, {2, 3}, floats(6))) +
                                  node("MatMul", {"x", "w"}, {"y"}) + graph_input("x") + graph_input("w"));
  const Structure structure = parse(image);
  ASSERT_EQ(structure.params.size(), 1U);
  const ParamSpan& w = structure.params[0];
  EXPECT_EQ(w.name, "w");
  EXPECT_EQ(w.dtype, Dtype::f32);
  EXPECT_EQ(w.shape, (std::vector<std::uint64_t>{2, 3}));
  EXPECT_EQ(w.offset, image.find(floats(6)));
  EXPECT_EQ(w.length, 24U);
}

TEST(OnnxParams, PackedFloatAndDoubleData) {
  const Fields packed = dims({2}) + number(2, 1) + bytes(onnx::tensor::float_data, floats(2)) + bytes(8, "f");
  const Fields doubles =
      bytes(1, varint(3)) + number(2, 11) + bytes(onnx::tensor::double_data, floats(6)) + bytes(8, "d");
  const Structure structure = parse(model(initializer(packed) + initializer(doubles)));
  EXPECT_EQ(names(structure.params), (Names{"f", "d"}));
  EXPECT_EQ(structure.params[1].length, 24U);
  EXPECT_EQ(structure.params[1].dtype, Dtype::f64);
}

TEST(OnnxParams, ValuesThatAreNoSingleRunCannotBeLocked) {
  const Fields head = dims({2}) + number(2, 1);
  const Fields tagged = head + fixed32(4, 1) + fixed32(4, 2) + bytes(8, "tagged");
  const Fields split = head + bytes(4, floats(1)) + bytes(4, floats(1)) + bytes(8, "split");
  const Fields varints = dims({2}) + number(2, 3) + bytes(5, "\x01\x02") + bytes(8, "varints");
  const Structure structure = parse(model(initializer(tagged) + initializer(split) + initializer(varints)));
  EXPECT_TRUE(structure.params.empty());
  EXPECT_EQ(reason(structure, "tagged"), "unlockable: float_data has a tag before every value");
  EXPECT_EQ(reason(structure, "split"), "unlockable: float_data is split into 2 runs");
  EXPECT_EQ(reason(structure, "varints"), "unlockable: int32_data holds numbers of changing length");
}

TEST(OnnxParams, EveryTypeOfFixedWidthCanBeLocked) {
  const struct {
    DataType type;
    std::size_t bytes;
  } cases[] = {{DataType::uint8, 5},       {DataType::int8, 5},         {DataType::uint16, 10},
               {DataType::int16, 10},      {DataType::float16, 10},     {DataType::bfloat16, 10},
               {DataType::float32, 20},    {DataType::float64, 40},     {DataType::complex64, 40},
               {DataType::complex128, 80}, {DataType::float8e4m3fn, 5}, {DataType::float8e8m0, 5},
               {DataType::uint4, 3},       {DataType::int4, 3},         {DataType::float4e2m1, 3},
               {DataType::uint2, 2},       {DataType::int2, 2},         {DataType::float6e2m3, 4},
               {DataType::float6e3m2, 4}};
  for (const auto& item : cases) {
    const std::string image = model(initializer(tensor("w", item.type, {5}, std::string(item.bytes, 'v'))));
    EXPECT_EQ(names(parse(image).params), Names{"w"}) << static_cast<int>(item.type);
    const std::string wrong =
        model(initializer(tensor("w", item.type, {5}, std::string(item.bytes + 1, 'v'))));
    EXPECT_FALSE(onnx_codec().parse(bytes_of(wrong))) << static_cast<int>(item.type);
  }
}

TEST(OnnxParams, BooleansStringsAndEmptyTensorsStay) {
  const Fields text = dims({1}) + number(2, 8) + bytes(onnx::tensor::string_data, "s") + bytes(8, "text");
  const Structure structure =
      parse(model(initializer(tensor("flags", DataType::boolean, {2}, "ab")) + initializer(text) +
                  initializer(tensor("empty", DataType::float32, {0, 7}, ""))));
  EXPECT_TRUE(structure.params.empty());
  EXPECT_EQ(reason(structure, "flags"), "no numbers");
  EXPECT_EQ(reason(structure, "text"), "no numbers");
  EXPECT_EQ(reason(structure, "empty"), "has no elements");
}

TEST(OnnxParams, WideIntegersOnlyAsWeights) {
  const auto i32 = [](std::string_view name) {
    return initializer(tensor(name, DataType::int32, {2}, "12345678"));
  };
  const Structure structure = parse(
      model(i32("bias") + i32("both") + i32("mixed") + i32("ids") + i32("unused") + i32("conv_bias") +
            node("DequantizeLinear", {"bias", "s"}, {"b"}) + node("DequantizeLinear", {"mixed", "s"}, {"m"}) +
            node("Gather", {"x", "mixed"}, {"g"}) + node("DequantizeLinear", {"both", "s"}, {"d"}) +
            node("Add", {"x", "both"}, {"e"}) + node("Add", {"x", "ids"}, {"a"}) +
            node("QLinearConv", {"x", "s", "z", "w", "s", "z", "s", "z", "conv_bias"}, {"q"})));
  EXPECT_EQ(names(structure.params), (Names{"bias", "conv_bias"}));
  EXPECT_EQ(reason(structure, "mixed"), "indices of Gather");
  EXPECT_EQ(reason(structure, "both"), "wide integers that are not known to be weights");
  EXPECT_EQ(reason(structure, "ids"), "wide integers that are not known to be weights");
  EXPECT_EQ(reason(structure, "unused"), "wide integers that are not known to be weights");
}

TEST(OnnxParams, ScalesZeroPointsAndLimitsStay) {
  const Structure structure = parse(model(
      initializer(float_tensor("scale", 1)) + initializer(tensor("zero", DataType::uint8, {1}, "z")) +
      initializer(tensor("w", DataType::uint8, {4}, "wwww")) + initializer(float_tensor("low", 1)) +
      initializer(float_tensor("concat_scale", 1)) + initializer(float_tensor("slope", 1)) +
      initializer(float_tensor("lowest", 1)) + initializer(float_tensor("highest", 1)) + initializer(float_tensor("two", 1)) +
      node("QLinearConv", {"x", "scale", "zero", "w", "scale", "zero", "scale", "zero"}, {"q"}) +
      node("Clip", {"x", "low"}, {"c"}) + node("PRelu", {"x", "slope"}, {"p"}) +
      node("Max", {"lowest", "x"}, {"m"}) + node("Min", {"x", "highest"}, {"n"}) + node("Pow", {"x", "two"}, {"r"}) +
      node("QLinearConcat", {"scale", "zero", "x", "concat_scale", "zero"}, {"k"}, {}, "com.microsoft")));
  EXPECT_EQ(names(structure.params), (Names{"w", "slope"}));
  EXPECT_EQ(reason(structure, "scale"), "scale and zero point of QLinearConv");
  EXPECT_EQ(reason(structure, "low"), "min of Clip");
  EXPECT_EQ(reason(structure, "lowest"), "limit of Max");
  EXPECT_EQ(reason(structure, "highest"), "limit of Min");
  EXPECT_EQ(reason(structure, "two"), "exponent of Pow");
  EXPECT_EQ(reason(structure, "concat_scale"), "scale and zero point of QLinearConcat");
}

TEST(OnnxParams, UnknownDomainsUseOperandsAsData) {
  const Structure structure = parse(
      model(initializer(float_tensor("w", 1)) + node("Clip", {"x", "w"}, {"y"}, Fields(), "example.org")));
  EXPECT_EQ(names(structure.params), Names{"w"});
}

TEST(OnnxParams, WhatShapesAreComputedFromStays) {
  const Structure structure = parse(
      model(constant("factor", tensor("", DataType::float32, {}, floats(1))) + node("Shape", {"x"}, {"s"}) +
            node("Cast", {"s"}, {"f"}) + node("Mul", {"f", "factor"}, {"m"}) + node("Cast", {"m"}, {"i"}) +
            node("Resize", {"x", "", "", "i"}, {"r"}) +
            // The bias meets an activation, so it is computed with, though the sum ends up as an index.
            initializer(float_tensor("bias", 2)) + node("Add", {"x", "bias"}, {"sum"}) +
            node("Cast", {"sum"}, {"index"}) + node("Gather", {"x", "index"}, {"g"}) +
            // Only the shape of this one counts.
            initializer(float_tensor("w", 2)) + node("Shape", {"w"}, {"ws"}) +
            node("Reshape", {"x", "ws"}, {"o"})));
  EXPECT_EQ(names(structure.params), (Names{"bias", "w"}));
  EXPECT_EQ(reason(structure, "factor"), "gives the sizes of Resize");
}

TEST(OnnxParams, WhatLoopsComputeIsNoShapeArithmetic) {
  const Structure structure =
      parse(model(initializer(float_tensor("w", 2)) +
                  node("Loop", {"", "", "w"}, {"v"}, graph_attribute("body", graph_output("c"))) +
                  node("Resize", {"x", "", "v"}, {"y"})));
  EXPECT_EQ(names(structure.params), Names{"w"});
}

TEST(OnnxParams, NestedGraphsSeeOuterNamesAndMayHideThem) {
  const Fields then_branch = constant("w", float_tensor("", 4)) + node("Clip", {"x", "low"}, {"a"}) +
                             node("Conv", {"a", "w"}, {"b"}) + graph_output("b");
  const Fields else_branch =
      initializer(float_tensor("low", 1)) + node("Add", {"x", "low"}, {"c"}) + graph_output("c");
  const Structure structure = parse(
      model(initializer(float_tensor("low", 1)) + initializer(float_tensor("high", 1)) +
            node("If", {"cond"}, {"y"},
                 graph_attribute("then_branch", then_branch) + graph_attribute("else_branch", else_branch)) +
            node("Mul", {"x", "high"}, {"z"})));
  EXPECT_EQ(names(structure.params), (Names{"high", "If_0/then_branch/w", "If_0/else_branch/low"}));
  EXPECT_EQ(reason(structure, "low"), "min of Clip");
}

TEST(OnnxParams, OutputsOfIfLeadIntoItsBranches) {
  const auto branch = [](std::string_view output) {
    return constant(output, float_tensor("", 4)) + graph_output(output);
  };
  const Structure structure = parse(
      model(node("If", {"cond"}, {"scales"},
                 graph_attribute("then_branch", branch("t")) + graph_attribute("else_branch", branch("e"))) +
            node("Resize", {"x", "", "scales"}, {"y"})));
  EXPECT_TRUE(structure.params.empty());
  EXPECT_EQ(reason(structure, "If_0/then_branch/t"), "gives the scales of Resize");
}

TEST(OnnxParams, FunctionBodiesAndCalls) {
  const Fields body = bytes(onnx::function::name, "Scale") + bytes(onnx::function::domain, "local") +
                      bytes(onnx::function::input, "a") + bytes(onnx::function::input, "limit") +
                      bytes(onnx::function::output, "c") +
                      bytes(onnx::function::node, node_body("Clip", {"a", "limit"}, {"b"})) +
                      bytes(onnx::function::node, node_body("Constant", {}, {"k"},
                                                            tensor_attribute("value", float_tensor("", 3)))) +
                      bytes(onnx::function::node, node_body("Mul", {"b", "k"}, {"c"}));
  const Structure structure =
      parse(model(initializer(float_tensor("w", 2)) + initializer(float_tensor("l", 1)) +
                      node("Scale", {"w", "l"}, {"y"}, Fields(), "local"),
                  bytes(onnx::model::functions, body)));
  EXPECT_EQ(names(structure.params), (Names{"w", "functions/Scale/k"}));
  EXPECT_EQ(reason(structure, "l"), "gives the min of Clip");
}

TEST(OnnxParams, SparseTensors) {
  const Fields sparse = bytes(1, float_tensor("s", 2)) +
                        bytes(2, tensor("", DataType::int64, {2}, std::string(16, '\0'))) + number(3, 9);
  const Structure structure =
      parse(model(bytes(onnx::graph::sparse_initializer, sparse) +
                  node("Constant", {}, {"c"},
                       attribute("sparse_value", 11, bytes(onnx::attribute::sparse_tensor, sparse)))));
  EXPECT_EQ(names(structure.params), (Names{"s", "c"}));
  EXPECT_EQ(reason(structure, "sparse_indices_0"), "indices of a sparse tensor");
  EXPECT_EQ(reason(structure, "c/indices"), "indices of a sparse tensor");
}

TEST(OnnxParams, FloatListsOfConstantsAndClassicalModels) {
  const Fields tagged = attribute("coefficients", 6, fixed32(7, 1) + fixed32(7, 2));
  const Structure structure =
      parse(model(node("Constant", {}, {"list"}, attribute("value_floats", 6, bytes(7, floats(3)))) +
                  node("Constant", {}, {"one"}, attribute("value_float", 1, fixed32(2, 1))) +
                  node("LinearRegressor", {"x"}, {"y"}, tagged, "ai.onnx.ml") +
                  node("LSTM", {"x"}, {"h"}, attribute("activation_alpha", 6, bytes(7, floats(2))))));
  EXPECT_EQ(names(structure.params), Names{"list"});
  EXPECT_EQ(structure.params[0].shape, std::vector<std::uint64_t>{3});
  EXPECT_EQ(reason(structure, "one"), "a single number in an attribute");
  EXPECT_EQ(reason(structure, "LinearRegressor_2/coefficients"),
            "unlockable: floats has a tag before every value");
}

TEST(OnnxParams, TensorsInOtherAttributes) {
  const Structure structure = parse(model(
      node("ConstantOfShape", {"s"}, {"f"}, tensor_attribute("value", float_tensor("", 1))) +
      node("TreeEnsemble", {"x"}, {"y"},
           tensor_attribute("leaf_weights", float_tensor("", 4)) +
               tensor_attribute("nodes_modes", tensor("", DataType::uint8, {2}, "mm")),
           "ai.onnx.ml") +
      node("Custom", {"x"}, {"z"},
           attribute("parts", 9, bytes(10, float_tensor("", 1)) + bytes(10, float_tensor("", 2))), "my")));
  EXPECT_EQ(names(structure.params),
            (Names{"TreeEnsemble_1/leaf_weights", "Custom_2/parts", "Custom_2/parts_1"}));
  EXPECT_EQ(reason(structure, "ConstantOfShape_0/value"), "value of ConstantOfShape");
  EXPECT_EQ(reason(structure, "TreeEnsemble_1/nodes_modes"), "nodes_modes of TreeEnsemble");
}

TEST(OnnxParams, TrainingGraphsSeeTheMainGraph) {
  const Fields training = bytes(onnx::training::algorithm, initializer(float_tensor("rate", 1)) +
                                                               node("Clip", {"g", "rate"}, {"c"}) +
                                                               node("Clip", {"g", "low"}, {"d"}));
  const std::string image = bytes(onnx::model::training_info, training) +
                            model(initializer(float_tensor("low", 1)) + initializer(float_tensor("w", 1)));
  const Structure structure = parse(image);
  EXPECT_EQ(names(structure.params), Names{"w"});
  EXPECT_EQ(reason(structure, "training_info_0/algorithm/rate"), "min of Clip");
  EXPECT_EQ(reason(structure, "low"), "min of Clip");
}

TEST(OnnxParams, QuantisationAnnotations) {
  const Fields annotation = bytes(1, "w") + bytes(2, bytes(1, "SCALE_TENSOR") + bytes(2, "s"));
  const Structure structure =
      parse(model(initializer(float_tensor("w", 2)) + initializer(float_tensor("s", 1)) +
                  bytes(onnx::graph::quantization_annotation, annotation)));
  EXPECT_EQ(names(structure.params), Names{"w"});
  EXPECT_EQ(reason(structure, "s"), "scale or zero point of quantization_annotation");
}

TEST(OnnxParams, NamesAreUniqueAndNeverEmpty) {
  const Structure structure =
      parse(model(initializer(float_tensor("", 1)) + initializer(float_tensor("", 2)) +
                  initializer(float_tensor("initializer_1", 3)) +
                  node("Constant", {}, {}, tensor_attribute("value", float_tensor("", 4)))));
  auto all = names(structure.params);
  EXPECT_EQ(all[0], "initializer_0");
  EXPECT_EQ(all[3], "Constant_0/value");
  std::sort(all.begin(), all.end());
  EXPECT_EQ(std::unique(all.begin(), all.end()), all.end());
}

}  // namespace
}  // namespace nnlock::formats
