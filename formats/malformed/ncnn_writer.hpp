// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Writes small ncnn pairs for tests, right ones and wrong ones.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "formats/codec_testing.hpp"
#include "formats/malformed/replace.hpp"

namespace nnlock::formats::malformed {

// Every way to store weights: float16, int8 with its scales, a table with indices, marked and unmarked float32, raw float32.
// Cases change one field of it.
inline constexpr std::string_view kGoodGraph =
    "7767517\n"
    "8 9\n"
    "Input            data   0 1 data 0=2 1=2 2=1\n"
    "Convolution      conv   1 1 data c1 0=3 1=1 5=1 6=3 9=2 -23310=1,0.1\n"
    "BatchNorm        bn     1 1 c1 c2 0=3\n"
    "ConvolutionDepthWise dw 1 1 c2 c3 0=3 1=1 5=0 6=3 7=3 8=1\n"
    "InnerProduct     fc     1 1 c3 c4 0=5 1=1 2=60\n"
    "Embed            embed  1 1 c4 c5 0=1 1=2 2=0 3=2\n"
    "InnerProduct     last   1 1 c5 c6 0=1 1=0 2=5 8=0\n"
    "MemoryData       memory 0 1 m 0=3\n";

// The weights stream: little endian, values that differ.
class WeightsWriter {
 public:
  WeightsWriter& u32(std::uint32_t value) {
    for (int i = 0; i < 4; ++i) bytes_.push_back(static_cast<std::byte>((value >> (8 * i)) & 0xff));
    return *this;
  }
  // `count` ordinary float32, or halves of them: 0.5, 0.505, ... have no bytes that look like a tag.
  WeightsWriter& floats(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) u32(0x3f000000u + static_cast<std::uint32_t>(i) * 0x1003u);
    return *this;
  }
  // `count` bytes, and zeros up to a multiple of 4.
  WeightsWriter& bytes(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) bytes_.push_back(static_cast<std::byte>(i * 7 + 1));
    while (bytes_.size() % 4 != 0) bytes_.push_back(std::byte{0});
    return *this;
  }
  const Bytes& written() const { return bytes_; }

 private:
  Bytes bytes_;
};

inline constexpr std::uint32_t kTagHalf = 0x01306B47, kTagInt8 = 0x000D4B38, kTagFloat = 0x0002C056, kTagTable = 0x00000007;

inline Bytes good_weights() {
  return WeightsWriter()
      .u32(kTagHalf).bytes(6).floats(3)                // conv
      .floats(12)                                      // bn
      .u32(kTagInt8).bytes(3).floats(3).floats(1)      // dw: weights, three scales, one scale
      .u32(kTagTable).floats(256).bytes(60).floats(5)  // fc
      .u32(kTagFloat).floats(2)                        // embed
      .u32(0).floats(5)                                // last
      .floats(3)                                       // memory
      .written();
}

inline Bytes numbers(std::initializer_list<std::int32_t> values) {
  WeightsWriter out;
  for (const auto value : values) out.u32(static_cast<std::uint32_t>(value));
  return out.written();
}

// The same kind of graph in binary form: an Input, and an InnerProduct of 2 outputs and 6 weights, with a list (9310) and a text (9411).
inline Bytes good_binary_graph() {
  return numbers({7767517, 2, 2,                                              // magic, layers, blobs
                  16, 0, 1, 0, 0, 3, -233,                                    // Input: its output is blob 0; setting 0 = 3
                  15, 1, 1, 0, 1, 0, 2, 1, 1, 2, 6, -23310, 1, 0x3dcccccd,    // InnerProduct 0 -> 1
                  -23411, 3, 0x00636261, -233});
}

inline Bytes good_binary_weights() { return WeightsWriter().u32(0).floats(6).floats(2).written(); }

}  // namespace nnlock::formats::malformed
