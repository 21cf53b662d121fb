// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What the ExecuTorch codec finds. Wrong files: malformed/executorch_matrix.cpp.

#include <gtest/gtest.h>

#include <string>

#include "formats/codec_fuzzing.hpp"
#include "formats/codec_testing.hpp"
#include "formats/malformed/executorch_writer.hpp"

namespace nnlock::formats {
namespace {

using malformed::ExecutorchSpec;
using malformed::ExecutorchText;
using malformed::small_executorch;
using malformed::write_executorch;
using malformed::write_xnnpack;
using malformed::XnnpackGraph;
using Names = std::vector<std::string>;

Structure parsed(const std::string& text) {
  const auto found = executorch_codec().parse(bytes_of(text));
  EXPECT_TRUE(found) << found.error().message << " " << found.error().tensor;
  const auto view = bytes_of(text);
  const Bytes file(view.begin(), view.end());
  EXPECT_EQ(broken_promise(executorch_codec(), {file}, record_for(file)), "");
  return found ? *found : Structure();
}

template <class T>
Names names_of(const std::vector<T>& all) {
  Names names;
  for (const T& one : all) names.push_back(one.name);
  return names;
}

TEST(Executorch, ConstantsAndXnnpack) {
  const ExecutorchText text = write_executorch(small_executorch());
  const Structure found = parsed(text.bytes);
  EXPECT_EQ(names_of(found.params), (Names{"forward/XnnpackBackend 0/value 2", "linear.weight", "forward/value 2",
                                           "forward/XnnpackBackend 0/value 1"}));
  EXPECT_EQ(names_of(found.constants), (Names{"forward/XnnpackBackend 0/value 2", "forward/value 3"}));
  EXPECT_EQ(found.constants[0].reason, "scales of quantisation");
  EXPECT_EQ(found.constants[1].reason, "integers of 32 or 64 bits");
  EXPECT_TRUE(found.unlockable.empty());
  ASSERT_EQ(found.params.size(), 4u);
  const ParamSpan& weight = found.params[1];
  EXPECT_EQ(text.bytes.substr(weight.offset, weight.length), std::string(64, 'w'));
  EXPECT_EQ(weight.dtype, Dtype::f32);
  EXPECT_EQ(weight.shape, (std::vector<std::uint64_t>{4, 4}));
  EXPECT_EQ(found.params[0].dtype, Dtype::i8);
  EXPECT_EQ(text.bytes.substr(found.params[0].offset, found.params[0].length), std::string(16, 'q'));
  EXPECT_EQ(text.bytes.substr(found.params[3].offset, found.params[3].length), std::string(64, 'n'));
}

TEST(Executorch, ConstantsAndBlobsInside) {
  ExecutorchSpec spec = small_executorch();
  spec.constants_inside = true;
  spec.delegates[0].inside = true;
  const Structure found = parsed(write_executorch(spec).bytes);
  EXPECT_EQ(names_of(found.params), (Names{"linear.weight", "forward/value 2", "forward/XnnpackBackend 0/value 2",
                                           "forward/XnnpackBackend 0/value 1"}));
}

TEST(Executorch, WithoutAnExtendedHeader) {
  ExecutorchSpec spec = small_executorch();
  spec.constants_inside = true;
  spec.delegates.clear();
  spec.named.clear();
  ExecutorchText text = write_executorch(spec);
  text.poke(ExecutorchText::kHeader, 0, 4);
  EXPECT_EQ(names_of(parsed(text.bytes).params), (Names{"linear.weight", "forward/value 2"}));
}

TEST(Executorch, FirstStatesOfMutableTensors) {
  ExecutorchSpec spec = small_executorch();
  spec.tensors.push_back({.sizes = {8}, .buffer = 1, .is_mutable = true, .name = "trained.here"});
  spec.states = {std::string(32, 't')};
  const ExecutorchText text = write_executorch(spec);
  for (const ParamSpan& p : parsed(text.bytes).params)
    if (p.name == "trained.here") {
      EXPECT_EQ(text.bytes.substr(p.offset, p.length), std::string(32, 't'));
      return;
    }
  ADD_FAILURE() << "no parameter trained.here";
}

TEST(Executorch, SharedValuesAreOneParameter) {
  ExecutorchSpec spec = small_executorch();
  spec.tensors.push_back({.type = 1, .sizes = {64}, .buffer = 1});
  const Structure found = parsed(write_executorch(spec).bytes);
  EXPECT_EQ(found.params[1].name, "linear.weight, forward/value 4");
  EXPECT_EQ(found.params[1].dtype, Dtype::opaque);
}

TEST(Executorch, ScalesOfOperatorsStayReadable) {
  ExecutorchSpec spec = small_executorch();
  spec.calls.push_back({"quantized_decomposed::dequantize_per_channel", {1, 2, 3, 0}});
  const Structure found = parsed(write_executorch(spec).bytes);
  EXPECT_EQ(names_of(found.constants),
            (Names{"forward/XnnpackBackend 0/value 2", "forward/value 2", "forward/value 3"}));
  spec.calls.back() = {"quantized_decomposed::mixed_mm", {0, 3, 2}};
  EXPECT_EQ(names_of(parsed(write_executorch(spec).bytes).constants),
            (Names{"forward/XnnpackBackend 0/value 2", "forward/value 2", "forward/value 3"}));
  spec.calls.back() = {"aten::dequantize_per_channel", {1, 2}};
  EXPECT_EQ(parsed(write_executorch(spec).bytes).constants.size(), 2u);
}

TEST(Executorch, WhatMayHoldWeightsAndIsNotKnownIsUnlockable) {
  ExecutorchSpec spec = small_executorch();
  spec.delegates.push_back({.id = "QnnBackend", .blob = "compiled"});
  spec.named.emplace_back("for a backend", "values");
  spec.stray.push_back("something");
  const XnnpackGraph old{.values = {{.dims = {4}}}, .constants_inside = true};
  spec.delegates.push_back({.id = "XnnpackBackend", .blob = write_xnnpack(old).bytes});
  spec.delegates.push_back({.id = "XnnpackBackend", .blob = std::string(4, '\0') + "XN00 with everything in the flatbuffer"});
  const Structure found = parsed(write_executorch(spec).bytes);
  EXPECT_EQ(names_of(found.unlockable), (Names{"forward/QnnBackend 1", "forward/XnnpackBackend 2", "forward/XnnpackBackend 3",
                                               "segment 6", "segment 7"}));
  EXPECT_EQ(found.params.size(), 4u);
}

TEST(Executorch, MethodsMayShareABlob) {
  ExecutorchSpec spec = small_executorch();
  spec.delegates.push_back(spec.delegates[0]);
  ExecutorchText text = write_executorch(spec);
  text.poke(text.field(text.references[1], 1), 0, 4);  // the segment of the first
  const Structure found = parsed(text.bytes);
  EXPECT_EQ(found.params.size(), 4u);
  EXPECT_EQ(names_of(found.unlockable), Names{"segment 1"});
}

TEST(Executorch, ValuesThatCannotBeLockedHereAreUnsupported) {
  const auto message = [](const ExecutorchSpec& spec) {
    const std::string text = write_executorch(spec).bytes;
    const auto found = executorch_codec().parse(bytes_of(text));
    EXPECT_FALSE(found);
    return found ? std::string() : (found.error().code == ErrorCode::unsupported ? found.error().tensor : found.error().message);
  };
  ExecutorchSpec external = small_executorch();
  external.tensors[1].external = true;
  EXPECT_EQ(message(external), "linear.weight");
  ExecutorchSpec unknown = small_executorch();
  unknown.tensors[2].type = 99;
  EXPECT_EQ(message(unknown), "forward/value 2");
  ExecutorchSpec nameless = small_executorch();
  nameless.named[0].first = "another";
  EXPECT_EQ(message(nameless), "forward/XnnpackBackend 0/value 1");
}

TEST(Executorch, EveryElementType) {
  for (int type = -1; type < 32; ++type) {
    const std::size_t width = [&]() -> std::size_t {
      switch (type) {
        case 2: case 5: case 15: case 22: case 27: return 2;
        case 3: case 6: case 14: case 28: return 4;
        case 4: case 7: case 9: case 29: return 8;
        case 10: return 16;
        default: return 1;
      }
    }();
    ExecutorchSpec spec{.tensors = {{.type = static_cast<std::int8_t>(type), .sizes = {3}, .buffer = 1}},
                        .constants = {std::string(3 * width, 'v')}};
    spec.constants_inside = true;
    const std::string text = write_executorch(spec).bytes;
    const auto found = executorch_codec().parse(bytes_of(text));
    const bool unknown = type < 0 || type == 8 || (type >= 18 && type <= 21) || type > 29;
    ASSERT_EQ(static_cast<bool>(found), !unknown) << type;
    if (unknown) continue;
    const bool readable = type == 3 || type == 4 || type == 11 || type == 14 || type == 28 || type == 29;
    EXPECT_EQ(found->params.size(), readable ? 0u : 1u) << type;
  }
}

}  // namespace
}  // namespace nnlock::formats
