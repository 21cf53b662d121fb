// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The OpenVINO codec on small IRs: what is a parameter, what stays readable, where the record goes.

#include <gtest/gtest.h>

#include <map>

#include "formats/malformed/openvino_writer.hpp"

namespace nnlock::formats {
namespace {

using malformed::IrWriter, malformed::good_ir, malformed::with;

Result<Structure> parse(const std::string& graph, std::size_t size) {
  const Bytes weights(size);
  const std::span<const std::byte> files[] = {bytes_of(graph), weights};
  return openvino_codec().parse_files(files);
}

// Names of constants, and why they stay readable; parameters have no reason.
std::map<std::string, std::string> reasons(const std::string& graph, std::size_t size) {
  const auto structure = parse(graph, size);
  std::map<std::string, std::string> found;
  if (!structure) return {{"error", structure.error().message}};
  for (const ParamSpan& span : structure->params) found[span.name] = "";
  for (const Constant& constant : structure->constants) found[constant.name] = constant.reason;
  return found;
}

using Reasons = std::map<std::string, std::string>;

TEST(Openvino, FindsParametersAndWhatStaysReadable) {
  const auto structure = parse(good_ir(), 64);
  ASSERT_TRUE(structure) << structure.error().message;
  ASSERT_EQ(structure->params.size(), 2u);
  const ParamSpan& weights = structure->params[0];
  EXPECT_EQ(weights.name, "weights");
  EXPECT_EQ(weights.dtype, Dtype::f32);
  EXPECT_EQ(weights.shape, (std::vector<std::uint64_t>{2, 2}));
  EXPECT_EQ(weights.offset, 0u);
  EXPECT_EQ(weights.length, 16u);
  EXPECT_EQ(weights.file, 1u);
  EXPECT_EQ(structure->params[1].name, "packed");
  EXPECT_EQ(structure->params[1].dtype, Dtype::u8);
  EXPECT_EQ(reasons(good_ir(), 64), (Reasons{{"packed", ""}, {"weights", ""}, {"scale", "scale of compressed weights"},
                                             {"shape", "shape of reshape"}, {"zero", "zero point of compressed weights"}}));
}

TEST(Openvino, ElementTypesDecideWhereUsesDoNot) {
  struct TypeCase {
    const char* type;
    std::uint64_t size;
    Dtype dtype;
    bool locked;
  };
  constexpr TypeCase cases[] = {
      {"f64", 40, Dtype::f64, true}, {"f32", 20, Dtype::f32, true}, {"f16", 10, Dtype::f16, true}, {"bf16", 10, Dtype::bf16, true},
      {"f8e4m3", 5, Dtype::f8, true}, {"f8e5m2", 5, Dtype::f8, true}, {"f8e8m0", 5, Dtype::opaque, false}, {"f4e2m1", 3, Dtype::opaque, true},
      {"nf4", 3, Dtype::opaque, true}, {"i4", 3, Dtype::i4, true}, {"u4", 3, Dtype::u4, true}, {"i8", 5, Dtype::i8, true},
      {"u8", 5, Dtype::u8, true}, {"i16", 10, Dtype::i16, true}, {"u16", 10, Dtype::u16, true}, {"u1", 1, Dtype::opaque, true},
      {"u2", 2, Dtype::opaque, true}, {"u3", 2, Dtype::opaque, true}, {"u6", 4, Dtype::opaque, true}, {"FP32", 20, Dtype::f32, true},
      {"i32", 20, Dtype::i32, false}, {"u32", 20, Dtype::u32, false}, {"i64", 40, Dtype::i64, false}, {"u64", 40, Dtype::u64, false},
      {"boolean", 5, Dtype::boolean, false}, {"string", 33, Dtype::string, false},
  };
  for (const TypeCase& item : cases) {
    SCOPED_TRACE(item.type);
    IrWriter ir;
    ir.apply("result", "Result", {ir.constant("c", item.type, "5", 0, item.size)});
    const auto structure = parse(ir.written(), item.size);
    ASSERT_TRUE(structure) << structure.error().message;
    EXPECT_EQ(structure->params.size(), item.locked ? 1u : 0u);
    EXPECT_EQ(item.locked ? structure->params[0].dtype : structure->constants[0].dtype, item.dtype);
  }
}

TEST(Openvino, LimitsAndRangesStayReadable) {
  IrWriter ir;
  const int x = ir.apply("x", "Parameter", {});
  const int c[] = {ir.constant("w", "f32", "1", 0, 4), ir.constant("lo", "f32", "1", 4, 4), ir.constant("hi", "f32", "1", 8, 4),
                   ir.constant("out", "f32", "1", 12, 4), ir.constant("exponent", "f16", "", 16, 2), ir.constant("least", "f16", "", 18, 2)};
  ir.apply("fq", "FakeQuantize", {c[0], c[1], c[2], c[3], c[3]});
  ir.apply("power", "Power", {x, c[4]});
  ir.apply("max", "Maximum", {x, c[5]});
  EXPECT_EQ(reasons(ir.written(), 20), (Reasons{{"w", ""}, {"lo", "range of fakequantize"}, {"hi", "range of fakequantize"},
                                                {"out", "range of fakequantize"}, {"exponent", "exponent of power"}, {"least", "limit of maximum"}}));
}

TEST(Openvino, OperandsAreFollowedBackThroughConstants) {
  IrWriter ir;
  const int x = ir.apply("x", "Parameter", {});
  const int shape = ir.apply("shape", "ShapeOf", {x});
  const int factor = ir.constant("factor", "f32", "1", 0, 4), weights = ir.constant("weights", "f32", "1", 4, 4);
  const int sizes = ir.apply("sizes", "Multiply", {ir.apply("floats", "Convert", {shape}), factor});
  ir.apply("resized", "Interpolate", {x, ir.apply("whole", "Convert", {sizes})});
  // What comes from the model's input is no shape arithmetic.
  ir.apply("other", "Interpolate", {x, ir.apply("scaled", "Multiply", {x, weights})});
  EXPECT_EQ(reasons(ir.written(), 8), (Reasons{{"factor", "size, scales and axes of interpolate"}, {"weights", ""}}));
}

TEST(Openvino, OneReadableUseKeepsSharedBytesReadable) {
  IrWriter ir;
  const int x = ir.apply("x", "Parameter", {});
  ir.apply("add", "Add", {x, ir.constant("a", "f32", "2", 0, 8)});
  ir.apply("power", "Power", {x, ir.constant("b", "f32", "2", 0, 8)});
  ir.apply("add2", "Add", {x, ir.constant("c", "f32", "2", 8, 8)});
  ir.apply("add3", "Add", {x, ir.constant("d", "f16", "4", 8, 8)});
  ir.apply("add4", "Add", {x, ir.constant("none", "f32", "0", 8, 0)});
  const auto structure = parse(ir.written(), 16);
  ASSERT_TRUE(structure) << structure.error().message;
  ASSERT_EQ(structure->params.size(), 1u);
  EXPECT_EQ(structure->params[0].name, "c, d");
  EXPECT_EQ(structure->params[0].dtype, Dtype::opaque);
  EXPECT_EQ(reasons(ir.written(), 16), (Reasons{{"a, b", "exponent of power"}, {"c, d", ""}, {"none", "it has no elements"}}));
}

TEST(Openvino, ConstantsOfBodiesAreFound) {
  IrWriter body, ir;
  body.apply("sum", "Add", {body.apply("p", "Parameter", {}), body.constant("w", "f32", "1", 0, 4)});
  ir.apply("loop", "TensorIterator", {ir.apply("x", "Parameter", {})}, "<port_map/><body>" + body.graph() + "</body>");
  EXPECT_EQ(reasons(ir.written(), 4), (Reasons{{"tensoriterator_1/body/w", ""}}));
}

TEST(Openvino, OlderVersionsKeepWeightsInLayers) {
  const std::string ir =
      R"(<?xml version="1.0"?><net name="n" version="5"><layers>)"
      R"(<layer id="0" name="data" precision="FP32" type="Input"/>)"
      R"(<layer id="1" name="conv" precision="FP16" type="Convolution"><data group="1"/><input><port id="0"/></input>)"
      R"(<blobs><weights offset="0" size="8"/><biases offset="8" size="4"/><o-scale offset="12" size="4" precision="FP32"/></blobs></layer>)"
      R"(<layer id="2" name="shape" precision="I32" type="Const"><blobs><custom offset="16" size="8"/></blobs></layer>)"
      R"(<layer id="3" name="low" precision="FP32" type="Const"><blobs><custom offset="24" size="4"/></blobs></layer>)"
      R"(<layer id="4" name="q" precision="FP32" type="Quantize"><input><port id="0"/><port id="1"/></input></layer>)"
      R"(<layer id="5" name="bits" precision="FP32" type="BinaryConvolution"><blobs><weights offset="28" size="3"/></blobs></layer>)"
      R"(</layers><edges><edge from-layer="3" from-port="1" to-layer="4" to-port="1"/></edges></net>)";
  EXPECT_EQ(reasons(ir, 31), (Reasons{{"conv/weights", ""}, {"conv/biases", ""}, {"conv/o-scale", "scale of quantisation"},
                                      {"shape", "integers of 32 and 64 bits are shapes, axes and indices"}, {"low", "range of quantize"},
                                      {"bits/weights", ""}}));
  EXPECT_EQ(reasons(with(ir, "precision=\"FP16\"", "precision=\"FP64\""), 31)["error"], "the size is no whole number of elements");
}

TEST(Openvino, KnowsItsFiles) {
  const auto takes = [](std::string_view head) { return openvino_codec().recognises(bytes_of(head), head.size()); };
  for (const char* head : {"<net name=\"a\" version=\"11\">", "<?xml version=\"1.0\"?>\n<net>", "\xef\xbb\xbf<?xml version=\"1.0\" ?><net\n",
                           "<!-- a --><!-- b -->\n<net/>"})
    EXPECT_TRUE(takes(head)) << head;
  for (const char* head : {"<nets>", "<?xml version=\"1.0\"?><svg>", "<!-- <net> ", "<net", "<?xml", "", "net"}) EXPECT_FALSE(takes(head)) << head;
}

TEST(Openvino, TheWeightsFileHasTheGraphsName) {
  const auto name_for = [](const std::string& graph, std::string_view main) {
    const auto names = openvino_codec().companions(bytes_of(graph), main);
    return !names ? "refused" : names->empty() ? "none" : names->front();
  };
  EXPECT_EQ(name_for(good_ir(), "net.xml"), "net.bin");
  EXPECT_EQ(name_for(good_ir(), "net.fp16.xml"), "net.fp16.bin");
  EXPECT_EQ(name_for(good_ir(), "net.bin"), "refused");
  IrWriter without;
  without.apply("result", "Result", {without.apply("x", "Parameter", {})});
  EXPECT_EQ(name_for(without.written(), "net.xml"), "none");
  EXPECT_TRUE(openvino_codec().parse(bytes_of(without.written())));
}

TEST(OpenvinoRecord, StandsBehindTheRootInOneWayOnly) {
  const auto plain = good_ir();
  const auto code_of = [](const std::string& text) { return record_verdict(openvino_codec(), text); };
  constexpr int bad = -static_cast<int>(ErrorCode::bad_record);
  EXPECT_EQ(code_of(plain), 0);
  EXPECT_EQ(code_of(plain + "<!--nnlock:AAAA-->\n"), 1);
  EXPECT_EQ(code_of(plain + "<!--nnlock:AAAA-->"), bad);
  EXPECT_EQ(code_of(plain + "<!--nnlock:AAAA-->\n\n"), bad);
  EXPECT_EQ(code_of(plain + "<!--nnlock:AAAA --> \n"), bad);
  EXPECT_EQ(code_of(plain + "<!--nnlock:-->\n"), bad);
  EXPECT_EQ(code_of(plain + "<!--nnlock:AAA=-->\n"), bad);
  EXPECT_EQ(code_of(plain + "<!--nnlock:AAAA-->\n<!--nnlock:AAAA-->\n"), bad);
  EXPECT_EQ(code_of("<!--nnlock:AAAA-->\n" + plain), bad);
  const auto edits = openvino_codec().embed(bytes_of(plain), Bytes(3));
  ASSERT_TRUE(edits);
  ASSERT_EQ(edits->size(), 1u);
  EXPECT_EQ(edits->front().offset, plain.size());
}

// A mark that lies across two pieces of reading is found, once.
TEST(OpenvinoRecord, IsFoundWhereverItStands) {
  for (const std::size_t size : {65525u, 65526u, 65530u, 65535u, 65536u, 65537u, 131072u}) {
    const std::string text = std::string(size, ' ') + "<!--nnlock:AAAA-->\n";
    const auto found = openvino_codec().find_record(MemorySource(bytes_of(text)));
    ASSERT_TRUE(found && found->has_value()) << size;
    EXPECT_EQ((*found)->edits.front().offset, size);
  }
}

TEST(OpenvinoRecord, ALockedFileIsNoPlainFile) {
  const auto locked = good_ir() + "<!--nnlock:AAAA-->\n";
  const auto structure = parse(locked, 64);
  ASSERT_FALSE(structure);
  EXPECT_EQ(structure.error().code, ErrorCode::already_locked);
  EXPECT_FALSE(openvino_codec().embed(bytes_of(locked), Bytes(3)));
  for (const std::size_t size : {0u, 1u, 2u, 4u}) EXPECT_FALSE(openvino_codec().embed(bytes_of(good_ir()), Bytes(size)));
}

}  // namespace
}  // namespace nnlock::formats
