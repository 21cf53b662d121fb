// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Reads the map that holds the packages. Keys are those of google-coral/libedgetpu: tflite/custom_op_data.cc; the layout of
// FlexBuffers is that of flatbuffers.dev/internals ("FlexBuffers"): values follow what they refer to, offsets lead back.
#include "formats/edgetpu_options.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace nnlock::formats {
namespace {

// Types of values, the upper six bits of a packed type (google/flatbuffers: include/flatbuffers/flexbuffers.h).
enum : std::uint8_t { kNull = 0, kString = 5, kMap = 9, kVector = 10 };

// A value that stands inline: a number, or the distance back to what it refers to.
struct Value {
  std::uint64_t at = 0;
  std::uint64_t width = 1;  // bytes
  std::uint8_t packed = 0;  // type << 2 | log2 of the width inside what it refers to
  std::uint8_t type() const { return packed >> 2; }
  std::uint64_t inner_width() const { return std::uint64_t{1} << (packed & 3); }
};

// Elements behind their count.
struct Elements {
  std::uint64_t begin = 0, count = 0, width = 1;
};

class OptionsReader {
 public:
  OptionsReader(std::span<const std::byte> bytes, std::uint64_t base) : bytes_(bytes), base_(base) {}

  Result<EdgetpuOptions> read() {
    const auto map = root();
    if (!map) return map.error();
    if (auto step = read_keys(*map); !step) return step.error();
    for (std::uint64_t i = 0; i < map->count; ++i)
      if (auto step = read_entry(keys_[i], element(*map, i)); !step) return step.error();
    if (std::find(keys_.begin(), keys_.end(), "4") == keys_.end())
      return bad("the options hold no package", map->begin);
    return std::move(found_);
  }

 private:
  static constexpr std::uint64_t kMaxKeys = 32;       // the compiler writes five
  static constexpr std::uint64_t kMaxKeyLength = 32;  // one digit each

  Error bad(std::string message, std::uint64_t at) const {
    return Error{.code = ErrorCode::bad_model, .message = std::move(message), .offset = base_ + at};
  }

  void add(std::uint64_t begin, std::uint64_t length) {
    found_.extents.push_back({base_ + begin, base_ + begin + length});
  }

  std::uint8_t byte(std::uint64_t at) const { return std::to_integer<std::uint8_t>(bytes_[at]); }

  // The caller has checked that it lies inside.
  std::uint64_t number(std::uint64_t at, std::uint64_t width) const {
    std::uint64_t value = 0;
    for (std::uint64_t i = width; i-- > 0;) value = value << 8 | byte(at + i);
    return value;
  }

  static bool is_width(std::uint64_t width) { return width == 1 || width == 2 || width == 4 || width == 8; }

  // A vector with `extra` bytes after each element: of its type, or none.
  Result<Elements> elements(std::uint64_t at, std::uint64_t at_width, std::uint64_t width, std::uint64_t element_width,
                            std::uint64_t extra) const {
    const std::uint64_t distance = number(at, at_width);
    if (distance > at || at - distance < width) return bad("an offset leads out of the options", at);
    const std::uint64_t begin = at - distance;
    const std::uint64_t count = number(begin - width, width);
    if (count > bytes_.size() || !inside(begin, count * (element_width + extra), bytes_.size()))
      return bad("the elements of the options lie outside them", begin - width);
    return Elements{begin, count, element_width};
  }

  Value element(const Elements& vector, std::uint64_t i) const {
    return {vector.begin + i * vector.width, vector.width, byte(vector.begin + vector.count * vector.width + i)};
  }

  // The last two bytes are the root's type and width, in front of them stands its value.
  Result<Elements> root() {
    if (bytes_.size() < 3) return bad("the options are too short", 0);
    const std::uint64_t width = byte(bytes_.size() - 1);
    if (!is_width(width) || bytes_.size() < 2 + width)
      return bad("the options end in a width that cannot be", bytes_.size() - 1);
    const Value value{bytes_.size() - 2 - width, width, byte(bytes_.size() - 2)};
    if (value.type() != kMap) return bad("the options are no map", bytes_.size() - 2);
    add(value.at, width + 2);
    const auto map = elements(value.at, width, value.inner_width(), value.inner_width(), 1);
    if (!map) return map;
    // In front of a map's count stand the offset and the width of its keys.
    if (map->begin < 3 * map->width) return bad("the map of the options has no keys", map->begin);
    add(map->begin - 3 * map->width, 3 * map->width + map->count * (map->width + 1));
    return map;
  }

  // Keys ascend, as readers that search them ask for; two alike would be two readings.
  Result<void> read_keys(const Elements& map) {
    const std::uint64_t at = map.begin - 3 * map.width;
    const std::uint64_t width = number(at + map.width, map.width);
    if (!is_width(width)) return bad("the keys of the options have a width that cannot be", at + map.width);
    const auto keys = elements(at, map.width, width, width, 0);
    if (!keys) return keys.error();
    if (keys->count != map.count) return bad("the options have more or fewer keys than values", keys->begin - width);
    if (keys->count > kMaxKeys) return bad("the options have too many keys", keys->begin - width);
    add(keys->begin - width, width + keys->count * width);
    for (std::uint64_t i = 0; i < keys->count; ++i) {
      const auto key = read_key(keys->begin + i * width, width);
      if (!key) return key.error();
      if (!keys_.empty() && keys_.back() >= *key) return bad("the keys of the options are not in order", keys->begin);
      keys_.push_back(*key);
    }
    return {};
  }

  Result<std::string_view> read_key(std::uint64_t at, std::uint64_t width) {
    const std::uint64_t distance = number(at, width);
    if (distance > at) return bad("a key leads out of the options", at);
    const std::string_view rest(reinterpret_cast<const char*>(bytes_.data()) + (at - distance),
                                std::min(bytes_.size() - (at - distance), kMaxKeyLength + 1));
    const std::size_t end = rest.find('\0');
    if (end == rest.npos) return bad("a key of the options does not end", at - distance);
    add(at - distance, end + 1);
    return rest.substr(0, end);
  }

  Result<void> read_entry(std::string_view key, const Value& value) {
    if (key == "4") {
      const auto package = text(value, "the package of the options is no string");
      if (!package) return package.error();
      found_.packages.push_back(*package);
    }
    if (key == "3" && value.type() != kNull) {
      const auto package = text(value, "the superseded executable of the options is no string");
      if (!package) return package.error();
      if (package->end > package->begin) found_.superseded = *package;
    }
    if (key == "7" && value.type() != kNull) return read_packages(value);
    return {};
  }

  // Packages for further chips.
  Result<void> read_packages(const Value& value) {
    if (value.type() != kVector) return bad("the further packages of the options are no vector", value.at);
    const auto packages = elements(value.at, value.width, value.inner_width(), value.inner_width(), 1);
    if (!packages) return packages.error();
    add(packages->begin - packages->width, packages->width + packages->count * (packages->width + 1));
    for (std::uint64_t i = 0; i < packages->count; ++i) {
      const auto package = text(element(*packages, i), "a further package of the options is no string");
      if (!package) return package.error();
      found_.packages.push_back(*package);
    }
    return {};
  }

  // Where a string's bytes lie in the file. Its count and final zero byte are structure.
  Result<Extent> text(const Value& value, const char* otherwise) {
    if (value.type() != kString) return bad(otherwise, value.at);
    const auto chars = elements(value.at, value.width, value.inner_width(), 1, 0);
    if (!chars) return chars.error();
    const std::uint64_t end = chars->begin + chars->count;
    if (end >= bytes_.size() || byte(end) != 0) return bad("a string of the options does not end", chars->begin);
    add(chars->begin - value.inner_width(), value.inner_width());
    add(end, 1);
    return Extent{base_ + chars->begin, base_ + end};
  }

  std::span<const std::byte> bytes_;
  std::uint64_t base_;
  std::vector<std::string_view> keys_;
  EdgetpuOptions found_;
};

}  // namespace

Result<EdgetpuOptions> read_edgetpu_options(std::span<const std::byte> image, Extent options) {
  return OptionsReader(image.subspan(options.begin, options.end - options.begin), options.begin).read();
}

}  // namespace nnlock::formats
