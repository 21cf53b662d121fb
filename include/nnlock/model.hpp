// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The words all rooms share about models (spec/lock-v1.md section 1): formats, dtypes, parameters.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace nnlock {

// Model file formats; the numbers are written into records (spec/record-v1.md section 3) and never change.
enum class Format : std::uint8_t { raw = 0, safetensors = 1, tflite = 2, onnx = 3 };

// Element types of tensors, as display words and for choosing a layout. `opaque` is any other or none.
enum class Dtype : std::uint8_t {
  opaque, boolean, i4, u4, i8, u8, i16, u16, i32, u32, i64, u64, f8, f16, bf16, f32, f64, complex64, complex128, string
};

const char* to_string(Format format);
const char* to_string(Dtype dtype);

// A learned byte span of one model file. Offsets and lengths are bytes in restored coordinates:
// the file as it was before locking (spec/lock-v1.md section 1).
struct ParamSpan {
  std::string name;  // display only; several tensors on one buffer are joined by ", "
  Dtype dtype = Dtype::opaque;
  std::vector<std::uint64_t> shape;  // elements; empty for scalars
  std::uint64_t offset = 0;          // bytes
  std::uint64_t length = 0;          // bytes, > 0
};

// A constant tensor that is no parameter (shapes, axes, indices, zero points, scales) or cannot be locked in place.
struct Constant {
  std::string name;
  Dtype dtype = Dtype::opaque;
  std::vector<std::uint64_t> shape;  // elements
  std::uint64_t offset = 0;          // bytes; where its values start
  std::uint64_t length = 0;          // bytes as stored
  std::string reason;                // why it stays readable, for example "shape of Reshape"
};

}  // namespace nnlock
