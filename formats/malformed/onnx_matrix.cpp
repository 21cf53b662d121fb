// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Wrong ONNX files: one field of a message missing, doubled, of another kind, too long or at odds with the others.

#include "formats/malformed/onnx_external.hpp"
#include "formats/malformed/onnx_rows.hpp"

namespace nnlock::formats::malformed {
namespace {

Fields one(const Fields& tensor_message) { return initializer(tensor_message); }
Fields w() { return float_tensor("w", 2); }

// Fields of ModelProto and of its messages as such.
std::vector<OnnxRow> model_rows() {
  return {
      {"no-graph", number(1, 8), "no graph"},
      {"two-graphs", model(one(w())) + bytes(7, node("Relu", {"x"}, {"y"})), "stands twice"},
      {"two-versions", model(one(w())) + number(1, 8), "stands twice"},
      {"graph-as-a-number", number(1, 8) + number(7, 1), "wire type 0"},
      {"metadata-as-a-number", model(one(w()), number(14, 1)), "wire type 0"},
      {"metadata-with-two-keys", model(one(w()), bytes(14, bytes(1, "a") + bytes(1, "a"))), "stands twice"},
      {"metadata-cut-off", model(one(w()), bytes(14, "\x0a\x07")), "does not fit"},
      {"a-group", model(one(w())) + "\x7b\x7c", "wire type 3"},
      {"wire-type-7", model(one(w())) + "\x7f", "wire type 7"},
      {"field-number-0", model(one(w())) + '\0', "no protobuf field tag"},
      {"an-overlong-tag",
       model(one(w())) + "\xf2" + '\0' + "\x01" "A", "no protobuf field tag"},
      {"a-tag-cut-off", model(one(w())) + "\xf2", "no protobuf field tag"},
      {"a-graph-longer-than-the-file", number(1, 8) + "\x3a\x7f" + node("Relu", {"x"}, {"y"}),
       "does not fit"},
      {"an-enormous-length", number(1, 8) + "\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "too long"},
      {"a-tensor-longer-than-the-graph", model(one(w()).substr(0, 6)), "does not fit"},
      {"an-initializer-as-a-number", model(number(5, 1)), "wire type 0"},
      {"a-node-as-a-number", model(number(1, 1)), "wire type 0"},
      {"two-graph-names", model(bytes(2, "a") + bytes(2, "a")), "stands twice"},
  };
}

// Fields of TensorProto.
std::vector<OnnxRow> tensor_rows() {
  const auto t = [](const Fields& message) { return model(one(message)); };
  const auto named = [&](const Fields& message) { return t(bytes(8, "w") + message); };
  return {
      {"two-tensor-names", t(w() + bytes(8, "w")), "stands twice", "w"},
      {"two-data-types", t(w() + number(2, 1)), "stands twice", "w"},
      {"two-raw-data", t(w() + bytes(9, floats(2))), "stands twice", "w"},
      {"raw-data-and-float-data", t(w() + bytes(4, floats(2))), "values in raw_data and in float_data", "w"},
      {"raw-data-and-int32-data", t(w() + bytes(5, "a")), "values in raw_data and in int32_data", "w"},
      {"raw-data-and-external-data", t(w() + external("location", "w.bin")), "values in raw_data and in external_data", "w"},
      {"no-values", named(dims({2}) + number(2, 1)), "no values", "w"},
      {"no-data-type", named(dims({2}) + bytes(9, floats(2))), "no data type", "w"},
      {"data-type-29", named(dims({2}) + number(2, 29) + bytes(9, floats(2))), "unknown data type 29", "w", ErrorCode::unsupported},
      {"data-type-2-32-plus-1", named(dims({2}) + number(2, (1ULL << 32) + 1) + bytes(9, floats(2))), "unknown data type", "w", ErrorCode::unsupported},
      {"raw-data-too-short", t(tensor("w", DataType::float32, {3}, floats(2))), "needs 12 bytes but has 8", "w"},
      {"raw-data-too-long", t(tensor("w", DataType::float32, {}, floats(2))), "needs 4 bytes but has 8", "w"},
      {"float-data-too-short", named(dims({3}) + number(2, 1) + bytes(4, floats(2))), "needs 12 bytes", "w"},
      {"half-a-float", named(dims({1}) + number(2, 1) + bytes(4, "abc")), "needs 4 bytes", "w"},
      {"text-in-raw-data", named(dims({1}) + number(2, 8) + bytes(9, "a")), "cannot stand in raw_data", "w"},
      {"floats-in-double-data", named(dims({1}) + number(2, 1) + bytes(10, floats(2))), "cannot stand in double_data", "w"},
      {"floats-in-int32-data", named(dims({1}) + number(2, 1) + bytes(5, "a")), "cannot stand in int32_data", "w"},
      {"a-negative-dimension", named(dims({~0ULL}) + number(2, 1) + bytes(9, "")), "negative dimension", "w"},
      {"elements-overflow", t(tensor("w", DataType::int8, {1ULL << 32, 1ULL << 32}, "")), "more elements", "w"},
      {"more-elements-than-a-file", t(tensor("w", DataType::int2, {1ULL << 62}, "")), "more elements", "w"},
      {"256-dimensions", t(tensor("w", DataType::int8, std::vector<std::uint64_t>(256, 1), "a")), "more than 255"},
      {"packed-dimensions-cut-off", named(bytes(1, "\x80") + number(2, 1) + bytes(9, "")), "cut off", "w"},
      {"raw-data-as-a-number", named(dims({1}) + number(2, 3) + number(9, 1)), "wire type 0", "w"},
      {"float-data-as-numbers", named(dims({1}) + number(2, 1) + number(4, 1)), "wire type 0", "w"},
      {"data-location-2", t(w() + number(14, 2)), "unclear", "w"},
      {"external-data-without-data-location", named(dims({2}) + number(2, 1) + external("location", "w.bin")), "unclear", "w"},
      {"a-segment", t(w() + bytes(3, "")), "segments", "w", ErrorCode::unsupported},
  };
}

// Names, nodes, attributes, functions.
std::vector<OnnxRow> graph_rows() {
  Fields deep = node("Relu", {"x"}, {"y"});
  for (int i = 0; i < 33; ++i) deep = node("If", {"c"}, {}, graph_attribute("then_branch", deep));
  return {
      {"two-initializers-of-one-name", model(one(w()) + one(w())), "same name", "w"},
      {"input-then-two-initializers", model(graph_input("w") + one(w()) + one(w())), "same name", "w", ErrorCode::bad_model, false},
      {"two-inputs-of-one-name", model(graph_input("w") + graph_input("w")), "same name", "w", ErrorCode::bad_model, false},
      {"two-outputs-of-one-name", model(node("Relu", {"x"}, {"y"}) + node("Relu", {"x"}, {"y"})), "same name", "y"},
      {"an-output-over-an-initializer", model(one(w()) + node("Relu", {"x"}, {"w"})), "same name", "w"},
      {"two-op-types", model(bytes(1, node_body("Relu", {}, {}) + bytes(4, "Relu"))), "stands twice"},
      {"two-tensors-in-an-attribute", model(node("Constant", {}, {"c"}, attribute("value", 4, bytes(5, w()) + bytes(5, w())))), "stands twice"},
      {"an-attribute-of-two-kinds", model(node("Constant", {}, {"c"}, attribute("value", 4, bytes(5, w()) + number(3, 1)))), "two kinds"},
      {"an-attribute-of-another-type", model(node("Constant", {}, {"c"}, attribute("value", 1, bytes(5, w())))), "not of the type"},
      {"one-attribute-twice", model(node("Constant", {}, {"c"}, tensor_attribute("value", w()) + tensor_attribute("value", w()))), "stands twice on one node"},
      {"a-broken-tensor-deep-inside", model(node("If", {}, {}, graph_attribute("then_branch", one(w() + number(2, 1))))), "stands twice", "w"},
      {"a-list-that-ends-inside-a-float", model(node("Constant", {}, {"c"}, attribute("value_floats", 6, bytes(7, "abcde")))), "inside a float"},
      {"two-values-in-a-sparse-tensor", model(bytes(15, bytes(1, w()) + bytes(1, w()))), "stands twice"},
      {"one-function-twice", model(one(w()), bytes(25, bytes(1, "f")) + bytes(25, bytes(1, "f"))), "defined twice", "", ErrorCode::bad_model, false},
      {"two-algorithms", model(one(w()), bytes(20, bytes(2, "") + bytes(2, ""))), "stands twice"},
      {"graphs-nested-33-deep", model(deep), "nested", "", ErrorCode::unsupported},
  };
}

}  // namespace

Matrix onnx_matrix() {
  Matrix matrix;
  matrix.codec = &onnx_codec();
  const Fields graph = one(w()) + one(external_floats("v", "v.bin", 4, 2)) + node("Add", {"x", "w"}, {"y"});
  matrix.good = {onnx_main_file(model(graph, metadata("author", "somebody"))), {"v.bin", std::vector<std::byte>(16, std::byte{1})}};
  for (const auto& rows : {model_rows(), tensor_rows(), graph_rows()})
    for (const OnnxRow& row : rows) add(matrix, row);
  add_external_cases(matrix);
  return matrix;
}

}  // namespace nnlock::formats::malformed
