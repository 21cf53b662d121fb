// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// A record behind the file, whatever the format; the framing's errors are tried in tflite_record_test.cpp.

#include "formats/tail_record.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "formats/codec_testing.hpp"

namespace nnlock::formats {
namespace {

constexpr TailRecord kTail("NNLOCKX1", 64);

TEST(TailRecord, EachMagicFindsItsOwnRecordOnly) {
  const std::string file = "restored";
  const auto edits = kTail.embed(bytes_of(file), bytes_of("record"));
  ASSERT_TRUE(edits);
  const std::string stored(reinterpret_cast<const char*>(edits->front().stored.data()), edits->front().stored.size());
  const std::string locked = file + stored;
  const auto found = kTail.find(MemorySource(bytes_of(locked)));
  ASSERT_TRUE(found);
  ASSERT_TRUE(found->has_value());
  EXPECT_TRUE(std::ranges::equal((*found)->record, bytes_of("record")));
  EXPECT_EQ((*found)->edits, *edits);
  EXPECT_EQ(*kTail.restored_size(MemorySource(bytes_of(locked))), file.size());
  const auto other = TailRecord("NNLOCKY1").find(MemorySource(bytes_of(locked)));
  ASSERT_TRUE(other);
  EXPECT_FALSE(other->has_value());
}

TEST(TailRecord, TheFileWithItsRecordStaysBelowTheLimit) {
  EXPECT_TRUE(kTail.embed(bytes_of("restored"), bytes_of(std::string(39, 'r'))));
  const auto full = kTail.embed(bytes_of("restored"), bytes_of(std::string(40, 'r')));
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, ErrorCode::unsupported);
  EXPECT_EQ(full.error().hint, "use a sidecar");
}

}  // namespace
}  // namespace nnlock::formats
