// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Which constants of a TFLite model are parameters, and what keeps the others readable.

#include <string>

#include "formats/tflite_testing.hpp"

namespace nnlock::formats {
namespace {

TEST(TfliteParse, FindsWeightsAndBiasesAndKeepsShapesReadable) {
  const Text text = write_tflite(small_model());
  const auto found = parse(text.bytes);
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->params.size(), 2u);
  EXPECT_EQ(found->params[0].name, "filter");
  EXPECT_EQ(found->params[0].dtype, Dtype::i8);
  EXPECT_EQ(found->params[0].shape, (std::vector<std::uint64_t>{4, 1, 1, 16}));
  EXPECT_EQ(found->params[0].offset, text.data[1] + 4);
  EXPECT_EQ(found->params[0].length, 64u);
  EXPECT_EQ(found->params[1].name, "bias");
  EXPECT_EQ(found->params[1].dtype, Dtype::i32);
  ASSERT_EQ(found->constants.size(), 1u);  // metadata is not listed
  EXPECT_EQ(found->constants[0].name, "shape");
  EXPECT_EQ(found->constants[0].reason, "shape of RESHAPE");
  EXPECT_TRUE(found->unlockable.empty());
}

TEST(TfliteParse, WorksAtEveryAlignment) {
  const std::string text = write_tflite(small_model()).bytes;
  for (std::size_t shift = 0; shift < 8; ++shift) {
    const std::string moved = std::string(shift, '\0') + text;
    const auto found = tflite_codec().parse(bytes_of(moved).subspan(shift));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->params.size(), 2u);
  }
}

TEST(TfliteParse, AcceptsBytesAfterTheFlatbuffer) {
  EXPECT_TRUE(parse(write_tflite(small_model()).bytes + "PK\3\4 a metadata archive"));
}

TEST(TfliteParse, DecidesByDtypeAndUse) {
  EXPECT_EQ(reason_of(one_constant({.name = "f32", .type = 0}, 18, 1)), "parameter");
  EXPECT_EQ(reason_of(one_constant({.name = "i16", .type = 7}, 27, 2)), "parameter");
  EXPECT_EQ(reason_of(one_constant({.name = "i32", .type = 2}, 0, 1)), "integer operand of ADD");
  EXPECT_EQ(reason_of(one_constant({.name = "i64", .type = 4}, 3, 2)), "parameter");
  EXPECT_EQ(reason_of(one_constant({.name = "i64", .type = 4}, 3, 1)), "integer operand of CONV_2D");
  EXPECT_EQ(reason_of(one_constant({.name = "f32", .type = 0}, 96, 0)), "bounds of RANGE");
  EXPECT_EQ(reason_of(one_constant({.name = "f32", .type = 0}, 42, 1)), "parameter");
  EXPECT_EQ(reason_of(one_constant({.name = "u8", .type = 3}, 42, 1)), "divisor of DIV");
  EXPECT_EQ(reason_of(one_constant({.name = "bool", .type = 6}, 123, 0)),
            "values of this type are never locked");
  EXPECT_EQ(reason_of(one_constant({.name = "text", .type = 5}, 36, 0)),
            "values of this type are never locked");
  EXPECT_EQ(reason_of(one_constant({.name = "state", .type = 0, .is_variable = true}, 27, 4)),
            "first value of a variable");
  EXPECT_EQ(reason_of(one_constant({.name = "f32", .type = 0}, 9999, 0)), "parameter");
  EXPECT_EQ(reason_of(one_constant({.name = "i32", .type = 2}, 9999, 0)), "integer operand of operator 9999");
}

TEST(TfliteParse, CustomOperatorsKeepIndexTablesAndProgramsReadable) {
  const auto custom = [](std::int8_t type, const char* name, std::size_t input) {
    TfliteModel model = one_constant({.name = "c", .type = type}, 32, input);
    model.graphs[0].operators[0].custom = name;
    return reason_of(model);
  };
  EXPECT_EQ(custom(0, "TFLite_Detection_PostProcess", 2), "parameter");
  EXPECT_EQ(custom(3, "ethos-u", 1), "parameter");
  EXPECT_EQ(custom(3, "ethos-u", 0), "command stream of custom operator ethos-u");
  EXPECT_EQ(custom(7, "SignalFilterBank", 5), "integer operand of custom operator SignalFilterBank");
  EXPECT_EQ(custom(2, "Mine", 0), "integer operand of custom operator Mine");
}

TEST(TfliteParse, UnusedConstantsAndResultsAreLockedUnlessWideIntegers) {
  TfliteModel unused = one_constant({.name = "w", .type = 9}, 9, 1);
  unused.graphs[0].operators.clear();
  EXPECT_EQ(reason_of(unused), "parameter");
  unused.graphs[0].tensors[1].type = 2;
  EXPECT_EQ(reason_of(unused), "integers that no operator uses");
  TfliteModel result = one_constant({.name = "b", .type = 2}, 3, 2);
  result.graphs[0].outputs = {1};
  EXPECT_EQ(reason_of(result), "integer result of the graph");
  result.graphs[0].tensors[1].type = 0;
  EXPECT_EQ(reason_of(result), "parameter");
  TfliteModel alone = small_model();
  alone.buffers.push_back("left over");
  const auto found = parse(write_tflite(alone).bytes);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->constants.back().name, "buffer 5");
  EXPECT_EQ(found->constants.back().reason, "no tensor uses this buffer");
}

TEST(TfliteParse, TensorsOnOneBufferShareASpan) {
  TfliteModel model = small_model();
  model.graphs[0].tensors.push_back({.name = "again", .type = 9, .shape = {64}, .buffer = 1});
  auto found = parse(write_tflite(model).bytes);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->params[0].name, "filter, again");
  EXPECT_EQ(found->params[0].dtype, Dtype::i8);
  model.graphs[0].tensors.back().type = 3;
  found = parse(write_tflite(model).bytes);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->params[0].dtype, Dtype::opaque);  // int8 and uint8
  // One readable use keeps the whole span readable.
  model.graphs[0].operators.push_back({.builtin = 96, .inputs = {6, 6, 6}});
  found = parse(write_tflite(model).bytes);
  ASSERT_TRUE(found);
  ASSERT_EQ(found->params.size(), 1u);
  EXPECT_EQ(found->constants[0].name, "filter, again");
  EXPECT_EQ(found->constants[0].reason, "bounds of RANGE");
}

TEST(TfliteParse, BuffersWithTheSameDataShareASpan) {
  TfliteModel model = small_model();
  model.buffers.push_back("");
  model.graphs[0].tensors.push_back({.name = "twin", .type = 9, .shape = {64}, .buffer = 5});
  Text text = write_tflite(model);
  text.poke(text.field(text.buffers[5], Text::kBufferData), 0, 4);
  text.poke(text.vtable(text.buffers[5]) + 4, 0, 2);  // no data of its own ...
  ASSERT_TRUE(parse(text.bytes));
  text.poke(text.vtable(text.buffers[5]) + 4, 4, 2);
  text.link_field(text.buffers[5], Text::kBufferData, text.data[1]);  // ... but buffer 1's
  const auto found = parse(text.bytes);
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->params.size(), 2u);
  EXPECT_EQ(found->params[0].name, "filter, twin");
}

TEST(TfliteParse, NamesThatStandForTwoSpansGetTheSubgraph) {
  TfliteModel model = small_model();
  model.buffers.push_back(std::string(8, 'x'));
  model.graphs.push_back({.tensors = {{.name = "filter", .type = 9, .shape = {8}, .buffer = 5},
                                      {.name = "", .type = 9, .buffer = 1}}});
  const auto found = parse(write_tflite(model).bytes);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->params[0].name, "subgraph 0: filter, subgraph 1: tensor 1");
  EXPECT_EQ(found->params[2].name, "subgraph 1: filter");
}

TEST(TfliteParse, DtypeIsOpaqueWhereTheBytesDoNotFitTheShape) {
  const auto dtype = [](std::int8_t type, std::vector<std::int32_t> shape, std::size_t size,
                        bool sparse = false) {
    const auto model = one_constant({.name = "w", .type = type, .shape = std::move(shape), .sparse = sparse},
                                    9, 1, std::string(size, 'v'));
    const auto found = parse(write_tflite(model).bytes);
    return found && found->params.size() == 1 ? found->params[0].dtype : Dtype::string;
  };
  EXPECT_EQ(dtype(0, {2, 2}, 16), Dtype::f32);
  EXPECT_EQ(dtype(0, {2, 2}, 15), Dtype::opaque);
  EXPECT_EQ(dtype(0, {2, 2}, 20), Dtype::opaque);
  EXPECT_EQ(dtype(17, {3}, 2), Dtype::i4);
  EXPECT_EQ(dtype(0, {2147483647, 2147483647, 2147483647, 2147483647}, 16), Dtype::opaque);
  EXPECT_EQ(dtype(0, {0, 2147483647}, 16), Dtype::opaque);
  EXPECT_EQ(dtype(1, {100, 100}, 16, true), Dtype::f16);  // sparse: 8 values
  EXPECT_EQ(dtype(1, {100, 100}, 15, true), Dtype::opaque);
}

TEST(TfliteParse, MetadataAndQuantisationScalesStayReadable) {
  TfliteModel model = small_model();
  model.metadata = {1};
  auto found = parse(write_tflite(model).bytes);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->constants[0].reason, "metadata of the model");
  EXPECT_EQ(found->params[0].name, "bias");
  model = small_model();
  model.buffers.push_back(std::string(8, 's'));
  model.graphs[0].tensors.push_back({.name = "scales", .type = 1, .shape = {4}, .buffer = 5});
  model.graphs[0].tensors[1].scales = 6;
  found = parse(write_tflite(model).bytes);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->constants.back().name, "scales");
  EXPECT_EQ(found->constants.back().reason, "scales or zero points of quantisation");
  model.graphs[0].tensors[1].scales = 7;
  expect_bad(write_tflite(model).bytes, "quantisation names a tensor that does not exist");
}

TEST(TfliteParse, FindsValuesAfterTheFlatbuffer) {
  Text text = write_tflite(small_model());
  text.align(16);
  const std::size_t outside = text.bytes.size();
  text.bytes += std::string(64, 'o');
  text.poke(text.data[1], 0, 4);  // no data inside
  text.poke(text.field(text.buffers[1], Text::kBufferOffset), outside, 8);
  text.poke(text.field(text.buffers[1], Text::kBufferSize), 64, 8);
  const auto found = parse(text.bytes);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->params.back().name, "filter");
  EXPECT_EQ(found->params.back().offset, outside);
  EXPECT_EQ(found->params.back().dtype, Dtype::i8);
  Text longer = text;
  longer.poke(text.field(text.buffers[1], Text::kBufferSize), 65, 8);
  expect_bad(longer.bytes, "lie outside the file");
  longer.poke(text.field(text.buffers[1], Text::kBufferSize), 0xffffffffffffffff, 8);
  expect_bad(longer.bytes, "lie outside the file");
  Text both = text;
  both.poke(text.data[1], 64, 4);
  expect_bad(both.bytes, "in two places");
  Text inner = text;  // a range that is not outside at all, but over the tables
  inner.poke(text.field(text.buffers[1], Text::kBufferOffset), text.tensors[0], 8);
  expect_bad(inner.bytes, "structure");
}

}  // namespace
}  // namespace nnlock::formats
