// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Element types (openvinotoolkit/openvino: src/core/include/openvino/core/type/element_type.hpp). Integers of 32 and 64 bits hold shapes, axes and
// indices; no operator of OpenVINO takes weights or biases in them. f8e8m0 is a bare exponent, the scale of a block of small floats.

#include <array>

#include "formats/openvino_ir.hpp"

namespace nnlock::formats::openvino {
namespace {

struct Row {
  std::string_view name, older_name;
  ElementType type;
};

using enum ElementType::Kind;
constexpr auto kRows = std::to_array<Row>({
    {"f64", "FP64", {Dtype::f64, 64, number}},
    {"f32", "FP32", {Dtype::f32, 32, number}},
    {"f16", "FP16", {Dtype::f16, 16, number}},
    {"bf16", "BF16", {Dtype::bf16, 16, number}},
    {"f8e4m3", "F8E4M3", {Dtype::f8, 8, number}},
    {"f8e5m2", "F8E5M2", {Dtype::f8, 8, number}},
    {"f8e8m0", "F8E8M0", {Dtype::opaque, 8, scale}},
    {"f4e2m1", "F4E2M1", {Dtype::opaque, 4, number}},
    {"nf4", "NF4", {Dtype::opaque, 4, number}},
    {"i4", "I4", {Dtype::i4, 4, number}},
    {"u4", "U4", {Dtype::u4, 4, number}},
    {"i8", "I8", {Dtype::i8, 8, number}},
    {"u8", "U8", {Dtype::u8, 8, number}},
    {"i16", "I16", {Dtype::i16, 16, number}},
    {"u16", "U16", {Dtype::u16, 16, number}},
    {"u1", "U1", {Dtype::opaque, 1, number}},
    {"bin", "BIN", {Dtype::opaque, 1, number}},
    {"u2", "U2", {Dtype::opaque, 2, number}},
    {"u3", "U3", {Dtype::opaque, 3, number}},
    {"u6", "U6", {Dtype::opaque, 6, number}},
    {"i32", "I32", {Dtype::i32, 32, integer}},
    {"u32", "U32", {Dtype::u32, 32, integer}},
    {"i64", "I64", {Dtype::i64, 64, integer}},
    {"u64", "U64", {Dtype::u64, 64, integer}},
    {"boolean", "BOOL", {Dtype::boolean, 8, never}},
    {"string", "STRING", {Dtype::string, 0, never}},
});

}  // namespace

const ElementType* element_type(std::string_view name) {
  for (const Row& row : kRows)
    if (name == row.name || name == row.older_name) return &row.type;
  return nullptr;
}

}  // namespace nnlock::formats::openvino
