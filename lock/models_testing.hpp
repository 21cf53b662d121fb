// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Small models of every format, a scratch folder, and the front door called on bytes. For tests only.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "formats/malformed/gguf_writer.hpp"
#include "formats/malformed/onnx_writer.hpp"
#include "formats/malformed/safetensors_writer.hpp"
#include "formats/malformed/tflite_writer.hpp"
#include "nnlock/lock.hpp"

namespace nnlock::lock {

using Bytes = std::vector<std::byte>;

inline Bytes to_bytes(std::string_view text) {
  const auto view = std::as_bytes(std::span(text));
  return Bytes(view.begin(), view.end());
}

inline MasterKey test_key(int which) {
  std::array<std::byte, 32> bytes{};
  bytes.fill(static_cast<std::byte>(which));
  return MasterKey::from_bytes(bytes);
}

inline std::string pattern(std::size_t length) {
  std::string text;
  for (std::size_t i = 0; i < length; ++i) text.push_back(static_cast<char>(i * 37 + i / 256 + 1));
  return text;
}

inline Bytes small_safetensors() { return formats::malformed::safetensors_file(formats::malformed::kGoodHeader, formats::malformed::kGoodData); }

inline Bytes small_onnx() {
  namespace m = formats::malformed;
  const auto graph = m::initializer(m::float_tensor("w", 8)) + m::initializer(m::float_tensor("b", 4)) + m::node("Add", {"x", "w"}, {"s"}) +
                     m::node("Mul", {"s", "b"}, {"y"}) + m::graph_input("x") + m::graph_output("y");
  return to_bytes(m::model(graph));
}

inline Bytes small_tflite() {
  formats::malformed::TfliteModel model;
  model.buffers = {"", pattern(24), pattern(12)};
  model.graphs.push_back({.tensors = {{.name = "x", .type = 9, .shape = {1, 8}},
                                      {.name = "w", .type = 9, .shape = {3, 8}, .buffer = 1},
                                      {.name = "b", .type = 2, .shape = {3}, .buffer = 2}},
                          .operators = {{.builtin = 9, .inputs = {0, 1, 2}}}});  // FULLY_CONNECTED
  return to_bytes(formats::malformed::write_tflite(model).bytes);
}

inline Bytes small_gguf() { return to_bytes(formats::malformed::write_gguf(formats::malformed::small_gguf()).bytes); }

struct NamedModel {
  const char* name;
  Bytes bytes;
};

inline std::vector<NamedModel> small_models() {
  return {{"safetensors", small_safetensors()}, {"onnx", small_onnx()}, {"tflite", small_tflite()}, {"gguf", small_gguf()}};
}

// A safetensors file with float32 tensors of the given element counts, named t0, t1, ...
inline Bytes safetensors_with(const std::vector<std::size_t>& elements) {
  std::string header = "{";
  std::size_t offset = 0;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    header += (i == 0 ? "" : ",") + ("\"t" + std::to_string(i)) + R"(":{"dtype":"F32","shape":[)" + std::to_string(elements[i]) +
              R"(],"data_offsets":[)" + std::to_string(offset) + "," + std::to_string(offset + 4 * elements[i]) + "]}";
    offset += 4 * elements[i];
  }
  return formats::malformed::safetensors_file(header + "}", offset);
}

// A tensor of a safetensors file: its dtype in the format's words, and its bytes.
struct TypedTensor {
  std::string name, dtype;
  std::size_t elements = 0;
  Bytes data;
};

template <class T>
TypedTensor tensor_of(std::string name, std::string dtype, const std::vector<T>& values) {
  const auto view = std::as_bytes(std::span(values));
  return {std::move(name), std::move(dtype), values.size(), Bytes(view.begin(), view.end())};
}

inline Bytes safetensors_of(const std::vector<TypedTensor>& tensors) {
  std::string header = "{";
  Bytes data;
  for (const TypedTensor& t : tensors) {
    const std::size_t end = data.size() + t.data.size();
    header += (data.empty() ? "\"" : ",\"") + t.name + R"(":{"dtype":")" + t.dtype + R"(","shape":[)" + std::to_string(t.elements) +
              R"(],"data_offsets":[)" + std::to_string(data.size()) + "," + std::to_string(end) + "]}";
    data.insert(data.end(), t.data.begin(), t.data.end());
  }
  Bytes file = formats::malformed::safetensors_file(header + "}", 0);
  file.insert(file.end(), data.begin(), data.end());
  return file;
}

// A folder that vanishes with everything in it.
class Scratch {
 public:
  Scratch() : path_(std::filesystem::temp_directory_path() / ("nnlock-test-" + std::to_string(::getpid()) + "-" + std::to_string(next_++))) {
    std::filesystem::create_directories(path_);
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  std::string write(const std::string& name, const Bytes& bytes) const {
    std::ofstream(file(name), std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return file(name);
  }
  Bytes read(const std::string& name) const {
    std::ifstream in(file(name), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    return to_bytes(text);
  }
  std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path_), std::filesystem::directory_iterator()));
  }

 private:
  static inline int next_ = 0;
  std::filesystem::path path_;
};

// lock_file on bytes. The test fails at once when locking does.
inline Bytes locked(const Bytes& model, const MasterKey& key, const LockOptions& options = {}) {
  const Scratch scratch;
  const auto report = lock_file(key, scratch.write("in", model), scratch.file("out"), options);
  EXPECT_TRUE(report) << report.error().message;
  return report ? scratch.read("out") : Bytes{};
}

// What inspect tells of the parameters, by their names.
inline std::map<std::string, TensorInfo> tensors_of(const Bytes& model) {
  const Scratch scratch;
  const auto info = inspect_file(scratch.write("m", model));
  EXPECT_TRUE(info) << info.error().message;
  std::map<std::string, TensorInfo> tensors;
  if (info)
    for (const TensorInfo& t : info->params) tensors.emplace(t.name, t);
  return tensors;
}

inline Bytes copy_of(const ModelBuffer& buffer) { return Bytes(buffer.bytes().begin(), buffer.bytes().end()); }

// The code of unlocking `model` with `key`, or nothing when it opened.
inline std::optional<ErrorCode> refusal(const Bytes& model, const MasterKey& key, const UnlockOptions& options = {.threads = 1}) {
  const auto opened = unlock_bytes(key, model, {}, options);
  if (opened) return std::nullopt;
  return opened.error().code;
}

}  // namespace nnlock::lock
