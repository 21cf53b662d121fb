// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// RapidJSON's events, let through only where a safetensors header may hold them.

#include "formats/safetensors_header.hpp"

#include <charconv>
#include <optional>

#include "formats/budget.hpp"

#include <rapidjson/error/en.h>

#include "formats/json_reader.hpp"

namespace nnlock::formats::safetensors {
namespace {

constexpr std::string_view kMetadata = "__metadata__";

// Takes RapidJSON's events and lets through only what a header may hold: each place knows the one kind of value it takes.
class HeaderEvents {
 public:
  HeaderEvents(const rapidjson::MemoryStream& stream, std::uint64_t file_size) : stream_(stream), budget_(file_size) {}

  Header header;
  std::optional<Error> error;

  bool Null() { return misplaced(); }
  bool Bool(bool) { return misplaced(); }
  // Numbers come as text (kParseNumbersAsStringsFlag), so none of the other five is ever called.
  bool Int(int) { return misplaced(); }
  bool Uint(unsigned) { return misplaced(); }
  bool Int64(std::int64_t) { return misplaced(); }
  bool Uint64(std::uint64_t) { return misplaced(); }
  bool Double(double) { return misplaced(); }

  bool RawNumber(const char* text, rapidjson::SizeType length, bool) {
    if (place_ != Place::shape_items && place_ != Place::offset_items) return misplaced();
    std::uint64_t value = 0;
    const auto parsed = std::from_chars(text, text + length, value);
    if (parsed.ec != std::errc() || parsed.ptr != text + length) return misplaced();
    if (place_ == Place::shape_items && tensor().shape.size() % Budget::kDimensions == 0 && !budget_.take(1)) return exceeded("dimensions");
    (place_ == Place::shape_items ? tensor().shape : tensor().offsets).push_back(value);
    // Only two offsets can be right; more need not be kept.
    return tensor().offsets.size() <= 2 || misplaced();
  }

  bool String(const char* text, rapidjson::SizeType length, bool) {
    const std::string_view value(text, length);
    if (place_ == Place::dtype) return take_dtype(value);
    if (place_ != Place::metadata_text) return misplaced();
    if (!well_formed(value)) return fail("the text holds half of a surrogate pair");
    if (header.metadata.back().name == kRecordKey) header.record_value_end = stream_.Tell();
    place_ = Place::metadata;
    return true;
  }

  bool Key(const char* text, rapidjson::SizeType length, bool) {
    const std::string_view name(text, length);
    if (!well_formed(name)) return fail("the name holds half of a surrogate pair");
    if (place_ == Place::names) return take_name(name);
    if (place_ == Place::entry) return take_field(name);
    if (place_ != Place::metadata) return misplaced();
    if (!budget_.take(Budget::kName + name.size() / Budget::kNameBytes)) return exceeded("entries of __metadata__");
    header.metadata.push_back({std::string(name), stream_.Tell()});
    if (name == kRecordKey) {
      ++header.record_count;
      header.record_key_end = stream_.Tell();
    }
    place_ = Place::metadata_text;
    return true;
  }

  bool StartObject() {
    switch (place_) {
      case Place::root: place_ = Place::names; return true;
      case Place::tensor:
        tensor().at = stream_.Tell();
        place_ = Place::entry;
        return true;
      case Place::metadata_object:
        header.metadata_open = stream_.Tell();
        place_ = Place::metadata;
        return true;
      default: return misplaced();
    }
  }

  bool EndObject(rapidjson::SizeType) {
    if (place_ == Place::entry) {
      const Tensor& done = tensor();
      if (done.type == nullptr) return fail("the tensor has no dtype");
      if (!done.has_shape) return fail("the tensor has no shape");
      if (!done.has_offsets) return fail("the tensor has no data_offsets");
    }
    place_ = place_ == Place::names ? Place::root : Place::names;
    return true;
  }

  bool StartArray() {
    if (place_ != Place::shape && place_ != Place::offsets) return misplaced();
    place_ = place_ == Place::shape ? Place::shape_items : Place::offset_items;
    return true;
  }

  bool EndArray(rapidjson::SizeType) {
    if (place_ == Place::offset_items && tensor().offsets.size() != 2) return misplaced();
    place_ = Place::entry;
    return true;
  }

 private:
  enum class Place : std::uint8_t {
    root, names, tensor, entry, dtype, shape, shape_items, offsets, offset_items, metadata_object, metadata, metadata_text
  };

  Tensor& tensor() { return header.tensors.back(); }

  // RapidJSON encodes the escape of a lone low surrogate as three bytes that are no UTF-8 (everything else it validates).
  static bool well_formed(std::string_view text) {
    for (std::size_t i = 0; i + 1 < text.size(); ++i)
      if (text[i] == '\xED' && static_cast<unsigned char>(text[i + 1]) >= 0xA0) return false;
    return true;
  }

  bool take_name(std::string_view name) {
    if (name == kMetadata) {
      ++header.metadata_count;
      place_ = Place::metadata_object;
      return true;
    }
    if (!budget_.take_tensor(0, name.size())) return exceeded("tensors");
    header.tensors.emplace_back().name = name;
    place_ = Place::tensor;
    return true;
  }

  bool take_field(std::string_view field) {
    Tensor& now = tensor();
    if (field == "dtype") return now.type == nullptr ? go(Place::dtype) : fail("the tensor has two dtypes");
    if (field == "shape") return !std::exchange(now.has_shape, true) ? go(Place::shape) : fail("the tensor has two shapes");
    if (field == "data_offsets")
      return !std::exchange(now.has_offsets, true) ? go(Place::offsets) : fail("the tensor has two data_offsets");
    return fail("the tensor has a key besides dtype, shape and data_offsets");
  }

  bool take_dtype(std::string_view word) {
    tensor().type = element_type(word);
    if (tensor().type != nullptr) return go(Place::entry);
    fail("the tensor's dtype is none that this version knows");
    error->code = ErrorCode::unsupported;
    error->hint = "use a newer nnlock, if the dtype is a real one";
    return false;
  }

  bool go(Place place) {
    place_ = place;
    return true;
  }

  bool fail(std::string message) {
    const bool in_tensor = place_ >= Place::tensor && place_ <= Place::offset_items;
    error = bad_header(std::move(message), stream_.Tell(), in_tensor ? tensor().name : std::string());
    return false;
  }

  bool exceeded(const std::string& what) {
    error = Budget::exceeded(what, kPrefix + stream_.Tell());
    return false;
  }

  bool misplaced() {
    switch (place_) {
      case Place::tensor: return fail("a tensor must be described by a JSON object");
      case Place::dtype: return fail("dtype must be a string");
      case Place::shape:
      case Place::shape_items: return fail("shape must be an array of whole numbers below 2^64");
      case Place::offsets:
      case Place::offset_items: return fail("data_offsets must be an array of two whole numbers below 2^64");
      case Place::metadata_object: return fail("__metadata__ must be a JSON object");
      case Place::metadata_text: return fail("a value in __metadata__ must be a string");
      default: return fail("the header must be one JSON object");
    }
  }

  const rapidjson::MemoryStream& stream_;
  Budget budget_;
  Place place_ = Place::root;
};

}  // namespace

Result<Header> read_header(std::string_view text, std::uint64_t file_size) {
  if (text.front() != '{') return bad_header("the header does not start with '{'", 0);
  rapidjson::MemoryStream stream(text.data(), text.size());
  HeaderEvents events(stream, file_size);
  JsonReader reader;
  const auto outcome = reader.Parse<kJsonFlags>(stream, events);
  if (events.error) return *std::move(events.error);
  if (outcome.IsError())
    return bad_header(std::string("the header is not valid JSON: ") + rapidjson::GetParseError_En(outcome.Code()),
                      outcome.Offset());
  // RapidJSON takes a zero byte for the end of the text.
  if (stream.Tell() != text.size()) return bad_header("the header holds a zero byte", stream.Tell());
  return std::move(events.header);
}

}  // namespace nnlock::formats::safetensors
