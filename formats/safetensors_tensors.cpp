// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What the entries of a safetensors header may say: known dtypes, no double names, and tensors that tile the data.

#include <algorithm>
#include <array>
#include <iterator>
#include <tuple>

#include "formats/bytes.hpp"
#include "formats/safetensors_header.hpp"

namespace nnlock::formats::safetensors {
namespace {

constexpr std::array kElementTypes = {
    ElementType{"BOOL", 8, Dtype::boolean},
    ElementType{"F4", 4, Dtype::opaque},
    ElementType{"F6_E2M3", 6, Dtype::opaque},
    ElementType{"F6_E3M2", 6, Dtype::opaque},
    ElementType{"U8", 8, Dtype::u8},
    ElementType{"I8", 8, Dtype::i8},
    ElementType{"F8_E5M2", 8, Dtype::f8},
    ElementType{"F8_E4M3", 8, Dtype::f8},
    ElementType{"F8_E8M0", 8, Dtype::f8},
    ElementType{"F8_E4M3FNUZ", 8, Dtype::f8},
    ElementType{"F8_E5M2FNUZ", 8, Dtype::f8},
    ElementType{"I16", 16, Dtype::i16},
    ElementType{"U16", 16, Dtype::u16},
    ElementType{"F16", 16, Dtype::f16},
    ElementType{"BF16", 16, Dtype::bf16},
    ElementType{"I32", 32, Dtype::i32},  // packed quantised weights (GPTQ, AWQ)
    ElementType{"U32", 32, Dtype::u32},
    ElementType{"F32", 32, Dtype::f32},
    ElementType{"C64", 64, Dtype::complex64},
    ElementType{"F64", 64, Dtype::f64},
    ElementType{"I64", 64, Dtype::i64},
    ElementType{"U64", 64, Dtype::u64},
};

// Sorts places by name and names a double one, if any.
const NamedPlace* find_double(std::vector<NamedPlace>& places) {
  std::sort(places.begin(), places.end(), [](const NamedPlace& a, const NamedPlace& b) {
    return std::pair<std::string_view, std::size_t>(a.name, a.at) < std::pair<std::string_view, std::size_t>(b.name, b.at);
  });
  const auto same = std::adjacent_find(places.begin(), places.end(),
                                       [](const NamedPlace& a, const NamedPlace& b) { return a.name == b.name; });
  return same == places.end() ? nullptr : &*std::next(same);
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

}  // namespace

const ElementType* element_type(std::string_view word) {
  const auto* found =
      std::find_if(kElementTypes.begin(), kElementTypes.end(), [&](const ElementType& type) { return type.word == word; });
  return found == kElementTypes.end() ? nullptr : found;
}

std::uint64_t read_length(std::span<const std::byte> prefix) {
  std::uint64_t length = 0;
  for (std::size_t i = kPrefix; i-- > 0;) length = length << 8 | std::to_integer<std::uint64_t>(prefix[i]);
  return length;
}

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

Result<void> refuse_doubles(Header& header) {
  if (header.metadata_count > 1) return bad_header("the header has two __metadata__ objects", header.metadata_open);
  if (const auto* twice = find_double(header.metadata)) return bad_header("a key stands twice in __metadata__", twice->at);
  std::vector<NamedPlace> names;
  names.reserve(header.tensors.size());
  for (const Tensor& tensor : header.tensors) names.push_back({tensor.name, tensor.at});
  if (const auto* twice = find_double(names)) return bad_header("two tensors have the same name", twice->at, twice->name);
  return {};
}

Result<void> check_tiling(std::vector<Tensor>& tensors, std::uint64_t data_begin, std::uint64_t file_size) {
  const std::uint64_t data_bytes = file_size - data_begin;
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
                 .message = "the file has " + std::to_string(data_bytes - covered) + " bytes that belong to no tensor",
                 .offset = data_begin + covered};
  return {};
}

}  // namespace nnlock::formats::safetensors
