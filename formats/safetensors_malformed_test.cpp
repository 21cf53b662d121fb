// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What the safetensors codec refuses beyond its matrix of wrong fields (malformed/safetensors_matrix.cpp).

#include <string>

#include "formats/malformed/matrix.hpp"
#include "formats/safetensors_testing.hpp"

namespace nnlock::formats {
namespace {

TEST(SafetensorsMalformed, NoRecordGoesIntoAWrongFileOrComesOutOfIt) {
  for (const malformed::Case& item : malformed::safetensors_matrix().cases) {
    const Bytes& file = item.files.front().bytes;
    EXPECT_FALSE(codec().embed(file, record_of(30))) << item.name;
    const auto found = find(file);
    EXPECT_TRUE(!found || !found->has_value()) << item.name;
  }
}

TEST(SafetensorsMalformed, NamesTheTensorWhereItsDescriptionStarts) {
  const auto header = with(kGoodHeader, "[8,16]", "[7,15]");
  const auto structure = codec().parse(safetensors_file(header, kGoodData));
  ASSERT_FALSE(structure);
  EXPECT_EQ(structure.error().offset, 8 + header.find(R"({"dtype":"BF16")"));
}

TEST(SafetensorsMalformed, EveryTruncationIsRefused) {
  const auto whole = safetensors_file(kGoodHeader, kGoodData);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const auto structure = codec().parse(cut);
    ASSERT_FALSE(structure) << size;
    EXPECT_EQ(structure.error().code, ErrorCode::bad_model);
    EXPECT_EQ(bool(find(cut)), size >= 8 + kGoodHeader.size());
  }
}

TEST(SafetensorsMalformed, DeepNestingAndLongListsAreCheap) {
  for (const char* start : {"", R"({"a":{"shape":)", R"({"__metadata__":)"}) {
    const auto file = safetensors_file(std::string(start) + std::string(4'000'000, '['), 0);
    EXPECT_FALSE(codec().parse(file));
    EXPECT_FALSE(find(file));
  }
  std::string twice = "{";
  for (int i = 0; i < 50'000; ++i)
    twice += "\"" + std::string(40, 'x') + std::to_string(i) + R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},)";
  twice.back() = '}';
  const auto structure = codec().parse(safetensors_file(twice, 0));
  ASSERT_TRUE(structure) << structure.error().message;
  EXPECT_EQ(structure->constants.size(), 50'000u);
}

}  // namespace
}  // namespace nnlock::formats
