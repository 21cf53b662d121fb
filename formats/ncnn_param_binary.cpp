// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The graph in binary form: 32-bit little-endian numbers throughout; the settings of a layer end with -233.

#include <string>

#include "formats/bytes.hpp"
#include "formats/ncnn_param.hpp"

namespace nnlock::formats::ncnn {
namespace {

std::int32_t read_i32(std::span<const std::byte> bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8 | std::to_integer<std::uint32_t>(bytes[i]);
  return static_cast<std::int32_t>(value);
}

class BinaryGraph {
 public:
  explicit BinaryGraph(std::span<const std::byte> image) : image_(image) {}

  Result<std::vector<Layer>> read() {
    const auto magic = next(), layer_count = next();
    blob_count_ = next();
    if (cut_ || magic != kMagic) return refuse("the graph has no magic number or no counts");
    if (layer_count <= 0 || blob_count_ <= 0) return refuse("the numbers of layers and blobs must be positive");
    if (static_cast<std::size_t>(layer_count) > kMaxLayers) return refuse("there are too many layers");
    std::vector<Layer> layers;
    for (std::int32_t i = 0; i < layer_count; ++i) {
      auto layer = read_layer(i);
      if (!layer) return layer.error();
      layers.push_back(*std::move(layer));
    }
    if (at_ != image_.size()) return refuse("there are bytes behind the last layer");
    return layers;
  }

 private:
  Error refuse(std::string message, const Layer& layer = {}, ErrorCode code = ErrorCode::bad_model) const {
    return Error{.code = code, .message = cut_ ? "the graph is cut short" : std::move(message), .tensor = layer.name, .offset = at_};
  }

  std::int32_t next() {
    cut_ = cut_ || !inside(at_, 4, image_.size());
    if (cut_) return 0;
    at_ += 4;
    return read_i32(image_.subspan(at_ - 4, 4));
  }

  Result<Layer> read_layer(std::int32_t index) {
    Layer layer;
    layer.offset = at_;
    layer.name = "layer_" + std::to_string(index);
    const auto type = next(), inputs = next(), outputs = next();
    if (cut_ || inputs < 0 || outputs < 0) return refuse("a layer's counts must not be negative", layer);
    for (std::int64_t left = std::int64_t{inputs} + outputs; left > 0 && !cut_; --left) {
      const auto blob = next();
      if (blob < 0 || blob >= blob_count_) return refuse("a layer names a blob that is not there", layer);
    }
    layer.type = layer_type(type);
    if (layer.type == nullptr) {
      auto error = refuse("layer type " + std::to_string(type) + " is not known", layer, ErrorCode::unsupported);
      error.hint = "a layer of your own may load weights in a way that nnlock cannot know";
      return error;
    }
    layer.name = std::string(layer.type->name) + "_" + std::to_string(index);
    for (auto id = next(); !cut_ && id != -233; id = next())
      if (auto read = read_setting(layer, id); !read) return read.error();
    if (cut_) return refuse("", layer);
    return layer;
  }

  // Lists of 4-byte elements and texts carry their number shifted by 23300 and 23400.
  Result<void> read_setting(Layer& layer, std::int32_t id) {
    const bool text = id <= -23400, list = id <= -23300;
    if (list) id = -(id + (text ? 23400 : 23300));
    if (id < 0 || id >= Settings::kCount) return refuse("a setting's number is not 0 to 31", layer);
    if (layer.settings.has(id)) return refuse("setting " + std::to_string(id) + " stands twice", layer);
    const auto value = next();
    if (!list) {
      layer.settings.set(id, value);
      return {};
    }
    const auto bytes = text ? (std::int64_t{value} + 3) / 4 * 4 : std::int64_t{value} * 4;
    if (value < 0 || (text && value > 255) || !inside(at_, static_cast<std::uint64_t>(bytes), image_.size()))
      return refuse("the length of setting " + std::to_string(id) + " is wrong", layer);
    at_ += static_cast<std::size_t>(bytes);
    layer.settings.set_other(id);
    return {};
  }

  std::span<const std::byte> image_;
  std::size_t at_ = 0;
  bool cut_ = false;
  std::int32_t blob_count_ = 0;
};

}  // namespace

bool starts_binary(std::span<const std::byte> head) { return head.size() >= 4 && read_i32(head) == kMagic; }

Result<std::vector<Layer>> read_binary(std::span<const std::byte> image) { return BinaryGraph(image).read(); }

}  // namespace nnlock::formats::ncnn
