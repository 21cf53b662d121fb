// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What TFLite operators do with a constant input: learned values, or values that must stay readable because a
// kernel reads them while it prepares (shapes, axes, paddings, indices).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "nnlock/model.hpp"

namespace nnlock::formats {

// Numbers of TensorType in the schema.
using TfliteType = std::int8_t;

// One use of a constant: input number `input` of an operator.
struct TfliteUse {
  std::int32_t builtin = 0;      // BuiltinOperator; 32 is a custom operator
  std::string_view custom_code;  // its name, for custom operators only
  std::uint32_t input = 0;       // position in Operator.inputs
};

// How much a dtype says about a constant before its uses are known.
enum class TfliteKind : std::uint8_t {
  unknown,   // a number this version does not know
  readable,  // never a parameter: truth values, strings, handles
  learned,   // a parameter unless a use must stay readable: floats and integers of up to 16 bits
  index,     // a parameter only if every use is a bias: wider integers
};
TfliteKind tflite_kind(TfliteType type);

Dtype tflite_dtype(TfliteType type);

// Bits of one element, or 0 where the schema gives no fixed width.
std::uint32_t tflite_element_bits(TfliteType type);

// Why this use keeps a constant of this type readable, for example "shape of RESHAPE"; nullopt if it may be
// locked.
std::optional<std::string> tflite_stays_readable(const TfliteUse& use, TfliteType type);

}  // namespace nnlock::formats
