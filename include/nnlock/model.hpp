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
enum class Format : std::uint8_t {
  raw = 0, safetensors = 1, tflite = 2, onnx = 3, gguf = 4, pytorch = 5, openvino = 6, ncnn = 7, executorch = 8
};

// Element types of tensors, as display words and for choosing a layout. `opaque` is any other or none.
enum class Dtype : std::uint8_t {
  opaque, boolean, i4, u4, i8, u8, i16, u16, i32, u32, i64, u64, f8, f16, bf16, f32, f64, complex64, complex128, string
};

const char* to_string(Format format);
const char* to_string(Dtype dtype);

// A float at a fixed place of a struct, as quantised tensors of GGUF have them (spec/lock-v1.md section 5.3).
struct StructField {
  std::uint16_t offset = 0;          // bytes from the start of the struct
  Dtype dtype = Dtype::f16;          // f16, bf16 or f32
  bool operator==(const StructField&) const = default;
};

// What the elements of a tensor are when they are no plain numbers: structs of `bytes` bytes with floats inside.
struct StructLayout {
  std::uint16_t bytes = 0;           // 0: no structs
  std::vector<StructField> fields;   // sorted by offset, disjoint
  bool operator==(const StructLayout&) const = default;
};

// A learned byte span of one file of a model. Offsets and lengths are bytes in restored coordinates:
// the file as it was before locking (spec/lock-v1.md section 1).
struct ParamSpan {
  std::string name;  // display only; several tensors on one buffer are joined by ", "
  Dtype dtype = Dtype::opaque;
  std::vector<std::uint64_t> shape;  // elements; empty for scalars
  std::uint64_t offset = 0;          // bytes
  std::uint64_t length = 0;          // bytes, > 0
  std::uint32_t file = 0;            // 0: the main file; i: companion i - 1
  StructLayout structs;              // of quantised tensors
};

// A constant tensor that is no parameter (shapes, axes, indices, zero points, scales) or cannot be locked in place.
struct Constant {
  std::string name;
  Dtype dtype = Dtype::opaque;
  std::vector<std::uint64_t> shape;  // elements
  std::uint64_t offset = 0;          // bytes; where its values start
  std::uint64_t length = 0;          // bytes as stored
  std::string reason;                // why it stays readable, for example "shape of Reshape"
  std::uint32_t file = 0;            // 0: the main file; i: companion i - 1
};

// What a format is to a user, in words. Told by each codec of itself; `nnlock formats` prints it.
struct FormatFacts {
  Format format = Format::raw;
  std::string title;                 // "TensorFlow Lite, LiteRT; compiled for the Edge TPU too"
  std::string files;                 // usual names: "*.tflite"
  std::string locked;                // what is locked
  std::string readable;              // what stays readable
  std::string record;                // where the record goes
  std::string limits;                // what is refused, and what to do then; may be empty
};

}  // namespace nnlock
