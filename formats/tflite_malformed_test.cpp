// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What the TFLite codec refuses beyond its matrix of wrong fields (malformed/tflite_matrix.cpp): any prefix, any byte.

#include <string>

#include "formats/tflite_testing.hpp"

namespace nnlock::formats {
namespace {

TEST(TfliteMalformed, EveryPrefixIsRefusedOrStillTheSame) {
  const std::string text = write_tflite(small_model()).bytes;
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto found = parse(text.substr(0, size));
    if (size + 8 < text.size()) {
      EXPECT_FALSE(found) << size;
    }
  }
}

TEST(TfliteMalformed, EveryByteChangedIsRefusedOrParsed) {
  const std::string text = write_tflite(small_model()).bytes;
  for (std::size_t i = 0; i < text.size(); ++i)
    for (const int value : {0, 1, 4, 0x7f, 0x80, 0xff}) {
      std::string changed = text;
      changed[i] = static_cast<char>(value);
      const auto found = parse(changed);
      if (!found) continue;
      std::uint64_t end = 0;
      for (const ParamSpan& p : found->params) {
        EXPECT_GE(p.offset, end);
        end = p.offset + p.length;
        EXPECT_LE(end, text.size());
      }
    }
}

TEST(TfliteMalformed, AnInputMayBeLeftOut) {
  Text text = write_tflite(small_model());
  text.poke(text.inputs[0] + 4, 0xffffffff, 4);
  EXPECT_TRUE(parse(text.bytes));
}

TEST(TfliteMalformed, ParametersThatOverlap) {
  Text text = write_tflite(small_model());
  text.poke(text.data[1] + 4 + 16, 16, 4);  // a length inside the filter's values ...
  text.link_field(text.buffers[2], Text::kBufferData,
                  text.data[1] + 4 + 16);  // ... makes a vector of the bias
  const auto found = parse(text.bytes);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::bad_model);
  EXPECT_EQ(found.error().tensor, "bias");
  EXPECT_EQ(found.error().offset, text.data[1] + 4 + 20);
}

}  // namespace
}  // namespace nnlock::formats
