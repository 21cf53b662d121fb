// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Every codec against its malformed-file matrix: the right model is accepted, each wrong one refused with the error it deserves.

#include <gtest/gtest.h>

#include <cctype>
#include <ostream>
#include <set>
#include <string>

#include "formats/codec_fuzzing.hpp"
#include "formats/malformed/matrix.hpp"

namespace nnlock::formats::malformed {

// How GoogleTest shows the parameter.
void PrintTo(const Matrix& matrix, std::ostream* out) { *out << matrix.name(); }

}  // namespace nnlock::formats::malformed

namespace nnlock::formats {
namespace {

using malformed::Case;
using malformed::Matrix;
using malformed::NamedFile;

constexpr std::size_t kLeastCases = 25;

std::vector<Bytes> contents(const std::vector<NamedFile>& files) {
  std::vector<Bytes> out;
  for (const NamedFile& file : files) out.push_back(file.bytes);
  return out;
}

// The files in the order of companions(); one that is not there is empty.
std::vector<Bytes> in_order(const std::vector<NamedFile>& files, const std::vector<std::string>& companions) {
  std::vector<Bytes> out = {files.front().bytes};
  for (const std::string& wanted : companions) {
    out.emplace_back();
    for (const NamedFile& file : files)
      if (&file != &files.front() && file.name == wanted) out.back() = file.bytes;
  }
  return out;
}

// What the lock asks of a codec before it takes a model, in its order.
Result<Structure> take(const Codec& codec, const std::vector<NamedFile>& files) {
  const Bytes& main = files.front().bytes;
  const auto found = codec.find_record(MemorySource(main));
  if (!found) return found.error();
  const auto extent = codec.structure_extent(MemorySource(main));
  if (!extent) return extent.error();
  const auto companions = codec.companions(main, files.front().name);
  if (!companions) return companions.error();
  return promises::parse(codec, in_order(files, *companions));
}

class Malformed : public testing::TestWithParam<Matrix> {};

TEST_P(Malformed, TheRightModelIsAccepted) {
  const Matrix& matrix = GetParam();
  const auto structure = take(*matrix.codec, matrix.good);
  ASSERT_TRUE(structure) << structure.error().message;
  EXPECT_FALSE(structure->params.empty());
  EXPECT_EQ(broken_promise(*matrix.codec, contents(matrix.good), record_for(matrix.good.front().bytes)), "");
  const auto codec = detect(MemorySource(matrix.good.front().bytes));
  ASSERT_TRUE(codec);
  EXPECT_EQ(*codec, matrix.codec);
}

TEST_P(Malformed, CasesHaveNamesOfTheirOwn) {
  const Matrix& matrix = GetParam();
  EXPECT_GE(matrix.cases.size(), kLeastCases);
  std::set<std::string> names;
  for (const Case& item : matrix.cases) {
    EXPECT_TRUE(names.insert(item.name).second) << item.name << " stands twice";
    EXPECT_TRUE(!item.name.empty() && std::all_of(item.name.begin(), item.name.end(), [](unsigned char c) {
      return std::isalnum(c) != 0 || c == '-';
    })) << item.name;
    EXPECT_FALSE(item.message.empty()) << item.name;
    ASSERT_FALSE(item.files.empty()) << item.name;
  }
}

TEST_P(Malformed, EachWrongFieldIsRefused) {
  const Matrix& matrix = GetParam();
  for (const Case& item : matrix.cases) {
    SCOPED_TRACE(item.name);
    const auto structure = take(*matrix.codec, item.files);
    EXPECT_FALSE(structure) << "accepted, expected: " << item.message;
    if (structure) continue;
    const Error& error = structure.error();
    EXPECT_EQ(error.code, item.code) << error.message;
    EXPECT_NE(error.message.find(item.message), std::string::npos) << error.message;
    EXPECT_EQ(error.tensor, item.tensor) << error.message;
    EXPECT_EQ(error.offset.has_value(), item.has_offset) << error.message;
    if (error.offset && item.files.size() == 1) {
      EXPECT_LE(*error.offset, item.files.front().bytes.size());
    }
  }
}

// No wrong file makes a codec break a promise, whatever it says of it.
TEST_P(Malformed, PromisesAreKept) {
  const Matrix& matrix = GetParam();
  for (const Case& item : matrix.cases)
    EXPECT_EQ(broken_promise(*matrix.codec, contents(item.files), record_for(item.files.front().bytes)), "") << item.name;
}

INSTANTIATE_TEST_SUITE_P(Formats, Malformed, testing::ValuesIn(malformed::matrices()),
                         [](const auto& matrix) { return matrix.param.name(); });

TEST(Matrices, EveryCodecHasOne) {
  std::set<const Codec*> tested;
  for (const Matrix& matrix : malformed::matrices()) tested.insert(matrix.codec);
  for (const Codec* codec : codecs()) EXPECT_TRUE(tested.contains(codec)) << to_string(codec->format());
}

}  // namespace
}  // namespace nnlock::formats
