// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// safetensors: 8 bytes header length N (little endian), N bytes of JSON, then the tensors' bytes without a gap.
// The rules are those of the reference reader (huggingface/safetensors, safetensors/src/tensor.rs, version 0.8.0), made
// stricter where it lets two readers disagree: duplicate keys and unknown keys of a tensor are refused.

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include "formats/base64.hpp"
#include "formats/codec.hpp"

namespace nnlock::formats {

// Marks the one RapidJSON stack whose growth is replaced below, so that no other user's is.
struct HeaderAllocator : rapidjson::CrtAllocator {};

}  // namespace nnlock::formats

// RapidJSON 1.1.0 adds to a null pointer before the stack's first growth (undefined, though harmless; mended after 1.1.0).
// These compare distances instead. Its reader pushes characters and counts only.
namespace rapidjson::internal {

template <>
template <>
inline void Stack<nnlock::formats::HeaderAllocator>::Reserve<char>(std::size_t count) {
  if (count > static_cast<std::size_t>(stackEnd_ - stackTop_)) Expand<char>(count);
}

template <>
template <>
inline void Stack<nnlock::formats::HeaderAllocator>::Reserve<SizeType>(std::size_t count) {
  if (count * sizeof(SizeType) > static_cast<std::size_t>(stackEnd_ - stackTop_)) Expand<SizeType>(count);
}

}  // namespace rapidjson::internal

namespace nnlock::formats {
namespace {

using JsonReader = rapidjson::GenericReader<rapidjson::UTF8<>, rapidjson::UTF8<>, HeaderAllocator>;

constexpr std::uint64_t kPrefix = 8;                // bytes of the header length
constexpr std::uint64_t kHeaderMax = 100'000'000;   // bytes; MAX_HEADER_SIZE of the reference reader
constexpr std::uint64_t kHeaderMin = 2;             // bytes; "{}"
constexpr std::uint64_t kHeaderOwn = 1'000'000;     // bytes of header that record_limit() leaves to the model
constexpr std::size_t kInsertUnit = 64;             // bytes; keeps every tensor's alignment as it was
constexpr std::string_view kMetadata = "__metadata__";
constexpr std::string_view kRecordKey = "nnlock";

// ---- dtypes ----------------------------------------------------------------------------------------------------------

struct ElementType {
  std::string_view word;  // as written in the header
  std::uint64_t bits;     // per element
  Dtype dtype;            // as shown to people
  const char* kept;       // why such tensors stay readable; null for learned values
};

constexpr const char* kCounter = "64-bit integers are counters or indices";
constexpr std::array kElementTypes = {
    ElementType{"BOOL", 8, Dtype::boolean, "booleans are masks"},
    ElementType{"F4", 4, Dtype::opaque, nullptr},
    ElementType{"F6_E2M3", 6, Dtype::opaque, nullptr},
    ElementType{"F6_E3M2", 6, Dtype::opaque, nullptr},
    ElementType{"U8", 8, Dtype::u8, nullptr},
    ElementType{"I8", 8, Dtype::i8, nullptr},
    ElementType{"F8_E5M2", 8, Dtype::f8, nullptr},
    ElementType{"F8_E4M3", 8, Dtype::f8, nullptr},
    ElementType{"F8_E8M0", 8, Dtype::f8, nullptr},
    ElementType{"F8_E4M3FNUZ", 8, Dtype::f8, nullptr},
    ElementType{"F8_E5M2FNUZ", 8, Dtype::f8, nullptr},
    ElementType{"I16", 16, Dtype::i16, nullptr},
    ElementType{"U16", 16, Dtype::u16, nullptr},
    ElementType{"F16", 16, Dtype::f16, nullptr},
    ElementType{"BF16", 16, Dtype::bf16, nullptr},
    ElementType{"I32", 32, Dtype::i32, nullptr},  // packed quantised weights (GPTQ, AWQ)
    ElementType{"U32", 32, Dtype::u32, nullptr},
    ElementType{"F32", 32, Dtype::f32, nullptr},
    ElementType{"C64", 64, Dtype::complex64, nullptr},
    ElementType{"F64", 64, Dtype::f64, nullptr},
    ElementType{"I64", 64, Dtype::i64, kCounter},
    ElementType{"U64", 64, Dtype::u64, kCounter},
};

const ElementType* element_type(std::string_view word) {
  const auto* found =
      std::find_if(kElementTypes.begin(), kElementTypes.end(), [&](const ElementType& type) { return type.word == word; });
  return found == kElementTypes.end() ? nullptr : found;
}

// ---- the header ------------------------------------------------------------------------------------------------------

struct Tensor {
  std::string name;
  std::size_t at = 0;  // header byte of its '{'
  const ElementType* type = nullptr;
  std::vector<std::uint64_t> shape;
  std::vector<std::uint64_t> offsets;  // begin and end in bytes from the end of the header
  bool has_shape = false;
  bool has_offsets = false;

  std::uint64_t begin() const { return offsets[0]; }
  std::uint64_t end() const { return offsets[1]; }
};

struct NamedPlace {
  std::string name;
  std::size_t at = 0;  // header byte behind the name
};

struct Header {
  std::vector<Tensor> tensors;
  std::vector<NamedPlace> metadata;     // keys of __metadata__, the record's among them
  std::size_t metadata_count = 0;       // __metadata__ objects
  std::size_t metadata_open = 0;        // header byte of the '{' of the last one
  std::size_t record_count = 0;         // "nnlock" keys
  std::size_t record_key_end = 0;       // header byte behind the last such key
  std::size_t record_value_end = 0;     // header byte behind its value
};

Error bad_header(std::string message, std::size_t at, std::string tensor = {}) {
  return Error{.code = ErrorCode::bad_model, .message = std::move(message), .tensor = std::move(tensor), .offset = kPrefix + at};
}

// Takes RapidJSON's events and lets through only what a header may hold: each place knows the one kind of value it takes.
class HeaderEvents {
 public:
  explicit HeaderEvents(const rapidjson::MemoryStream& stream) : stream_(stream) {}

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
  Place place_ = Place::root;
};

Result<Header> read_header(std::string_view text) {
  if (text.front() != '{') return bad_header("the header does not start with '{'", 0);
  // Iterative: no recursion. Numbers as text: no rounding, and RapidJSON's exponent arithmetic is left out.
  constexpr unsigned flags =
      rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag | rapidjson::kParseNumbersAsStringsFlag;
  rapidjson::MemoryStream stream(text.data(), text.size());
  HeaderEvents events(stream);
  JsonReader reader;
  const auto outcome = reader.Parse<flags>(stream, events);
  if (events.error) return *std::move(events.error);
  if (outcome.IsError())
    return bad_header(std::string("the header is not valid JSON: ") + rapidjson::GetParseError_En(outcome.Code()),
                      outcome.Offset());
  // RapidJSON takes a zero byte for the end of the text.
  if (stream.Tell() != text.size()) return bad_header("the header holds a zero byte", stream.Tell());
  return std::move(events.header);
}

// ---- rules between entries -------------------------------------------------------------------------------------------

// Sorts places by name and names a double one, if any. Names are decoded, so other spellings of a name count too.
const NamedPlace* find_double(std::vector<NamedPlace>& places) {
  std::sort(places.begin(), places.end(), [](const NamedPlace& a, const NamedPlace& b) {
    return std::pair<std::string_view, std::size_t>(a.name, a.at) < std::pair<std::string_view, std::size_t>(b.name, b.at);
  });
  const auto same = std::adjacent_find(places.begin(), places.end(),
                                       [](const NamedPlace& a, const NamedPlace& b) { return a.name == b.name; });
  return same == places.end() ? nullptr : &*std::next(same);
}

Result<void> refuse_doubles(Header& header) {
  if (header.metadata_count > 1) return bad_header("the header has two __metadata__ objects", header.metadata_open);
  if (const auto* twice = find_double(header.metadata)) return bad_header("a key stands twice in __metadata__", twice->at);
  std::vector<NamedPlace> names;
  names.reserve(header.tensors.size());
  for (const Tensor& tensor : header.tensors) names.push_back({tensor.name, tensor.at});
  if (const auto* twice = find_double(names)) return bad_header("two tensors have the same name", twice->at, twice->name);
  return {};
}

Result<void> check_size(const Tensor& tensor) {
  const auto refuse = [&](std::string message) { return bad_header(std::move(message), tensor.at, tensor.name); };
  if (tensor.end() < tensor.begin()) return refuse("the tensor ends before it begins");
  std::uint64_t bits = 1;
  for (const auto dimension : tensor.shape)
    if (__builtin_mul_overflow(bits, dimension, &bits)) return refuse("the tensor's shape is too large");
  if (__builtin_mul_overflow(bits, tensor.type->bits, &bits)) return refuse("the tensor's shape is too large");
  if (bits % 8 != 0) return refuse("the tensor's elements do not fill whole bytes");
  if (bits / 8 != tensor.end() - tensor.begin())
    return refuse("the tensor's shape needs " + std::to_string(bits / 8) + " bytes, but its data_offsets hold " +
                  std::to_string(tensor.end() - tensor.begin()));
  return {};
}

// The tensors must cover the data exactly, in some order. Leaves them sorted by offset.
Result<void> check_tiling(std::vector<Tensor>& tensors, std::uint64_t data_bytes) {
  std::sort(tensors.begin(), tensors.end(), [](const Tensor& a, const Tensor& b) {
    return std::tuple(a.begin(), a.end(), a.at) < std::tuple(b.begin(), b.end(), b.at);
  });
  std::uint64_t covered = 0;
  for (const Tensor& tensor : tensors) {
    if (auto checked = check_size(tensor); !checked) return checked;
    if (tensor.begin() < covered) return bad_header("the tensor overlaps another one", tensor.at, tensor.name);
    if (tensor.begin() > covered) return bad_header("unused bytes stand before the tensor", tensor.at, tensor.name);
    if (tensor.end() > data_bytes) return bad_header("the tensor ends behind the end of the file", tensor.at, tensor.name);
    covered = tensor.end();
  }
  if (covered != data_bytes)
    return Error{.code = ErrorCode::bad_model,
                 .message = "the file has " + std::to_string(data_bytes - covered) + " bytes that belong to no tensor"};
  return {};
}

// ---- the record ------------------------------------------------------------------------------------------------------

// The three ways a record stands in a header. What follows the value's closing quote tells them apart: '}', ',' or ' '.
struct RecordForm {
  std::string_view before;  // text before the base64
  std::string_view behind;  // text behind it; spaces follow until the whole is a multiple of kInsertUnit
};
constexpr RecordForm kNewMetadata = {"\"__metadata__\":{\"nnlock\":\"", "\"},"};  // form A: no __metadata__ before
constexpr RecordForm kFirstEntry = {"\"nnlock\":\"", "\","};                       // form B: it had entries
constexpr RecordForm kOnlyEntry = {"\"nnlock\":\"", "\""};                         // form C: it was empty
// Base64 comes in fours, so form C is never a multiple of the unit by itself: at least one space always follows.
static_assert((kOnlyEntry.before.size() + kOnlyEntry.behind.size()) % 4 != 0 && kInsertUnit % 4 == 0);

std::string record_text(const RecordForm& form, std::string_view base64) {
  std::string text;
  text.reserve(form.before.size() + base64.size() + form.behind.size() + kInsertUnit);
  text.append(form.before).append(base64).append(form.behind);
  text.append((kInsertUnit - text.size() % kInsertUnit) % kInsertUnit, ' ');
  return text;
}

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::vector<std::byte> length_prefix(std::uint64_t length) {
  std::vector<std::byte> bytes(kPrefix);
  for (auto& byte : bytes) {
    byte = static_cast<std::byte>(length & 0xff);
    length >>= 8;
  }
  return bytes;
}

std::uint64_t read_length(std::span<const std::byte> prefix) {
  std::uint64_t length = 0;
  for (std::size_t i = kPrefix; i-- > 0;) length = length << 8 | std::to_integer<std::uint64_t>(prefix[i]);
  return length;
}

// `at` is the header byte behind which the text stands; the two edits cannot touch, because at >= 1.
std::vector<Edit> record_edits(std::uint64_t restored_header, std::size_t at, std::string_view text) {
  return {Edit{0, length_prefix(restored_header), length_prefix(restored_header + text.size())},
          Edit{kPrefix + at, {}, bytes_of(text)}};
}

// Only one form can match, and embedding again gives the same text: a value followed by ',' has a neighbour that stays, so
// the restored __metadata__ has entries (B); one followed by ' ' leaves an empty __metadata__ (C); one followed by '}' is
// only taken together with its __metadata__, so none is left (A), and at least one tensor is, because of the comma.
Result<Embedded> strip_record(std::string_view text, const Header& header) {
  const auto refuse = [&](std::string message) {
    return Error{.code = ErrorCode::bad_record, .message = std::move(message), .offset = kPrefix + header.record_key_end};
  };
  constexpr const char* not_ours = "the record in __metadata__ does not stand as nnlock writes it";
  const std::size_t first = header.metadata_open + 1;
  const std::size_t value = first + kFirstEntry.before.size();
  // Where this holds, the key is the only "nnlock" of the only __metadata__.
  if (text.substr(first, kFirstEntry.before.size()) != kFirstEntry.before) return refuse(not_ours);
  const auto base64 = text.substr(value, header.record_value_end - 1 - value);
  const char next = text[header.record_value_end];  // a valid object goes on behind a value
  const auto& form = next == ',' ? kFirstEntry : next == ' ' ? kOnlyEntry : kNewMetadata;
  const std::size_t at = &form == &kNewMetadata ? 1 : first;
  const auto expected = record_text(form, base64);
  if (text.substr(at, expected.size()) != expected) return refuse(not_ours);
  auto record = base64_decode(base64);
  if (!record || record->empty()) return refuse("the record in __metadata__ is not base64");
  return Embedded{*std::move(record), record_edits(text.size() - expected.size(), at, expected)};
}

// ---- the codec -------------------------------------------------------------------------------------------------------

Result<std::uint64_t> checked_header_length(std::span<const std::byte> prefix, std::uint64_t file_size) {
  const auto refuse = [](std::string message) {
    return Error{.code = ErrorCode::bad_model, .message = std::move(message), .offset = 0};
  };
  if (file_size < kPrefix + kHeaderMin) return refuse("the file is too short for a safetensors header");
  const auto length = read_length(prefix);
  if (length < kHeaderMin) return refuse("the header is too short");
  if (length > kHeaderMax) return refuse("the header is longer than 100,000,000 bytes");
  if (!inside(kPrefix, length, file_size)) return refuse("the header ends behind the end of the file");
  return length;
}

struct RestoredFile {
  Header header;           // tensors sorted by offset, covering the data
  std::uint64_t length;    // of the header in bytes
};

Result<RestoredFile> read_restored(std::span<const std::byte> image) {
  const auto length = checked_header_length(image.first(std::min<std::size_t>(image.size(), kPrefix)), image.size());
  if (!length) return length.error();
  const std::string_view text(reinterpret_cast<const char*>(image.data()) + kPrefix, static_cast<std::size_t>(*length));
  auto header = read_header(text);
  if (!header) return header.error();
  if (auto checked = refuse_doubles(*header); !checked) return checked.error();
  if (header->record_count != 0)
    return Error{.code = ErrorCode::already_locked,
                 .message = "__metadata__ holds an nnlock record",
                 .offset = kPrefix + header->record_key_end};
  if (auto checked = check_tiling(header->tensors, image.size() - kPrefix - *length); !checked) return checked.error();
  return RestoredFile{*std::move(header), *length};
}

class Safetensors final : public Codec {
 public:
  Format format() const override { return Format::safetensors; }

  // A file cut short is still taken: parse() then says what is missing.
  bool recognises(std::span<const std::byte> head, std::uint64_t size) const override {
    if (size < kPrefix + kHeaderMin || head.size() < kPrefix + kHeaderMin) return false;
    const auto length = read_length(head);
    if (length < kHeaderMin || length > kHeaderMax) return false;
    const auto at = [&](std::size_t i) { return std::to_integer<char>(head[i]); };
    if (at(kPrefix) != '{') return false;
    std::size_t i = kPrefix + 1;
    while (i < head.size() && (at(i) == ' ' || at(i) == '\t' || at(i) == '\n' || at(i) == '\r')) ++i;
    return i == head.size() || at(i) == '"' || at(i) == '}';
  }

  Result<std::uint64_t> structure_extent(const ByteSource& source) const override {
    std::array<std::byte, kPrefix> prefix{};
    const auto readable = static_cast<std::size_t>(std::min<std::uint64_t>(source.size(), kPrefix));
    if (auto read = source.read(0, std::span(prefix).first(readable)); !read) return read.error();
    const auto length = checked_header_length(prefix, source.size());
    if (!length) return length.error();
    return kPrefix + *length;
  }

  Result<std::optional<Embedded>> find_record(const ByteSource& source) const override {
    const auto extent = structure_extent(source);
    if (!extent) return extent.error();
    std::string text(static_cast<std::size_t>(*extent - kPrefix), '\0');
    if (auto read = source.read(kPrefix, std::as_writable_bytes(std::span(text))); !read) return read.error();
    auto header = read_header(text);
    if (!header) return header.error();
    if (header->record_count == 0) return std::optional<Embedded>();
    if (header->record_count > 1)
      return Error{.code = ErrorCode::bad_record,
                   .message = "the header holds two records",
                   .offset = kPrefix + header->record_key_end};
    if (auto checked = refuse_doubles(*header); !checked) return checked.error();
    auto embedded = strip_record(text, *header);
    if (!embedded) return embedded.error();
    return std::optional(*std::move(embedded));
  }

  Result<Structure> parse(std::span<const std::byte> image) const override {
    auto file = read_restored(image);
    if (!file) return file.error();
    Structure structure;
    for (Tensor& tensor : file->header.tensors) {
      const std::uint64_t offset = kPrefix + file->length + tensor.begin();
      const std::uint64_t length = tensor.end() - tensor.begin();
      const char* kept = length == 0 ? "it has no elements" : tensor.type->kept;
      if (kept == nullptr)
        structure.params.push_back({std::move(tensor.name), tensor.type->dtype, std::move(tensor.shape), offset, length});
      else
        structure.constants.push_back(
            {std::move(tensor.name), tensor.type->dtype, std::move(tensor.shape), offset, length, kept});
    }
    return structure;
  }

  Result<std::vector<Edit>> embed(std::span<const std::byte> image, std::span<const std::byte> record) const override {
    if (record.empty() || record.size() % 3 != 0 || record.size() > record_limit())
      return Error{.code = ErrorCode::usage,
                   .message = "a record of " + std::to_string(record.size()) + " bytes does not fit a safetensors header"};
    const auto file = read_restored(image);
    if (!file) return file.error();
    const Header& header = file->header;
    if (header.metadata_count == 0 && header.tensors.empty())
      return Error{.code = ErrorCode::nothing_to_lock, .message = "the model has no tensors"};
    const auto& form = header.metadata_count == 0 ? kNewMetadata : header.metadata.empty() ? kOnlyEntry : kFirstEntry;
    const std::size_t at = header.metadata_count == 0 ? 1 : header.metadata_open + 1;
    const auto text = record_text(form, base64_encode(record));
    if (text.size() > kHeaderMax - file->length)
      return Error{.code = ErrorCode::unsupported,
                   .message = "the header would be longer than 100,000,000 bytes with the record in it",
                   .hint = "keep the record in a sidecar"};
    return record_edits(file->length, at, text);
  }

  std::uint64_t record_limit() const override { return (kHeaderMax - kHeaderOwn) / 4 * 3; }
};

}  // namespace

const Codec& safetensors_codec() {
  static const Safetensors codec;
  return codec;
}

}  // namespace nnlock::formats
