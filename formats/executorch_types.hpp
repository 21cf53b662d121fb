// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Element types of ExecuTorch tensors, and the operands that stay readable.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "nnlock/model.hpp"

namespace nnlock::formats {

struct ExecutorchType {
  Dtype dtype = Dtype::opaque;
  std::uint32_t bytes = 0;   // of an element
  const char* reason = "";   // why tensors of this type stay readable; empty: they may be parameters
};

// Numbers of pytorch/executorch: schema/scalar_type.fbs.
inline std::optional<ExecutorchType> executorch_type(std::int8_t scalar_type) {
  constexpr const char* kWide = "integers of 32 or 64 bits";
  switch (scalar_type) {
    case 0: return ExecutorchType{Dtype::u8, 1};
    case 1: return ExecutorchType{Dtype::i8, 1};
    case 2: return ExecutorchType{Dtype::i16, 2};
    case 3: return ExecutorchType{Dtype::i32, 4, kWide};
    case 4: return ExecutorchType{Dtype::i64, 8, kWide};
    case 5: return ExecutorchType{Dtype::f16, 2};
    case 6: return ExecutorchType{Dtype::f32, 4};
    case 7: return ExecutorchType{Dtype::f64, 8};
    case 9: return ExecutorchType{Dtype::complex64, 8};
    case 10: return ExecutorchType{Dtype::complex128, 16};
    case 11: return ExecutorchType{Dtype::boolean, 1, "values of this type are never locked"};
    case 12: return ExecutorchType{Dtype::i8, 1};   // quantised
    case 13: return ExecutorchType{Dtype::u8, 1};
    case 14: return ExecutorchType{Dtype::i32, 4, kWide};
    case 15: return ExecutorchType{Dtype::bf16, 2};
    case 16:
    case 17: return ExecutorchType{Dtype::opaque, 1};  // packed
    case 22: return ExecutorchType{Dtype::u16, 2};
    case 23:
    case 24:
    case 25:
    case 26: return ExecutorchType{Dtype::f8, 1};
    case 27: return ExecutorchType{Dtype::u16, 2};
    case 28: return ExecutorchType{Dtype::u32, 4, kWide};
    case 29: return ExecutorchType{Dtype::u64, 8, kWide};
    default: return std::nullopt;
  }
}

// First of the two arguments that are scales and zero points, or none (pytorch/executorch: kernels/quantized/quantized.yaml).
inline std::optional<std::uint32_t> executorch_scales(std::string_view name) {
  constexpr std::string_view kSpace = "quantized_decomposed::";
  if (!name.starts_with(kSpace)) return std::nullopt;
  name.remove_prefix(kSpace.size());
  if (name.starts_with("mixed_")) return 2;
  const bool known = name.starts_with("quantize_") || name.starts_with("dequantize_") || name.starts_with("embedding_");
  return known ? std::optional<std::uint32_t>(1) : std::nullopt;
}

}  // namespace nnlock::formats
