// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The tensor types of GGUF: how many elements one struct holds, its bytes, and which of its bytes are floats (ggml-org/ggml: include/ggml.h,
// enum ggml_type; src/ggml-common.h, block_*; src/ggml-quants.c, ggml_validate_row_data). A struct without fields has its scales in other
// shapes: spread over nibbles (IQ1_M), exponents alone (MXFP4), floats of 8 bits (NVFP4).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "nnlock/model.hpp"

namespace nnlock::formats::gguf {

struct TensorType {
  std::uint32_t id;
  std::string_view name;
  std::uint16_t elements, bytes;  // of one struct; one element: plain numbers
  Dtype dtype = Dtype::opaque;
  std::uint8_t fields = 0;        // floats in the struct, at most 2
  std::array<StructField, 2> places{};
};

namespace detail {

constexpr StructField half_at(std::uint16_t offset) { return {.offset = offset, .dtype = Dtype::f16}; }

constexpr TensorType numbers(std::uint32_t id, std::string_view name, std::uint16_t bytes, Dtype dtype) {
  return {.id = id, .name = name, .elements = 1, .bytes = bytes, .dtype = dtype};
}
constexpr TensorType no_floats(std::uint32_t id, std::string_view name, std::uint16_t elements, std::uint16_t bytes) {
  return {.id = id, .name = name, .elements = elements, .bytes = bytes};
}
constexpr TensorType one_half(std::uint32_t id, std::string_view name, std::uint16_t elements, std::uint16_t bytes, std::uint16_t at) {
  return {.id = id, .name = name, .elements = elements, .bytes = bytes, .fields = 1, .places = {half_at(at), {}}};
}
// A scale and a minimum, side by side.
constexpr TensorType two_halves(std::uint32_t id, std::string_view name, std::uint16_t elements, std::uint16_t bytes, std::uint16_t at) {
  return {.id = id, .name = name, .elements = elements, .bytes = bytes, .fields = 2,
          .places = {half_at(at), half_at(static_cast<std::uint16_t>(at + 2))}};
}

}  // namespace detail

inline constexpr std::array kTensorTypes = {
    detail::numbers(0, "F32", 4, Dtype::f32),
    detail::numbers(1, "F16", 2, Dtype::f16),
    detail::one_half(2, "Q4_0", 32, 18, 0),
    detail::two_halves(3, "Q4_1", 32, 20, 0),
    detail::one_half(6, "Q5_0", 32, 22, 0),
    detail::two_halves(7, "Q5_1", 32, 24, 0),
    detail::one_half(8, "Q8_0", 32, 34, 0),
    detail::two_halves(9, "Q8_1", 32, 36, 0),
    detail::two_halves(10, "Q2_K", 256, 84, 80),
    detail::one_half(11, "Q3_K", 256, 110, 108),
    detail::two_halves(12, "Q4_K", 256, 144, 0),
    detail::two_halves(13, "Q5_K", 256, 176, 0),
    detail::one_half(14, "Q6_K", 256, 210, 208),
    TensorType{.id = 15, .name = "Q8_K", .elements = 256, .bytes = 292, .fields = 1, .places = {StructField{.offset = 0, .dtype = Dtype::f32}, {}}},
    detail::one_half(16, "IQ2_XXS", 256, 66, 0),
    detail::one_half(17, "IQ2_XS", 256, 74, 0),
    detail::one_half(18, "IQ3_XXS", 256, 98, 0),
    detail::one_half(19, "IQ1_S", 256, 50, 0),
    detail::one_half(20, "IQ4_NL", 32, 18, 0),
    detail::one_half(21, "IQ3_S", 256, 110, 0),
    detail::one_half(22, "IQ2_S", 256, 82, 0),
    detail::one_half(23, "IQ4_XS", 256, 136, 0),
    detail::numbers(24, "I8", 1, Dtype::i8),
    detail::numbers(25, "I16", 2, Dtype::i16),
    detail::numbers(26, "I32", 4, Dtype::i32),
    detail::numbers(27, "I64", 8, Dtype::i64),
    detail::numbers(28, "F64", 8, Dtype::f64),
    detail::no_floats(29, "IQ1_M", 256, 56),
    detail::numbers(30, "BF16", 2, Dtype::bf16),
    detail::one_half(34, "TQ1_0", 256, 54, 52),
    detail::one_half(35, "TQ2_0", 256, 66, 64),
    detail::no_floats(39, "MXFP4", 32, 17),
    detail::no_floats(40, "NVFP4", 64, 36),
    detail::one_half(41, "Q1_0", 128, 18, 0),
    detail::one_half(42, "Q2_0", 64, 18, 0),
};
inline constexpr std::uint32_t kTypeCount = 43;  // smaller ids without an entry stood for types that ggml has removed

// The type of that id, or null.
constexpr const TensorType* tensor_type(std::uint32_t id) {
  const auto* const found = std::find_if(kTensorTypes.begin(), kTensorTypes.end(), [&](const TensorType& type) { return type.id == id; });
  return found == kTensorTypes.end() ? nullptr : found;
}

// What the elements of a quantised tensor are; empty for plain numbers and for structs without floats.
inline StructLayout structs_of(const TensorType& type) {
  if (type.fields == 0) return {};
  return {.bytes = type.bytes, .fields = {type.places.begin(), type.places.begin() + type.fields}};
}

}  // namespace nnlock::formats::gguf
