// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Writes small safetensors files for tests, right ones and wrong ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "formats/codec_testing.hpp"
#include "formats/malformed/replace.hpp"

namespace nnlock::formats::malformed {

// Two learned tensors, a counter, a mask and an empty tensor; 40 bytes of data. Cases change one field of it.
inline constexpr std::string_view kGoodHeader =
    R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
    R"("b":{"dtype":"BF16","shape":[2,2],"data_offsets":[8,16]},)"
    R"("n":{"dtype":"I64","shape":[2],"data_offsets":[16,32]},)"
    R"("m":{"dtype":"BOOL","shape":[8],"data_offsets":[32,40]},)"
    R"("e":{"dtype":"F32","shape":[0,3],"data_offsets":[40,40]}})";
inline constexpr std::size_t kGoodData = 40;  // bytes

inline Bytes with_length(std::uint64_t header_length, std::string_view header, std::size_t data_bytes) {
  Bytes file;
  file.reserve(8 + header.size() + data_bytes);
  for (int i = 0; i < 8; ++i) file.push_back(static_cast<std::byte>((header_length >> (8 * i)) & 0xff));
  const auto text = std::as_bytes(std::span(header));
  file.insert(file.end(), text.begin(), text.end());
  for (std::size_t i = 0; i < data_bytes; ++i) file.push_back(static_cast<std::byte>((i * 37 + 1) & 0xff));
  return file;
}

inline Bytes safetensors_file(std::string_view header, std::size_t data_bytes) {
  return with_length(header.size(), header, data_bytes);
}

}  // namespace nnlock::formats::malformed
