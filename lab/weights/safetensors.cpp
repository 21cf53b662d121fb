// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/weights/safetensors.hpp"

#include <rapidjson/document.h>

#include <algorithm>
#include <cstring>
#include <sstream>

#include "lab/failure.hpp"
#include "lab/weights/safetensors_header.hpp"

namespace nnlock::lab {
namespace {

struct Type {
  const char* name;
  torch::ScalarType scalar;
};
constexpr Type kTypes[] = {{"F32", torch::kFloat32}, {"I8", torch::kInt8}, {"I32", torch::kInt32}};

const char* name_of(torch::ScalarType scalar) {
  for (const Type& type : kTypes)
    if (type.scalar == scalar) return type.name;
  throw Failure("weights are float32, int8 or int32 here", "convert the tensor first");
}

torch::ScalarType type_named(const std::string& name, const std::string& whence) {
  for (const Type& type : kTypes)
    if (name == type.name) return type.scalar;
  throw Failure(whence + ": a tensor of type " + name, "the lab reads F32, I8 and I32 only");
}

[[noreturn]] void bad(const std::string& whence, const char* what) { throw Failure(whence + ": " + what, "remove the file; the lab makes it again"); }

torch::Tensor read_tensor(const rapidjson::Value& entry, std::span<const std::byte> data, const std::string& whence) {
  if (!entry.IsObject() || !entry.HasMember("dtype") || !entry["dtype"].IsString() || !entry.HasMember("shape") || !entry["shape"].IsArray() ||
      !entry.HasMember("data_offsets") || !entry["data_offsets"].IsArray() || entry["data_offsets"].Size() != 2)
    bad(whence, "an entry of the header is no tensor");
  std::vector<std::int64_t> shape;
  for (const auto& size : entry["shape"].GetArray()) {
    if (!size.IsUint()) bad(whence, "a shape is not made of sizes");
    shape.push_back(size.GetUint());
  }
  const auto& offsets = entry["data_offsets"];
  if (!offsets[0].IsUint64() || !offsets[1].IsUint64()) bad(whence, "data offsets are not numbers");
  const std::uint64_t begin = offsets[0].GetUint64(), end = offsets[1].GetUint64();
  if (begin > end || end > data.size()) bad(whence, "a tensor reaches past the end of the file");
  std::uint64_t room = end - begin;  // an upper limit on elements, checked before anything is allocated
  for (const std::int64_t size : shape)
    if (size > 0 && static_cast<std::uint64_t>(size) > room) bad(whence, "a shape is larger than its bytes");
  auto tensor = torch::empty(shape, type_named(entry["dtype"].GetString(), whence));
  if (tensor.nbytes() != room) bad(whence, "a shape does not fit its bytes");
  std::memcpy(tensor.data_ptr(), data.data() + begin, room);
  return tensor;
}

}  // namespace

std::span<std::byte> values_of(torch::Tensor& tensor) { return {static_cast<std::byte*>(tensor.data_ptr()), tensor.nbytes()}; }

Bytes to_safetensors(const Weights& weights) {
  std::ostringstream text_of_header;
  std::size_t at = 0;
  for (const auto& [name, value] : weights) {
    text_of_header << (at == 0 ? "{" : ",") << '"' << name << R"(":{"dtype":")" << name_of(value.scalar_type()) << R"(","shape":[)";
    for (std::int64_t d = 0; d < value.dim(); ++d) text_of_header << (d == 0 ? "" : ",") << value.size(d);
    text_of_header << R"(],"data_offsets":[)" << at << "," << at + value.nbytes() << "]}";
    at += value.nbytes();
  }
  Bytes bytes = safetensors_header(text_of_header.str() + "}");
  for (const auto& [name, value] : weights) {
    auto contiguous = value.contiguous();
    append(bytes, values_of(contiguous));
  }
  return bytes;
}

Weights from_safetensors(std::span<const std::byte> bytes, const std::string& whence) {
  if (bytes.size() < 8) bad(whence, "shorter than a safetensors header");
  std::uint64_t length = 0;
  for (std::size_t i = 8; i > 0; --i) length = length << 8 | std::to_integer<std::uint64_t>(bytes[i - 1]);
  if (length > bytes.size() - 8) bad(whence, "the header is longer than the file");
  rapidjson::Document header;
  header.Parse(reinterpret_cast<const char*>(bytes.data()) + 8, length);
  if (header.HasParseError() || !header.IsObject()) bad(whence, "the header is not a JSON object");
  const auto data = bytes.subspan(8 + length);
  Weights weights;
  for (const auto& member : header.GetObject())
    if (std::strcmp(member.name.GetString(), "__metadata__") != 0) weights.push_back({member.name.GetString(), read_tensor(member.value, data, whence)});
  return weights;
}

}  // namespace nnlock::lab
