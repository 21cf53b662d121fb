// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Field numbers and enumerations of ONNX, as onnx/onnx repository, onnx/onnx.proto (IR version 14) gives
// them. Only what the walk needs; numbers that are not named here are skipped unread.
#pragma once

#include <cstdint>

namespace nnlock::formats::onnx {

// Protobuf wire types (protobuf.dev/programming-guides/encoding). Groups (3, 4) do not occur in ONNX.
enum class WireType : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

// One bit per field number below 64: which fields of a message are singular, so that a second one is refused.
// Protobuf readers would merge or override it, each in its own way.
template <class... Numbers>
constexpr std::uint64_t singular(Numbers... numbers) {
  return ((std::uint64_t{1} << numbers) | ...);
}

namespace model {  // ModelProto
constexpr std::uint32_t ir_version = 1, producer_name = 2, producer_version = 3, domain = 4,
                        model_version = 5, doc_string = 6, graph = 7, opset_import = 8, metadata_props = 14,
                        training_info = 20, functions = 25, configuration = 26;
constexpr std::uint64_t once =
    singular(ir_version, producer_name, producer_version, domain, model_version, doc_string, graph);
}  // namespace model

namespace graph {  // GraphProto
constexpr std::uint32_t node = 1, name = 2, initializer = 5, doc_string = 10, input = 11, output = 12,
                        value_info = 13, quantization_annotation = 14, sparse_initializer = 15,
                        metadata_props = 16;
constexpr std::uint64_t once = singular(name, doc_string);
}  // namespace graph

namespace node {  // NodeProto
constexpr std::uint32_t input = 1, output = 2, name = 3, op_type = 4, attribute = 5, doc_string = 6,
                        domain = 7, overload = 8;
constexpr std::uint64_t once = singular(name, op_type, doc_string, domain, overload);
}  // namespace node

namespace attribute {  // AttributeProto
constexpr std::uint32_t name = 1, f = 2, i = 3, s = 4, t = 5, g = 6, floats = 7, ints = 8, strings = 9,
                        tensors = 10, graphs = 11, doc_string = 13, tp = 14, type_protos = 15, type = 20,
                        ref_attr_name = 21, sparse_tensor = 22, sparse_tensors = 23;
constexpr std::uint64_t once =
    singular(name, f, i, s, t, g, doc_string, tp, type, ref_attr_name, sparse_tensor);
}  // namespace attribute

namespace tensor {  // TensorProto
constexpr std::uint32_t dims = 1, data_type = 2, segment = 3, float_data = 4, int32_data = 5, string_data = 6,
                        int64_data = 7, name = 8, raw_data = 9, double_data = 10, uint64_data = 11,
                        doc_string = 12, external_data = 13, data_location = 14;
constexpr std::uint64_t once = singular(data_type, segment, name, raw_data, doc_string, data_location);
constexpr std::uint64_t location_external = 1;  // TensorProto.DataLocation
}  // namespace tensor

namespace sparse_tensor {  // SparseTensorProto
constexpr std::uint32_t values = 1, indices = 2, dims = 3;
constexpr std::uint64_t once = singular(values, indices);
}  // namespace sparse_tensor

namespace value_info {  // ValueInfoProto
constexpr std::uint32_t name = 1;
constexpr std::uint64_t once = singular(name);
}  // namespace value_info

namespace annotation {  // TensorAnnotation
constexpr std::uint32_t tensor_name = 1, quant_parameter_tensor_names = 2;
constexpr std::uint64_t once = singular(tensor_name);
}  // namespace annotation

namespace entry {  // StringStringEntryProto
constexpr std::uint32_t key = 1, value = 2;
constexpr std::uint64_t once = singular(key, value);
}  // namespace entry

namespace training {  // TrainingInfoProto
constexpr std::uint32_t initialization = 1, algorithm = 2;
constexpr std::uint64_t once = singular(initialization, algorithm);
}  // namespace training

namespace function {  // FunctionProto
constexpr std::uint32_t name = 1, input = 4, output = 5, node = 7, domain = 10, attribute_proto = 11,
                        overload = 13;
constexpr std::uint64_t once = singular(name, domain, overload);
}  // namespace function

// TensorProto.DataType
enum class DataType : std::uint8_t {
  undefined = 0,
  float32 = 1,
  uint8 = 2,
  int8 = 3,
  uint16 = 4,
  int16 = 5,
  int32 = 6,
  int64 = 7,
  string = 8,
  boolean = 9,
  float16 = 10,
  float64 = 11,
  uint32 = 12,
  uint64 = 13,
  complex64 = 14,
  complex128 = 15,
  bfloat16 = 16,
  float8e4m3fn = 17,
  float8e4m3fnuz = 18,
  float8e5m2 = 19,
  float8e5m2fnuz = 20,
  uint4 = 21,
  int4 = 22,
  float4e2m1 = 23,
  float8e8m0 = 24,
  uint2 = 25,
  int2 = 26,
  float6e2m3 = 27,
  float6e3m2 = 28
};
constexpr std::uint64_t last_data_type = 28;

}  // namespace nnlock::formats::onnx
