// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The TFLite codec: which constants are parameters, what is refused, where the record goes, and the real
// models.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "formats/codec.hpp"
#include "formats/malformed/tflite_writer.hpp"
#include "formats/tflite_operands.hpp"

namespace nnlock::formats {
namespace {

using malformed::TfliteModel;
using malformed::TfliteText;
using malformed::write_tflite;
using Text = TfliteText;

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }
Result<Structure> parse(const std::string& text) { return tflite_codec().parse(bytes_of(text)); }

// conv: input 0 (no constant), int8 filter on buffer 1, int32 bias on buffer 2; reshape by int32 shape on
// buffer 3.
TfliteModel small_model() {
  TfliteModel model;
  model.buffers = {"", std::string(64, 'w'), std::string(16, 'b'), std::string("\1\0\0\0\4\0\0\0", 8),
                   "1.5.0"};
  model.metadata = {4};
  model.graphs = {{.tensors = {{.name = "in", .type = 9, .shape = {1, 4}},
                               {.name = "filter", .type = 9, .shape = {4, 1, 1, 16}, .buffer = 1},
                               {.name = "bias", .type = 2, .shape = {4}, .buffer = 2},
                               {.name = "conv", .type = 9, .shape = {1, 4}},
                               {.name = "shape", .type = 2, .shape = {2}, .buffer = 3},
                               {.name = "out", .type = 9, .shape = {1, 4}}},
                   .operators = {{.builtin = 3, .inputs = {0, 1, 2}}, {.builtin = 22, .inputs = {3, 4}}},
                   .outputs = {5}}};
  return model;
}

// A model whose only constant is `tensor` on buffer 1, read as input `input` of one operator.
TfliteModel one_constant(malformed::TfliteTensor tensor, std::int32_t builtin, std::size_t input,
                         std::string values = std::string(16, 'v')) {
  TfliteModel model;
  tensor.buffer = 1;
  model.buffers.push_back(std::move(values));
  std::vector<std::int32_t> inputs(input, 0);
  inputs.push_back(1);
  model.graphs = {{.tensors = {{.name = "in"}, std::move(tensor)},
                   .operators = {{.builtin = builtin, .inputs = inputs}},
                   .outputs = {0}}};
  return model;
}

std::string reason_of(const TfliteModel& model) {
  const auto found = parse(write_tflite(model).bytes);
  if (!found) return "error: " + found.error().message;
  if (!found->params.empty()) return "parameter";
  return found->constants.empty() ? "nothing" : found->constants.front().reason;
}

void expect_error(const std::string& text, ErrorCode code, std::string_view message) {
  const auto found = parse(text);
  ASSERT_FALSE(found) << "accepted, expected: " << message;
  EXPECT_EQ(found.error().code, code) << found.error().message;
  EXPECT_NE(found.error().message.find(message), std::string::npos) << found.error().message;
  EXPECT_TRUE(found.error().offset.has_value());
}
void expect_bad(const std::string& text, std::string_view message) {
  expect_error(text, ErrorCode::bad_model, message);
}

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

TEST(TfliteMalformed, OneWrongField) {
  const Text good = write_tflite(small_model());
  ASSERT_TRUE(parse(good.bytes));
  const auto with = [&](std::size_t at, std::uint64_t value, std::size_t width) {
    Text text = good;
    text.poke(at, value, width);
    return text.bytes;
  };
  expect_bad(with(4, 'X', 1), "TFL3");
  expect_bad(with(0, good.bytes.size(), 4), "broken");
  expect_bad(with(0, 0, 4), "broken");
  expect_bad(with(good.vtable(good.model), 2, 2), "vtable");
  expect_bad(with(good.vtable(good.model), 0xfffe, 2), "broken");
  expect_bad(with(good.vtable(good.tensors[1]) + 2, 2, 2), "table of a bad size");
  expect_bad(with(good.vtable(good.tensors[1]) + 2, 0xffff, 2), "table of a bad size");
  expect_bad(with(good.vtable(good.tensors[1]) + 2, 8, 2), "field outside its table");
  expect_bad(with(good.vtable(good.tensors[1]) + 4 + 2 * 5, 2, 2), "field outside its table");
  expect_bad(with(good.data[1], 0x7fffffff, 4), "broken");
  expect_bad(with(good.inputs[0], 0x40000000, 4), "broken");
  expect_bad(with(good.names[1], 5, 4), "broken");  // no zero byte where the name ends
  expect_bad(with(good.field(good.operators[0], Text::kOperatorCode), 2, 4),
             "operator code that does not exist");
  expect_bad(with(good.inputs[0] + 4, 6, 4), "reads a tensor that does not exist");
  expect_bad(with(good.inputs[0] + 4, 0xfffffffe, 4), "reads a tensor that does not exist");
  expect_bad(with(good.field(good.tensors[1], Text::kTensorBuffer), 5, 4), "buffer that does not exist");
  expect_bad(with(good.field(good.options[0], 0), 0x7ffffff0, 4), "point outside");
  EXPECT_TRUE(parse(with(good.inputs[0] + 4, 0xffffffff, 4)));  // -1: left out
}

TEST(TfliteMalformed, TensorsThatCannotBe) {
  expect_bad(write_tflite(one_constant({.name = "w", .shape = {-1, 4}}, 9, 1)).bytes, "negative dimension");
  expect_bad(write_tflite(one_constant({.name = "w", .shape = std::vector<std::int32_t>(33, 1)}, 9, 1)).bytes,
             "32 dimensions");
  expect_error(write_tflite(one_constant({.name = "w", .type = 23}, 9, 1)).bytes, ErrorCode::unsupported,
               "type 23");
  expect_error(write_tflite(one_constant({.name = "w", .type = -1}, 9, 1)).bytes, ErrorCode::unsupported,
               "type -1");
  expect_error(write_tflite(one_constant({.name = "w", .external_buffer = 1}, 9, 1)).bytes,
               ErrorCode::unsupported, "another file");
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

TEST(TfliteMalformed, ParametersOnStructure) {
  const Text good = write_tflite(small_model());
  const auto expect_structure = [](const Text& text) { expect_bad(text.bytes, "structure"); };
  Text name = good;  // the bias is a tensor's name
  name.link(name.field(name.buffers[2], Text::kBufferData), name.names[5]);
  name.poke(name.field(name.buffers[2], Text::kBufferData), name.names[5] - name.field(name.buffers[2], 0),
            4);
  expect_bad(name.bytes, "");  // behind the buffer: offsets only lead forward
  Text length = good;          // the filter runs into the next vector's length
  length.poke(length.data[1], length.data[2] + 1 - length.data[1] - 4, 4);
  expect_structure(length);
  Text options = good;  // an operator's options inside the filter
  const std::size_t inside = good.data[1] + 4 + 16;
  options.poke(inside, 4, 2), options.poke(inside + 2, 4, 2);  // a vtable without fields
  options.poke(inside + 4, 4, 4);                              // the table behind it
  options.link_field(options.operators[0], 4, inside + 4);
  expect_structure(options);
  Text vtable = good;  // only the vtable inside the filter
  vtable.poke(inside, 4, 2), vtable.poke(inside + 2, 4, 2);
  vtable.poke(vtable.options[0], vtable.options[0] - inside, 4);
  expect_structure(vtable);
  Text shape = good;  // the vector in an option table
  shape.poke(inside, 2, 4);
  shape.link_field(shape.options[0], 0, inside);
  expect_structure(shape);
}

// Small files that share one part many times over must not cost more than their size.
TEST(TfliteMalformed, SharedPartsDoNotMultiply) {
  TfliteModel names = small_model();
  for (int i = 0; i < 2000; ++i) names.graphs[0].tensors.push_back({.name = "x", .type = 9, .buffer = 1});
  Text text = write_tflite(names);
  std::string longest(1 << 20, 'n');
  const std::size_t shared = text.text(longest);
  for (std::size_t t = 6; t < text.tensors.size(); ++t)
    text.link_field(text.tensors[t], Text::kTensorName, shared);
  text.align(8);
  expect_bad(text.bytes, "names of the tensors are larger");
  TfliteModel inputs = small_model();
  for (int i = 0; i < 2000; ++i) inputs.graphs[0].operators.push_back({.builtin = 9, .inputs = {0}});
  text = write_tflite(inputs);
  const std::size_t many = text.ints(std::vector<std::int32_t>(1 << 18, 1));
  for (std::size_t o = 2; o < text.operators.size(); ++o)
    text.link_field(text.operators[o], Text::kOperatorInputs, many);
  text.align(8);
  expect_bad(text.bytes, "more inputs than the file is large");
}

TEST(TfliteRecord, EmbedAndFindAreInverse) {
  const std::string text = write_tflite(small_model()).bytes;
  const std::string record = "a record";
  const auto edits = tflite_codec().embed(bytes_of(text), bytes_of(record));
  ASSERT_TRUE(edits);
  ASSERT_EQ(edits->size(), 1u);
  EXPECT_EQ((*edits)[0].offset, text.size());
  EXPECT_TRUE((*edits)[0].restored.empty());
  std::string stored(reinterpret_cast<const char*>((*edits)[0].stored.data()), (*edits)[0].stored.size());
  EXPECT_EQ(stored, record + std::string("\0\0\0\0\0\0\0\10NNLOCKT1", 16));
  const std::string locked = text + stored;
  const auto found = tflite_codec().find_record(MemorySource(bytes_of(locked)));
  ASSERT_TRUE(found);
  ASSERT_TRUE(found->has_value());
  EXPECT_EQ((*found)->edits, *edits);
  EXPECT_TRUE(std::ranges::equal((*found)->record, bytes_of(record)));
}

TEST(TfliteRecord, RefusesDamagedFraming) {
  const auto find = [](const std::string& text) {
    return tflite_codec().find_record(MemorySource(bytes_of(text)));
  };
  const auto code = [&](const std::string& text) {
    const auto found = find(text);
    return found ? ErrorCode{} : found.error().code;
  };
  const std::string text = write_tflite(small_model()).bytes;
  const auto trailer = [](std::uint64_t length) {
    malformed::FlatWriter writer;
    writer.bytes.assign(8, '\0');
    for (std::size_t i = 0; i < 8; ++i) writer.poke(i, length >> (56 - 8 * i), 1);
    return writer.bytes + "NNLOCKT1";
  };
  for (const std::string& plain : {std::string(), std::string("NNLOCKT"), text, text + "NNLOCKT2"}) {
    const auto found = find(plain);
    ASSERT_TRUE(found);
    EXPECT_FALSE(found->has_value());
  }
  EXPECT_TRUE(find(text + trailer(0)));
  EXPECT_TRUE(find(text + trailer(text.size())));
  EXPECT_EQ(code(text + trailer(text.size() + 1)), ErrorCode::bad_record);
  EXPECT_EQ(code(text + trailer(0xffffffffffffffff)), ErrorCode::bad_record);
  EXPECT_EQ(code(text + trailer((std::uint64_t{1} << 30) + 1)), ErrorCode::bad_record);
  EXPECT_EQ(code("NNLOCKT1"), ErrorCode::bad_record);
  EXPECT_EQ(code(text + "r" + trailer(1) + "s" + trailer(1)), ErrorCode::bad_record);
  const auto twice = tflite_codec().embed(bytes_of(text + trailer(0)), bytes_of("r"));
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code, ErrorCode::already_locked);
}

// Where the real models lie; empty if there are none.
std::filesystem::path data_dir() {
  if (const char* dir = std::getenv("NNLOCK_DATA_DIR")) return dir;
  if (const char* source = std::getenv("NNLOCK_SOURCE_DIR")) {
    const auto dir = std::filesystem::path(source) / ".." / "shared" / "data";
    if (std::filesystem::exists(dir)) return dir;
  }
  return {};
}

struct RealModel {
  const char* file;
  std::size_t params;
  std::uint64_t bytes;  // all learned bytes, counted with the schema's Python reader
};

// Models without learned bytes stand with 0: the Edge TPU compiler moves weights into the operator's options,
// two models only move data, and the audio preprocessors hold windows and filter banks that are computed, not
// learned (int16 tables of custom operators; one float factor is locked).
constexpr RealModel kRealModels[] = {
    {"tflite/ad01_fp32.tflite", 20, 1063456},
    {"tflite/ad01_int8.tflite", 20, 270880},
    {"tflite/audio_preprocessor_float.tflite", 1, 4},
    {"tflite/audio_preprocessor_int8.tflite", 0, 0},
    {"tflite/deeplabv3_mnv2_dm05_pascal_quant.tflite", 110, 714388},
    {"tflite/hello_world_float.tflite", 6, 1284},
    {"tflite/hello_world_int8.tflite", 6, 420},
    {"tflite/invalid_model_invoking_error.tflite", 0, 0},
    {"tflite/keras_lstm_mnist_ptq.tflite", 14, 9800},
    {"tflite/keyword_scrambled.tflite", 31, 27848},
    {"tflite/keyword_scrambled_8bit.tflite", 31, 22728},
    {"tflite/kws_ref_model.tflite", 20, 24368},
    {"tflite/kws_ref_model_float32.tflite", 20, 33584},
    {"tflite/mediapipe_face_detection_full_range.tflite", 178, 1028138},
    {"tflite/mediapipe_face_detection_full_range_sparse.tflite", 182, 368984},
    {"tflite/mediapipe_face_detection_short_range.tflite", 74, 202780},
    {"tflite/mediapipe_selfie_segmentation.tflite", 110, 212802},
    {"tflite/mediapipe_selfie_segmentation_landscape.tflite", 110, 212802},
    {"tflite/micro_speech_lstm.tflite", 14, 120892},
    {"tflite/micro_speech_quantized.tflite", 4, 16688},
    {"tflite/mobilenet_v1_0.25_128_quant.tflite", 56, 478804},
    {"tflite/mobilenet_v1_0.5_160_quant.tflite", 56, 1346052},
    {"tflite/mobilenet_v1_0.75_192_quant.tflite", 56, 2605748},
    {"tflite/mobilenet_v2_1.0_224_quant.tflite", 106, 3543268},
    {"tflite/movenet_single_pose_lightning_ptq.tflite", 156, 2379128},
    {"tflite/person_detect.tflite", 56, 218920},
    {"tflite/person_detect_vela.tflite", 1, 260480},
    {"tflite/posenet_mobilenet_v1_075_353_481_16_quant_decoder.tflite", 62, 1279708},
    {"tflite/pretrainedResnet.tflite", 20, 310824},
    {"tflite/pretrainedResnet_large_float.tflite", 20, 1921320},
    {"tflite/pretrainedResnet_large_int8.tflite", 20, 482880},
    {"tflite/pretrainedResnet_quant.tflite", 20, 78744},
    {"tflite/simple_add_model.tflite", 0, 0},
    {"tflite/split_concat.tflite", 0, 0},
    {"tflite/str_ww_ref_model.tflite", 16, 48388},
    {"tflite/trained_lstm.tflite", 14, 38120},
    {"tflite/trained_lstm_int8.tflite", 14, 9800},
    {"tflite/vww_96_float.tflite", 56, 843400},
    {"tflite/vww_96_int8.tflite", 56, 219064},
    {"edgetpu/deeplabv3_mnv2_dm05_pascal_quant_edgetpu.tflite", 4, 137556},
    {"edgetpu/keras_lstm_mnist_ptq_edgetpu.tflite", 0, 0},
    {"edgetpu/mobilenet_v1_0.25_128_quant_edgetpu.tflite", 0, 0},
    {"edgetpu/mobilenet_v1_0.5_160_quant_edgetpu.tflite", 0, 0},
    {"edgetpu/mobilenet_v1_0.75_192_quant_edgetpu.tflite", 0, 0},
    {"edgetpu/posenet_mobilenet_v1_075_353_481_16_quant_decoder_edgetpu.tflite", 0, 0},
    {"edgetpu/split_concat_edgetpu.tflite", 0, 0},
};

class TfliteReal : public testing::TestWithParam<RealModel> {
 protected:
  void SetUp() override {
    const auto path = data_dir() / GetParam().file;
    if (data_dir().empty() || !std::filesystem::exists(path)) {
      const char* ci = std::getenv("CI");
      if (ci != nullptr && std::string_view(ci) == "true")
        FAIL() << "real models are missing: set NNLOCK_DATA_DIR";
      GTEST_SKIP() << "no " << GetParam().file << ": set NNLOCK_DATA_DIR to the folder with the real models";
    }
    std::ifstream file(path, std::ios::binary);
    text_.assign(std::istreambuf_iterator<char>(file), {});
  }
  std::string text_;
};

bool same(const Structure& a, const Structure& b) {
  const auto param = [](const ParamSpan& p) {
    return std::tie(p.name, p.dtype, p.shape, p.offset, p.length);
  };
  const auto constant = [](const Constant& c) {
    return std::tie(c.name, c.dtype, c.shape, c.offset, c.length, c.reason);
  };
  return std::ranges::equal(a.params, b.params, {}, param, param) &&
         std::ranges::equal(a.constants, b.constants, {}, constant, constant) &&
         std::ranges::equal(a.unlockable, b.unlockable, {}, constant, constant);
}

TEST_P(TfliteReal, LocksAllLearnedBytes) {
  const auto found = parse(text_);
  ASSERT_TRUE(found) << found.error().message;
  std::uint64_t locked = 0;
  for (const ParamSpan& p : found->params) locked += p.length;
  EXPECT_EQ(found->params.size(), GetParam().params);
  EXPECT_EQ(locked, GetParam().bytes);
  // Compiled operators keep weights in their options; deeplab_dm05 has parameters in both places.
  EXPECT_EQ(found->unlockable.empty(), !std::string_view(GetParam().file).starts_with("edgetpu/"));
  // What stays and is no shape: the program of an NPU, the tables of the audio preprocessors, forgotten
  // buffers.
  std::uint64_t kept = 0;
  for (const Constant& c : found->constants) {
    const bool shape = c.dtype == Dtype::i32 || c.dtype == Dtype::i64;
    const bool known = c.reason.starts_with("command stream of custom operator ethos-u") ||
                       c.reason.starts_with("integer operand of custom operator Signal") ||
                       c.reason == "no tensor uses this buffer";
    if (!shape && !known) kept += c.length;
  }
  EXPECT_LE(kept * 100, locked) << "less than 99 % of the learned bytes are locked";
}

TEST_P(TfliteReal, ParameterBytesDoNotMatter) {
  const auto found = parse(text_);
  ASSERT_TRUE(found);
  for (const char fill : {'\0', '\xff'}) {
    std::string changed = text_;
    for (const ParamSpan& p : found->params)
      std::fill_n(changed.begin() + static_cast<std::ptrdiff_t>(p.offset), p.length, fill);
    const auto again = parse(changed);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_TRUE(same(*found, *again));
  }
}

TEST_P(TfliteReal, EveryTruncationIsSurvived) {
  for (std::size_t size = 0; size < text_.size(); size += text_.size() / 97 + 1)
    (void)parse(text_.substr(0, size));
}

INSTANTIATE_TEST_SUITE_P(All, TfliteReal, testing::ValuesIn(kRealModels), [](const auto& model) {
  std::string name = std::filesystem::path(model.param.file).stem().string();
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '.' || c == '-'; }, '_');
  return name;
});

}  // namespace
}  // namespace nnlock::formats
