// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/cryptanalysis/bfloat16.hpp"

#include <cstring>
#include <string>

#include "lab/failure.hpp"
#include "lab/json.hpp"
#include "lab/weights/safetensors_header.hpp"

namespace nnlock::lab {
namespace {

constexpr std::size_t kLengthBytes = 8;  // of the header, little-endian

void append_rounded(Bytes& to, std::span<const std::byte> floats) {
  for (std::size_t i = 0; i + 4 <= floats.size(); i += 4) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, floats.data() + i, 4);
    const auto half = static_cast<std::uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
    std::byte two[2];
    std::memcpy(two, &half, 2);
    append(to, two);
  }
}

// The header of a well-formed file; the lab's inputs are, and the codec reads the result again before anything is done with it.
Json header_of(const Bytes& file, std::size_t& end) {
  std::uint64_t length = 0;
  if (file.size() < kLengthBytes) throw Failure("no safetensors file", "choose another");
  std::memcpy(&length, file.data(), kLengthBytes);
  if (length > file.size() - kLengthBytes) throw Failure("no safetensors file", "choose another");
  end = kLengthBytes + length;
  return Json::parse({reinterpret_cast<const char*>(file.data()) + kLengthBytes, length}, "safetensors header");
}

}  // namespace

Bytes as_bfloat16(const Bytes& safetensors) {
  std::size_t end = 0;
  const Json before = header_of(safetensors, end);
  Json after;
  Bytes data;
  for (const auto& [name, tensor] : before.members()) {
    if (name == "__metadata__") continue;
    const auto from = static_cast<std::size_t>(tensor.at("data_offsets").at(0).number()), to = static_cast<std::size_t>(tensor.at("data_offsets").at(1).number());
    if (from > to || to > safetensors.size() - end) throw Failure("no safetensors file: " + name + " lies outside it", "choose another");
    const auto bytes = std::span(safetensors).subspan(end + from, to - from);
    const bool rounds = tensor.at("dtype").string() == "F32";
    const std::size_t start = data.size();
    if (rounds) append_rounded(data, bytes);
    else append(data, bytes);
    after[name]["dtype"] = rounds ? "BF16" : tensor.at("dtype").string();
    after[name]["shape"] = tensor.at("shape");
    after[name]["data_offsets"] = Json::array(std::vector<std::uint64_t>{start, data.size()});
  }
  Bytes out = safetensors_header(after.text());
  append(out, data);
  return out;
}

}  // namespace nnlock::lab
