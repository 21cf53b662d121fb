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

// One parameter of each layout, with the widest attributes.
Core core_of_layouts() {
  Core core{.chunk_log2 = 16};
  core.files.push_back({.length = 1000000});
  core.params = {{0, 0, 100}, {0, 200, 300, Layout::plain}, {0, 800, 80000}, {0, 100000, 80}, {0, 100100, 800}, {0, 200000, 65535 * 3}};
  core.params[2].set(kernels::Finite{.dtype = kernels::Float::f64, .lo = 1, .hi = 2046, .zero = true, .keeps_sign = true});
  core.params[3].set(kernels::Finite{.dtype = kernels::Float::f16, .lo = 0, .hi = 0, .zero = true});
  core.params[4].set(kernels::Range{.width = 8, .bits = 64, .negative = false});
  const std::vector<kernels::Field> fields = {{0, {.dtype = kernels::Float::bf16, .lo = 254, .hi = 254}},
                                              {2, {.dtype = kernels::Float::f32, .lo = 0, .hi = 0, .zero = true}},
                                              {65533, {.dtype = kernels::Float::f16, .lo = 1, .hi = 30, .keeps_sign = true}}};
  core.params[5].set_block(core.blocks.add(65535, fields));
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

TEST(Record, LayoutsKeepTheirAttributes) {
  const Core core = core_of_layouts();
  const Bytes bytes = record_of(core, covered_chunks(core, {}), core.params.size());
  EXPECT_EQ(covered_chunks(core, {}), 1U + 1 + 2 + 1 + 1 + 3);  // a chunk holds one struct of 65,535 bytes
  const auto record = parse_record(bytes);
  ASSERT_TRUE(record) << record.error().message;
  EXPECT_EQ(encode_core(record->core), encode_core(core));
  const Parameter& floats = record->core.params[2];
  EXPECT_EQ(floats.layout, Layout::finite);
  EXPECT_EQ(floats.finite().dtype, kernels::Float::f64);
  EXPECT_EQ(floats.finite().ring(), 2047U);
  EXPECT_TRUE(floats.finite().keeps_sign);
  EXPECT_EQ(record->core.params[3].finite().ring(), 1U);
  EXPECT_EQ(record->core.params[4].range().bits, 64);
  EXPECT_FALSE(record->core.params[4].range().negative);
  const kernels::Block block = record->core.blocks.at(record->core.params[5].block());
  ASSERT_EQ(block.fields.size(), 3U);
  EXPECT_EQ(block.size, 65535);
  EXPECT_EQ(block.fields[2].offset, 65533);
  EXPECT_EQ(block.fields[2].finite.hi, 30);
  EXPECT_TRUE(block.fields[2].finite.keeps_sign);
}

// Sections 3.2 and 3.4: a parameter's place is judged before its layout, its length after.
TEST(Record, PlacesAreJudgedBeforeLayoutsAndLengthsAfter) {
  const auto refusal_of = [](Parameter p) {
    Core core = small_core();
    core.params = {p};
    return parse_record(record_of(core, 1, 1)).error();
  };
  Parameter floats{0, 900, 100};
  floats.set(kernels::Finite{.dtype = static_cast<kernels::Float>(5), .lo = 1, .hi = 1});
  EXPECT_EQ(refusal_of(floats).code, ErrorCode::unsupported);
  floats.length = 101;
  EXPECT_EQ(refusal_of(floats).code, ErrorCode::bad_record) << "outside its file";
  floats.length = 99;
  EXPECT_EQ(refusal_of(floats).code, ErrorCode::unsupported);
  floats.element = static_cast<std::uint8_t>(kernels::Float::f32);
  EXPECT_EQ(refusal_of(floats).message, "a parameter's length is not a multiple of its elements' length");
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
