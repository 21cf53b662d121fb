// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Records that cannot be: the rest of the reject rules stand in spec/vectors.

#include <gtest/gtest.h>

#include "lock/cbor.hpp"
#include "lock/models_testing.hpp"
#include "lock/record.hpp"
#include "lock/seal.hpp"

namespace nnlock::lock {
namespace {

Core small_core() {
  Core core{.chunk_log2 = 16};
  core.files.push_back({.length = 1000});
  core.params = {{0, 0, 100, Layout::bytes}, {0, 200, 300, Layout::plain}};
  return core;
}

Bytes record_of(const Core& core, std::size_t chunks, std::size_t digests) {
  const Bytes tags(chunks * 16), zeros(digests * 32);
  const RecordParts parts{.head = encode_head(encode_core(core), zeros), .envelope = encode_envelope({}), .tags = tags};
  return assemble_record(parts, Hash{});
}

TEST(Record, AcceptedRecordsAreCanonical) {
  const Bytes bytes = record_of(small_core(), 2, 2);
  const auto record = parse_record(bytes);
  ASSERT_TRUE(record) << record.error().message;
  EXPECT_EQ(encode_core(record->core), encode_core(small_core()));
  EXPECT_EQ(bytes.size() % 48, 0U);
  EXPECT_EQ(record->tags.size(), 32U);
}

// "A record that claims 2^60 chunks": refused from its own length, with nothing allocated for it.
TEST(Record, ClaimsAreBorneOutByItsOwnSize) {
  Core huge = small_core();
  huge.files[0].length = std::uint64_t{1} << 60;
  huge.params = {{0, 0, std::uint64_t{1} << 60, Layout::bytes}};
  EXPECT_EQ(parse_record(record_of(huge, 1, 1)).error().code, ErrorCode::bad_record);

  Bytes frame_claim = record_of(small_core(), 2, 2);
  frame_claim[24] = std::byte{0x10};  // tag section of 2^60 bytes
  EXPECT_EQ(parse_record(frame_claim).error().code, ErrorCode::bad_record);
  Bytes overflow = record_of(small_core(), 2, 2);
  for (std::size_t i = 24; i < 32; ++i) overflow[i] = std::byte{0xff};
  EXPECT_EQ(parse_record(overflow).error().code, ErrorCode::bad_record);
}

TEST(Record, CountsAreBorneOutByWhatFollows) {
  CborWriter out;
  out.array(11);
  out.integer(1);
  out.integer(1);
  out.bytes(Bytes(16));
  out.bytes(Bytes(8));
  out.integer(16);
  out.integer(0);
  out.null();
  out.null();
  out.null();
  out.array(60000);  // files that are not there
  const Bytes core = std::move(out).take();
  const RecordParts parts{.head = encode_head(core, {}), .envelope = encode_envelope({})};
  EXPECT_EQ(parse_record(assemble_record(parts, Hash{})).error().code, ErrorCode::bad_record);
}

TEST(Record, EveryPrefixIsRefused) {
  const Bytes bytes = record_of(small_core(), 2, 2);
  for (std::size_t i = 0; i < bytes.size(); ++i) EXPECT_FALSE(parse_record(std::span(bytes).first(i))) << i;
}

TEST(Record, WrongNumbersOfTagsAndDigests) {
  EXPECT_FALSE(parse_record(record_of(small_core(), 1, 2)));
  EXPECT_FALSE(parse_record(record_of(small_core(), 3, 2)));
  EXPECT_FALSE(parse_record(record_of(small_core(), 2, 1)));
  EXPECT_FALSE(parse_record(record_of(small_core(), 2, 3)));
}

TEST(Record, SizeIsKnownBeforeItIsSealed) {
  Core core = small_core();
  const Sealing sealing = begin_sealing(core, test_key(1));
  const Bytes tags(32);
  const Seal seal{.envelope = {.hint = std::array<std::byte, 8>{}}};
  EXPECT_EQ(finish_sealing(sealing, seal, tag_digests(sealing.core, tags), tags).size(), sealed_size(sealing, seal));
}

}  // namespace
}  // namespace nnlock::lock
