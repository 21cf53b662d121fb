// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Writes small GGUF files for tests, and remembers where each field stands, so that a test can change one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "formats/codec_testing.hpp"

namespace nnlock::formats::malformed {

// Little endian, zeros behind the eighth byte.
inline std::string gguf_number(std::uint64_t value, std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) text.push_back(static_cast<char>(i < 8 ? value >> (8 * i) & 0xff : 0));
  return text;
}
inline std::string gguf_string(std::string_view text) { return gguf_number(text.size(), 8).append(text); }

// A value with its type in front. Numbers of types: ggml-org/ggml: include/gguf.h.
inline std::string gguf_u16(std::uint64_t value) { return gguf_number(2, 4) + gguf_number(value, 2); }
inline std::string gguf_u32(std::uint64_t value) { return gguf_number(4, 4) + gguf_number(value, 4); }
inline std::string gguf_text(std::string_view text) { return gguf_number(8, 4) + gguf_string(text); }
inline std::string gguf_array(std::uint32_t type, std::uint64_t count, std::string_view elements) {
  return (gguf_number(9, 4) + gguf_number(type, 4) + gguf_number(count, 8)).append(elements);
}

struct GgufTensor {
  std::string name;
  std::uint32_t type = 0;
  std::vector<std::uint64_t> shape;
  std::size_t bytes = 0;
};

struct GgufModel {
  std::uint32_t version = 3;
  std::vector<std::pair<std::string, std::string>> key_values;  // key; value with its type
  std::vector<GgufTensor> tensors;
  std::size_t alignment = 32;
  std::string tail;
};

struct GgufText {
  struct Tensor {
    std::size_t name = 0, dimensions = 0, shape = 0, type = 0, offset = 0, data = 0;  // bytes of the file
  };
  static constexpr std::size_t kVersion = 4, kTensors = 8, kKeyValues = 16;
  std::string bytes;
  std::vector<std::size_t> keys, values;  // where lengths of keys stand, and types of values
  std::vector<Tensor> tensors;
  std::size_t data = 0;

  void poke(std::size_t at, std::uint64_t value, std::size_t width) { bytes.replace(at, width, gguf_number(value, width)); }
  void align(std::size_t alignment) { bytes.append((alignment - bytes.size() % alignment) % alignment, '\0'); }
};

inline GgufText write_gguf(const GgufModel& model) {
  GgufText text;
  text.bytes = "GGUF" + gguf_number(model.version, 4) + gguf_number(model.tensors.size(), 8) + gguf_number(model.key_values.size(), 8);
  for (const auto& [key, value] : model.key_values) {
    text.keys.push_back(text.bytes.size());
    text.bytes += gguf_string(key);
    text.values.push_back(text.bytes.size());
    text.bytes += value;
  }
  std::size_t offset = 0;
  for (const GgufTensor& tensor : model.tensors) {
    GgufText::Tensor at{.name = text.bytes.size()};
    text.bytes += gguf_string(tensor.name);
    at.dimensions = text.bytes.size();
    text.bytes += gguf_number(tensor.shape.size(), 4);
    at.shape = text.bytes.size();
    for (const std::uint64_t extent : tensor.shape) text.bytes += gguf_number(extent, 8);
    at.type = text.bytes.size();
    text.bytes += gguf_number(tensor.type, 4);
    at.offset = text.bytes.size();
    text.bytes += gguf_number(offset, 8);
    offset = (offset + tensor.bytes + model.alignment - 1) / model.alignment * model.alignment;
    text.tensors.push_back(at);
  }
  if (!model.tensors.empty()) text.align(model.alignment);
  text.data = text.bytes.size();
  for (std::size_t i = 0; i < model.tensors.size(); ++i) {
    text.align(model.alignment);
    text.tensors[i].data = text.bytes.size();
    for (std::size_t b = 0; b < model.tensors[i].bytes; ++b) text.bytes.push_back(static_cast<char>((b * 37 + i + 1) & 0x3f));
  }
  text.bytes += model.tail;
  return text;
}

// Plain and quantised tensors, a counter and an empty one; key-values of most types. The last tensor has no padding behind it.
inline GgufModel small_gguf() {
  return {.key_values = {{"general.architecture", gguf_text("llama")},
                         {"general.alignment", gguf_u32(64)},
                         {"tokenizer.ggml.tokens", gguf_array(8, 3, gguf_string("<s>") + gguf_string("") + gguf_string("a"))},
                         {"tokenizer.ggml.scores", gguf_array(6, 3, gguf_number(0, 12))},
                         {"a.flag", gguf_number(7, 4) + gguf_number(1, 1)},
                         {"a.double", gguf_number(12, 4) + gguf_number(0, 8)}},
          .tensors = {{.name = "token_embd.weight", .type = 0, .shape = {8, 2}, .bytes = 64},
                      {.name = "blk.0.attn_q.weight", .type = 2, .shape = {32, 3}, .bytes = 54},
                      {.name = "blk.0.ffn_up.weight", .type = 12, .shape = {256, 1, 2}, .bytes = 288},
                      {.name = "ids", .type = 27, .shape = {2}, .bytes = 16},
                      {.name = "empty", .type = 0, .shape = {0}, .bytes = 0},
                      {.name = "output_norm.weight", .type = 1, .shape = {5}, .bytes = 10}},
          .alignment = 64};
}

inline Bytes gguf_bytes(std::string_view text) {
  const auto bytes = bytes_of(text);
  return {bytes.begin(), bytes.end()};
}

}  // namespace nnlock::formats::malformed
