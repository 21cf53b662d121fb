// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>

#include "formats/codec.hpp"

namespace nnlock {

const char* to_string(Format format) {
  switch (format) {
    case Format::raw: return "raw";
    case Format::safetensors: return "safetensors";
    case Format::tflite: return "tflite";
    case Format::onnx: return "onnx";
    case Format::gguf: return "gguf";
    case Format::pytorch: return "pytorch";
    case Format::openvino: return "openvino";
    case Format::ncnn: return "ncnn";
    case Format::executorch: return "executorch";
  }
  return "unknown";
}

const char* to_string(Dtype dtype) {
  static constexpr std::array names = {"opaque", "bool", "i4",  "u4",   "i8",  "u8",  "i16",       "u16",        "i32",   "u32",
                                       "i64",    "u64",  "f8",  "f16",  "bf16", "f32", "f64",       "complex64",  "complex128", "string"};
  const auto index = static_cast<std::size_t>(dtype);
  return index < names.size() ? names[index] : "opaque";
}

}  // namespace nnlock

namespace nnlock::formats {
namespace {

std::string names_of_all() {
  std::string names;
  for (const FormatFacts& facts : facts_of_all()) names += (names.empty() ? "" : ", ") + std::string(to_string(facts.format));
  return names;
}

}  // namespace

std::span<const Codec* const> codecs() {
  // Formats with magic bytes first; protobuf has none, so ONNX is asked last.
  static const std::array all = {
      &tflite_codec(),
      &executorch_codec(),
      &safetensors_codec(),
      &gguf_codec(),
      &pytorch_codec(),
      &ncnn_codec(),
      &openvino_codec(),
      &onnx_codec(),
  };
  return all;
}

std::vector<FormatFacts> facts_of_all() {
  std::map<Format, FormatFacts> facts;
  for (const Codec* codec : codecs()) facts.try_emplace(codec->format(), codec->facts());
  std::vector<FormatFacts> sorted;
  for (auto& [format, one] : facts) sorted.push_back(std::move(one));
  return sorted;
}

Result<const Codec*> detect(const ByteSource& source) {
  std::array<std::byte, 4096> buffer{};
  const auto head = std::span(buffer).first(static_cast<std::size_t>(std::min<std::uint64_t>(source.size(), buffer.size())));
  if (head.empty()) return Error{.code = ErrorCode::bad_model, .message = "the file is empty"};
  if (auto read = source.read(0, head); !read) return read.error();
  for (const Codec* codec : codecs())
    if (codec->recognises(head, source.size())) return codec;
  return Error{.code = ErrorCode::bad_model,
               .message = "not a model file of a known format",
               .hint = "nnlock knows " + names_of_all() + " files; `nnlock formats` tells more"};
}

Result<const Codec*> codec_for(Format format) {
  for (const Codec* codec : codecs())
    if (codec->format() == format) return codec;
  return Error{.code = ErrorCode::unsupported,
               .message = "the record names model format " + std::to_string(static_cast<int>(format)) +
                          ", which this version does not know",
               .hint = "use a newer nnlock"};
}

}  // namespace nnlock::formats
