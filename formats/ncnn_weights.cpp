// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "formats/ncnn_weights.hpp"

#include <string>

#include "formats/budget.hpp"
#include "formats/bytes.hpp"

namespace nnlock::formats::ncnn {
namespace {

constexpr std::uint64_t kTag = 4;  // bytes

// How tagged elements are stored.
enum class Storage : std::uint8_t { float32, float16, int8, table };

Storage storage_of(std::uint32_t tag) {
  switch (tag) {
    case 0: case 0x0002C056: return Storage::float32;
    case 0x01306B47: return Storage::float16;
    case 0x000D4B38: return Storage::int8;
    default: return Storage::table;  // 256 floats, then one index for each element
  }
}

class WeightStream {
 public:
  explicit WeightStream(std::span<const std::byte> bytes) : bytes_(bytes), budget_(bytes.size()) {}

  Result<void> load(const Layer& layer, const Weights& weights) {
    const std::string name = layer.name + "/" + weights.name;
    const auto count = weights.count;
    if (!weights.tagged) return take(layer, name, Dtype::f32, count, count * 4, weights.scale);
    std::uint32_t tag = 0;
    if (!inside(at_, kTag, bytes_.size())) return cut(layer, name, kTag);
    for (std::size_t i = kTag; i-- > 0;) tag = tag << 8 | std::to_integer<std::uint32_t>(bytes_[static_cast<std::size_t>(at_) + i]);
    at_ += kTag;
    switch (storage_of(tag)) {
      case Storage::float32: return take(layer, name, Dtype::f32, count, count * 4, false);
      case Storage::float16: return take(layer, name, Dtype::f16, count, count * 2, false);
      case Storage::int8: return take(layer, name, Dtype::i8, count, count, false);
      case Storage::table: break;
    }
    if (auto table = take(layer, name + "_table", Dtype::f32, 256, 1024, false); !table) return table.error();
    return take(layer, name, Dtype::u8, count, count, false);
  }

  Structure finish() && { return std::move(structure_); }

 private:
  Error cut(const Layer& layer, const std::string& name, std::uint64_t length) const {
    return Error{.code = ErrorCode::bad_model,
                 .message = "the weights file has " + std::to_string(bytes_.size()) + " bytes; " + name + " needs " +
                            std::to_string(length) + " at byte " + std::to_string(at_),
                 .hint = "the .param and the .bin do not belong together, or one was cut short",
                 .tensor = name,
                 .offset = layer.offset};
  }

  // `length` bytes; the next weights start at a multiple of 4 behind them.
  Result<void> take(const Layer& layer, std::string name, Dtype dtype, std::uint64_t count, std::uint64_t length, bool scale) {
    const std::uint64_t padded = (length + 3) / 4 * 4;
    if (!inside(at_, padded, bytes_.size())) return cut(layer, name, padded);
    if (!budget_.take_tensor(1, name.size())) return Budget::exceeded("tensors", layer.offset);
    if (scale)
      structure_.constants.push_back({std::move(name), dtype, {count}, at_, length, "scale of quantisation", 1});
    else
      structure_.params.push_back({std::move(name), dtype, {count}, at_, length, 1, {}});
    at_ += padded;
    return {};
  }

  std::span<const std::byte> bytes_;
  std::uint64_t at_ = 0;
  Budget budget_;
  Structure structure_;
};

}  // namespace

Result<std::vector<Weights>> weights_of(const Layer& layer) {
  if (layer.type->list == nullptr) return std::vector<Weights>();
  WeightList list(layer.settings);
  layer.type->list(list);
  if (list.problem().empty()) return list.weights();
  return Error{.code = ErrorCode::bad_model,
               .message = "layer of type " + std::string(layer.type->name) + ": " + list.problem(),
               .tensor = layer.name,
               .offset = layer.offset};
}

Result<Structure> find_weights(std::span<const Layer> layers, std::span<const std::byte> weights) {
  WeightStream stream(weights);
  for (const Layer& layer : layers) {
    const auto wanted = weights_of(layer);
    if (!wanted) return wanted.error();
    for (const Weights& each : *wanted)
      if (auto loaded = stream.load(layer, each); !loaded) return loaded.error();
  }
  return std::move(stream).finish();
}

}  // namespace nnlock::formats::ncnn
