// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "formats/onnx_external.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "formats/bytes.hpp"
#include "formats/file_names.hpp"

namespace nnlock::formats::onnx {

namespace {

// microsoft/onnxruntime: core/framework/external_data_info (a tag for addresses in a process's memory).
constexpr std::string_view kMemoryTag = "_ORT_MEM_ADDR_";
constexpr std::size_t kMaxFiles = 65535;  // with the main file, as many as a record can name
constexpr std::array<std::string_view, 4> kKeys = {"location", "offset", "length", "checksum"};

// Decimal digits and nothing else, at most 2^63 - 1, which is what stock readers hold.
std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
  if (!whole || value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
  return value;
}

}  // namespace

Result<void> ExternalEntries::take(std::span<const std::byte> image, const Field& field) {
  if (auto ok = require(field, WireType::bytes); !ok) return ok;
  FieldReader reader(image, field.offset, field.length, entry::once);
  std::string_view key, value;
  for (;;) {
    auto next = reader.next();
    if (!next) return next.error();
    if (!*next) break;
    const Field& part = **next;
    if (part.number != entry::key && part.number != entry::value) continue;
    if (auto ok = require(part, WireType::bytes); !ok) return ok;
    (part.number == entry::key ? key : value) = text(image, part);
  }
  return take_entry(key, value, field.start);
}

Result<void> ExternalEntries::take_entry(std::string_view key, std::string_view value, std::uint64_t at) {
  const std::string shown(key.substr(0, 64));
  std::size_t index = 0;
  while (index < kKeys.size() && kKeys[index] != key) ++index;
  if (index == kKeys.size())
    return Error{.code = ErrorCode::unsupported,
                 .message = "external_data has the unknown key '" + shown + "'",
                 .hint = "save the model anew, with location, offset and length only",
                 .offset = at};
  if ((seen_ >> index & 1U) != 0) return bad_model("external_data has the key '" + shown + "' twice", at);
  seen_ |= 1U << index;
  if (value.empty()) return bad_model("external_data has no value for the key '" + shown + "'", at);
  if (index == 0) return take_location(value, at);
  if (index == 3) return {};  // of the data file before it was locked; no stock reader looks at it
  const auto number = number_of(value);
  if (!number) return bad_model("the " + shown + " in external_data is no number", at);
  if (index == 1) offset = *number;
  if (index == 2) length = *number;
  return {};
}

Result<void> ExternalEntries::take_location(std::string_view value, std::uint64_t at) {
  if (value.find(kMemoryTag) != std::string_view::npos)
    return bad_model("external_data names the memory of a running program, which no file can", at);
  if (auto checked = check_relative_name(value); !checked) {
    Error error = checked.error();
    error.message += " (" + std::string(value.substr(0, 100)) + ")";
    error.offset = at;
    return error;
  }
  location = value;
  return {};
}

Error at_tensor(const Tensor& tensor, std::string message, std::string hint) {
  return Error{.code = ErrorCode::bad_model,
               .message = std::move(message),
               .hint = std::move(hint),
               .tensor = std::string(tensor.name.substr(0, 256)),
               .offset = tensor.place()};
}

Result<void> number_files(Model& model) {
  std::vector<Tensor*> outside;
  for (Tensor& tensor : model.tensors)
    if (!tensor.location.empty()) outside.push_back(&tensor);
  std::sort(outside.begin(), outside.end(), [](const Tensor* a, const Tensor* b) { return a->at < b->at; });
  std::map<std::string_view, std::uint32_t> numbers;
  for (Tensor* tensor : outside) {
    const auto [known, is_new] = numbers.try_emplace(tensor->location, static_cast<std::uint32_t>(numbers.size() + 1));
    tensor->file = known->second;
    if (!is_new) continue;
    if (model.files.size() == kMaxFiles) return too_many("data files", tensor->place());
    model.files.push_back(tensor->location);
  }
  return {};
}

Result<void> check_places(const Model& model, std::span<const std::uint64_t> sizes) {
  for (const Tensor& tensor : model.tensors) {
    if (tensor.file == 0) continue;
    const std::string file(tensor.location.substr(0, 256));
    if (tensor.file >= sizes.size())
      return at_tensor(tensor, "the values of this tensor lie in " + file + ", which is not there",
                       "the data files of a model must lie beside it");
    const std::uint64_t size = sizes[tensor.file];
    if (!inside(tensor.offset, tensor.length, size))
      return at_tensor(tensor, "bytes " + std::to_string(tensor.offset) + " to " + std::to_string(tensor.offset + tensor.length) +
                                   " lie behind the end of " + file + ", which has " + std::to_string(size) + " bytes");
  }
  return {};
}

}  // namespace nnlock::formats::onnx
