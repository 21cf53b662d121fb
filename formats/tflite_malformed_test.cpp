// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// One wrong field at a time: what the TFLite codec refuses.

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
TEST(TfliteMalformed, SharedNamesDoNotMultiply) {
  TfliteModel model = small_model();
  for (int i = 0; i < 2000; ++i) model.graphs[0].tensors.push_back({.name = "x", .type = 9, .buffer = 1});
  Text text = write_tflite(model);
  const std::size_t shared = text.text(std::string(1 << 20, 'n'));
  for (std::size_t t = 6; t < text.tensors.size(); ++t)
    text.link_field(text.tensors[t], Text::kTensorName, shared);
  text.align(8);
  expect_bad(text.bytes, "names of the tensors are larger");
}

TEST(TfliteMalformed, SharedInputsDoNotMultiply) {
  TfliteModel model = small_model();
  for (int i = 0; i < 2000; ++i) model.graphs[0].operators.push_back({.builtin = 9, .inputs = {0}});
  Text text = write_tflite(model);
  const std::size_t shared = text.ints(std::vector<std::int32_t>(1 << 18, 1));
  for (std::size_t o = 2; o < text.operators.size(); ++o)
    text.link_field(text.operators[o], Text::kOperatorInputs, shared);
  text.align(8);
  expect_bad(text.bytes, "more inputs than the file is large");
}

// 4 MiB and 20,000 subgraphs: without the bound, 2 * 10^10 steps before it is accepted.
TEST(TfliteMalformed, SharedOutputsDoNotMultiply) {
  TfliteModel model = small_model();
  model.graphs.resize(20000);
  Text text = write_tflite(model);
  const std::size_t shared = text.ints(std::vector<std::int32_t>(1 << 20, 2));
  for (const std::size_t graph : text.graphs) text.link_field(graph, Text::kGraphOutputs, shared);
  text.align(8);
  expect_bad(text.bytes, "more outputs than the file is large");
}

}  // namespace
}  // namespace nnlock::formats
