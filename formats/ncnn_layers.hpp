// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// ncnn's layer types, and which weights each loads from the weights file, given its settings
// (Tencent/ncnn: src/layer/*.cpp, load_param and load_model).
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace nnlock::formats::ncnn {

// The numbered settings of a layer, 0 to 31. Only whole numbers say how many weights follow; a setting of another kind is known as such.
class Settings {
 public:
  static constexpr int kCount = 32;
  bool has(int id) const { return (present_ >> id & 1) != 0; }
  bool whole(int id) const { return (whole_ >> id & 1) != 0; }
  std::int32_t value(int id) const { return values_[static_cast<std::size_t>(id)]; }
  void set(int id, std::int32_t value) {
    set_other(id);
    whole_ |= std::uint32_t{1} << id;
    values_[static_cast<std::size_t>(id)] = value;
  }
  void set_other(int id) { present_ |= std::uint32_t{1} << id; }  // a float, a list or a text

 private:
  std::uint32_t present_ = 0, whole_ = 0;
  std::array<std::int32_t, kCount> values_{};
};

// One run of weights as a layer asks for it (Tencent/ncnn: src/modelbin.cpp).
struct Weights {
  const char* name = "";
  std::uint64_t count = 0;  // elements; > 0, at most 2^31 - 1
  bool tagged = false;      // a tag says how the elements are stored; untagged ones are raw float32
  bool scale = false;       // a scale of quantisation: stays readable
};

// Collects a layer's weights. Settings that make no sense are remembered as a problem, and nothing follows then.
class WeightList {
 public:
  explicit WeightList(const Settings& settings) : settings_(settings) {}
  std::int32_t get(int id, std::int32_t otherwise = 0);
  void tagged(const char* name, std::initializer_list<std::int64_t> dims) { add(name, dims, true, false); }
  void raw(const char* name, std::initializer_list<std::int64_t> dims) { add(name, dims, false, false); }
  void scale(const char* name, std::initializer_list<std::int64_t> dims) { add(name, dims, false, true); }
  // a / b where b divides a; otherwise a problem and 0.
  std::int64_t quotient(std::int64_t a, std::int64_t b);
  void refuse(std::string problem);

  const std::vector<Weights>& weights() const { return weights_; }
  const std::string& problem() const { return problem_; }  // empty: none

 private:
  void add(const char* name, std::initializer_list<std::int64_t> dims, bool tagged, bool scale);
  const Settings& settings_;
  std::vector<Weights> weights_;
  std::string problem_;
};

struct LayerType {
  std::string_view name;
  void (*list)(WeightList&) = nullptr;  // null: has no weights
};

// Null where this version does not know the type. Numbers are those of binary files.
const LayerType* layer_type(std::string_view name);
const LayerType* layer_type(std::int32_t number);

// Whether a type existed before files had a magic number.
bool is_first_generation(const LayerType& type);

}  // namespace nnlock::formats::ncnn
