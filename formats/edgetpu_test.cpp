// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Parameters inside the operators that the Edge TPU's compiler writes. Wrong files: malformed/edgetpu_matrix.cpp.

#include <gtest/gtest.h>

#include <string>

#include "formats/codec_fuzzing.hpp"
#include "formats/codec_testing.hpp"
#include "formats/malformed/edgetpu_writer.hpp"

namespace nnlock::formats {
namespace {

using malformed::EdgetpuExecutable;
using malformed::EdgetpuOptionsSpec;
using malformed::EdgetpuPart;
using malformed::EdgetpuText;
using malformed::FlatWriter;
using malformed::small_edgetpu;
using malformed::write_edgetpu;

constexpr const char* kCaching = "edgetpu-custom-op/0/PARAMETER_CACHING/parameters";

Structure parsed(const std::string& text) {
  const auto found = tflite_codec().parse(bytes_of(text));
  EXPECT_TRUE(found) << found.error().message;
  const auto view = bytes_of(text);
  const Bytes file(view.begin(), view.end());
  EXPECT_EQ(broken_promise(tflite_codec(), {file}, record_for(file)), "");
  return found ? *found : Structure();
}

std::vector<std::string> names_of(const Structure& structure) {
  std::vector<std::string> names;
  for (const ParamSpan& p : structure.params) names.push_back(p.name);
  return names;
}

using Names = std::vector<std::string>;

TEST(Edgetpu, ParametersOfExecutablesAndOfTheFallback) {
  const EdgetpuText text = write_edgetpu(small_edgetpu());
  const Structure found = parsed(text.bytes);
  ASSERT_EQ(names_of(found), (Names{kCaching, "fallback"}));
  const ParamSpan& p = found.params[0];
  EXPECT_EQ(p.offset, text.compiled[0].executables[1].parameters + 4);
  EXPECT_EQ(text.bytes.substr(p.offset, p.length), std::string(64, 'p'));
  EXPECT_EQ(p.dtype, Dtype::u8);
  EXPECT_EQ(p.shape, std::vector<std::uint64_t>{64});
  EXPECT_TRUE(found.unlockable.empty());
}

TEST(Edgetpu, EverySetOfExecutables) {
  const auto names = [](std::vector<EdgetpuExecutable> executables) {
    return names_of(parsed(write_edgetpu({.packages = {{.executables = std::move(executables)}}}).bytes));
  };
  EXPECT_EQ(names({{.type = 0, .parameters = "weights"}}), (Names{"edgetpu-custom-op/0/STAND_ALONE/parameters", "fallback"}));
  EXPECT_EQ(names({{.type = 2, .parameters = "streamed"}, {.type = 1, .parameters = "cached"}, {.type = 0, .parameters = "all"}}),
            (Names{"edgetpu-custom-op/0/EXECUTION_ONLY/parameters", kCaching, "edgetpu-custom-op/0/STAND_ALONE/parameters",
                   "fallback"}));
  EXPECT_EQ(names({{.type = 0}}), Names{"fallback"});
}

// Wherever the options put the package, flatbuffers are read at aligned addresses (the sanitizers check it).
TEST(Edgetpu, PackagesAtAnyAddress) {
  for (std::size_t shift = 0; shift < 16; ++shift) {
    EdgetpuOptionsSpec spec = small_edgetpu();
    spec.shift = shift;
    const EdgetpuText text = write_edgetpu(spec);
    const Structure found = parsed(text.bytes);
    ASSERT_EQ(names_of(found), (Names{kCaching, "fallback"})) << shift;
    EXPECT_EQ(found.params[0].offset, text.compiled[0].executables[1].parameters + 4) << shift;
  }
}

TEST(Edgetpu, PackagesForFurtherChips) {
  const auto package = [](const char* values) {
    return malformed::EdgetpuPackage{.executables = {{.type = 0, .parameters = values}}};
  };
  EXPECT_EQ(names_of(parsed(write_edgetpu({.packages = {package("one"), package("two")}}).bytes)),
            (Names{"edgetpu-custom-op/0/package 0/STAND_ALONE/parameters",
                   "edgetpu-custom-op/0/package 1/STAND_ALONE/parameters", "fallback"}));
  EXPECT_EQ(names_of(parsed(write_edgetpu({.packages = {{.chips = {package("one"), package("two")}}}}).bytes)),
            (Names{"edgetpu-custom-op/0/chip 0/STAND_ALONE/parameters", "edgetpu-custom-op/0/chip 1/STAND_ALONE/parameters",
                   "fallback"}));
}

TEST(Edgetpu, TwoOperators) {
  const EdgetpuPart part = malformed::EdgetpuOptionsWriter().write(small_edgetpu());
  EXPECT_EQ(names_of(parsed(malformed::write_edgetpu_operators({part, part}).bytes)),
            (Names{kCaching, "edgetpu-custom-op/1/PARAMETER_CACHING/parameters", "fallback"}));
}

TEST(Edgetpu, WhatMayHoldWeightsAndIsNotKnownIsUnlockable) {
  EdgetpuOptionsSpec old = small_edgetpu();
  old.superseded = "an executable of 2018";
  const Structure superseded = parsed(write_edgetpu(old).bytes);
  ASSERT_EQ(superseded.unlockable.size(), 1u);
  EXPECT_EQ(superseded.unlockable[0].name, "edgetpu-custom-op/0/superseded executable");
  EXPECT_EQ(superseded.unlockable[0].length, old.superseded.size());

  EdgetpuOptionsSpec with_model = small_edgetpu();
  with_model.packages[0].executables[0].serialized_model = "protobuf";
  const EdgetpuText text = write_edgetpu(with_model);
  const Structure found = parsed(text.bytes);
  ASSERT_EQ(found.unlockable.size(), 1u);
  EXPECT_EQ(found.unlockable[0].name, "edgetpu-custom-op/0/EXECUTION_ONLY/serialized_model");
  EXPECT_EQ(text.bytes.substr(found.unlockable[0].offset, found.unlockable[0].length), "protobuf");
}

// Options behind the flatbuffer, as models over 2 GB have them.
EdgetpuText with_large_options(const std::string& options) {
  EdgetpuText text = write_edgetpu(small_edgetpu());
  text.poke(text.custom_options[0], 0, 4);
  text.align(16);
  text.poke(text.field(text.operators[0], EdgetpuText::kOperatorLargeOffset), text.bytes.size(), 8);
  text.poke(text.field(text.operators[0], EdgetpuText::kOperatorLargeSize), options.size(), 8);
  text.bytes += options;
  return text;
}

TEST(Edgetpu, LargeOptions) {
  const EdgetpuPart part = malformed::EdgetpuOptionsWriter().write(small_edgetpu());
  const EdgetpuText text = with_large_options(part.bytes);
  const Structure found = parsed(text.bytes);
  ASSERT_EQ(names_of(found), (Names{"fallback", kCaching}));
  EXPECT_EQ(found.params[1].offset, text.bytes.size() - part.bytes.size() + part.places.executables[1].parameters + 4);
}

TEST(Edgetpu, PackagesOver96MiBAreUnsupported) {
  EdgetpuPart part = malformed::EdgetpuOptionsWriter().write(small_edgetpu());
  const std::size_t more = std::size_t{96} << 20, package = part.places.packages[0].at;
  FlatWriter options;
  options.bytes = std::move(part.bytes);
  const std::size_t length = options.peek(package - 4, 4);
  options.poke(package - 4, length + more, 4);
  options.poke(part.places.map + 4, options.peek(part.places.map + 4, 4) + more, 4);
  options.bytes.insert(package + length, more, '\0');
  const std::string text = with_large_options(options.bytes).bytes;
  const auto found = tflite_codec().parse(bytes_of(text));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::unsupported);
  EXPECT_NE(found.error().message.find("larger than 96 MiB"), std::string::npos) << found.error().message;
}

// 1,500 bitstreams that share 1,500 fields: some kilobytes would be two million tables.
TEST(Edgetpu, SharedTablesDoNotMultiply) {
  FlatWriter out = malformed::edgetpu_flatbuffer(std::string_view("\0\0\0\0", 4));
  constexpr std::size_t many = 1500;
  const std::size_t table = out.table({{5, 4}}, 17);
  out.link(0, table);
  const std::size_t bitstreams = out.offsets(many);
  out.link_field(table, 5, bitstreams);
  std::vector<std::size_t> instructions;
  for (std::size_t i = 0; i < many; ++i) {
    instructions.push_back(out.table({{1, 4}}, 2));
    out.link_element(bitstreams, i, instructions.back());
  }
  const std::size_t fields = out.offsets(many);
  for (const std::size_t at : instructions) out.link_field(at, 1, fields);
  const std::size_t field = out.table({{1, 4}}, 2);
  for (std::size_t i = 0; i < many; ++i) out.link_element(fields, i, field);
  const std::string text = write_edgetpu({.packages = {{.raw = {out.bytes}}}}).bytes;
  const auto found = tflite_codec().parse(bytes_of(text));
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().message.find("executable is broken"), std::string::npos) << found.error().message;
}

}  // namespace
}  // namespace nnlock::formats
