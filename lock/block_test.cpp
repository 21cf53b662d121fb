// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Layout `block` through the front door, on quantised tensors of GGUF (lock-v1 sections 5.3 and 5.4).

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "formats/gguf_types.hpp"
#include "formats/malformed/gguf_writer.hpp"
#include "lock/models_testing.hpp"
#include "lock/record.hpp"

namespace nnlock::lock {
namespace {

using formats::gguf::TensorType;

// A GGUF file with one tensor of `structs` structs of every quantised type, named after it. Their first floats have both signs, their second ones none
// set; magnitudes are from 2^-10 to below 2^-5.
struct Model {
  formats::malformed::GgufText text;
  std::map<std::string, std::pair<const TensorType*, std::size_t>> tensors;  // type, and byte where the data starts

  explicit Model(std::size_t structs) {
    formats::malformed::GgufModel model;
    for (const TensorType& type : formats::gguf::kTensorTypes)
      if (type.elements > 1)
        model.tensors.push_back({.name = std::string(type.name), .type = type.id, .shape = {type.elements, structs}, .bytes = type.bytes * structs});
    text = formats::malformed::write_gguf(model);
    std::size_t next = 0;
    for (const TensorType& type : formats::gguf::kTensorTypes)
      if (type.elements > 1) tensors[std::string(type.name)] = {&type, text.tensors[next++].data};
    for (const auto& [name, tensor] : tensors)
      for (std::size_t s = 0; s < structs; ++s)
        for (std::size_t f = 0; f < tensor.first->fields; ++f) put(name, s, f, (f == 0 ? s % 2 << 15 : 0) | (5 + s % 5) << 10 | s * 29 % 1024);
  }
  // A float16, or the same number as float32 where the field is one.
  void put(const std::string& name, std::size_t structure, std::size_t field, std::uint64_t half) {
    const auto& [type, data] = tensors.at(name);
    const StructField& place = type->places[field];
    const std::size_t at = data + structure * type->bytes + place.offset;
    if (place.dtype == Dtype::f16) return text.poke(at, half, 2);
    text.poke(at, (half >> 15) << 31 | ((half >> 10 & 31) == 31 ? 255 : (half >> 10 & 31) + 112) << 23 | (half & 1023) << 13, 4);
  }
  Bytes bytes() const { return to_bytes(text.bytes); }
};

std::string layout_of(const std::string& name) { return name == "IQ1_M" || name == "MXFP4" || name == "NVFP4" ? "bytes" : "block"; }

TEST(Block, EveryQuantisedTypeWithFloatsGetsIt) {
  const Bytes model = Model(20).bytes();
  for (const Bytes& file : {model, locked(model, test_key(1))}) {
    const auto tensors = tensors_of(file);
    EXPECT_EQ(tensors.size(), 27U);
    for (const auto& [name, t] : tensors) {
      EXPECT_EQ(t.layout, layout_of(name)) << name;
      EXPECT_EQ(t.reason, "") << name;
    }
  }
  for (const auto& [name, t] : tensors_of(locked(model, test_key(1), {.layout = LayoutChoice::bytes}))) EXPECT_EQ(t.layout, "bytes") << name;
  const Scratch scratch;
  const auto report = lock_file(test_key(1), scratch.write("in", model), scratch.file("out"), {});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->layouts.block, 24U);
  EXPECT_EQ(report->layouts.bytes, 3U);
  EXPECT_TRUE(report->fallen_back.empty());
}

// Exponents stay at or below the greatest one there was, and where no sign was set none is.
void expect_rings(const Model& model, const Bytes& file, std::size_t structs) {
  for (const auto& [name, tensor] : model.tensors) {
    SCOPED_TRACE(name);
    const auto& [type, data] = tensor;
    std::size_t changed = 0;
    for (std::size_t s = 0; s < structs; ++s)
      for (std::size_t f = 0; f < type->fields; ++f) {
        const std::size_t width = type->places[f].dtype == Dtype::f32 ? 4 : 2, at = data + s * type->bytes + type->places[f].offset;
        std::uint32_t x = 0, before = 0;
        std::memcpy(&x, file.data() + at, width);
        std::memcpy(&before, model.text.bytes.data() + at, width);
        changed += x != before ? 1 : 0;
        const std::uint32_t exponent = width == 2 ? x >> 10 & 31 : x >> 23 & 255;
        ASSERT_GE(exponent, 1U);
        ASSERT_LE(exponent, width == 2 ? 9U : 121U);
        ASSERT_TRUE(f == 0 || x >> 15 == 0U);
      }
    EXPECT_GE(changed * 10, structs * type->fields * 9);
  }
}

TEST(Block, FloatsStayFiniteLockedAndUnderWrongKeys) {
  constexpr std::size_t kStructs = 700;  // more than one chunk of 64 KiB of most types
  const Model model(kStructs);
  for (const Suite suite : {Suite::aes256, Suite::chacha20}) {
    const Scratch scratch;
    const LockOptions options{.suite = suite, .chunk_log2 = 16, .sidecar = true};
    ASSERT_TRUE(lock_file(test_key(1), scratch.write("in", model.bytes()), scratch.file("out"), options));
    const Bytes file = scratch.read("out");
    ASSERT_EQ(file.size(), model.text.bytes.size());
    expect_rings(model, file, kStructs);
    const auto decoy = unlock_to_memory(test_key(2), scratch.file("out"), {.decoy = true});
    ASSERT_TRUE(decoy) << decoy.error().message;
    expect_rings(model, copy_of(*decoy), kStructs);
    const auto opened = unlock_to_memory(test_key(1), scratch.file("out"), {});
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(copy_of(*opened), model.bytes());
  }
}

TEST(Block, ANaNInAnyFieldOfAnyStructMakesItBytes) {
  constexpr std::size_t kStructs = 2000;
  for (const std::size_t at : {std::size_t{0}, std::size_t{1000}, kStructs - 1})
    for (const std::uint64_t half : {0x7c00U, 0xfe00U}) {
      Model model(kStructs);
      model.put("Q8_0", at, 0, half);
      model.put("Q4_K", at, 1, half);
      model.put("Q8_K", at, 0, half);
      const std::set<std::string> fallen = {"Q8_0", "Q4_K", "Q8_K"};
      const Scratch scratch;
      const auto in = scratch.write("in", model.bytes());
      const auto report = lock_file(test_key(1), in, scratch.file("out"), {.threads = 2});
      ASSERT_TRUE(report) << report.error().message;
      EXPECT_EQ(std::set<std::string>(report->fallen_back.begin(), report->fallen_back.end()), fallen);
      for (const auto& [name, t] : tensors_of(model.bytes())) {
        EXPECT_EQ(t.layout, fallen.contains(name) ? "bytes" : layout_of(name)) << name;
        EXPECT_EQ(t.reason, fallen.contains(name) ? "holds NaN or infinity" : "") << name;
      }
    }
}

// As the record has them, by the tensor's place in the file.
kernels::Block block_of(const Record& record, const Model& model, const std::string& name) {
  for (const Parameter& p : record.core.params)
    if (p.offset == model.tensors.at(name).second) return record.core.blocks.at(p.block());
  return {};
}

TEST(Block, AttributesAreChosenAsForFloats) {
  const auto fields_of = [](const Model& model, const std::string& name) {
    const Scratch scratch;
    EXPECT_TRUE(lock_file(test_key(1), scratch.write("in", model.bytes()), scratch.file("out"), {.sidecar = true}));
    const Bytes bytes = scratch.read("out.nnlock");
    const auto record = parse_record(bytes);
    EXPECT_TRUE(record);
    const kernels::Block block = block_of(*record, model, name);
    EXPECT_EQ(block.size, model.tensors.at(name).first->bytes);
    return std::vector<kernels::Field>(block.fields.begin(), block.fields.end());
  };
  const auto many = fields_of(Model(16), "Q4_K");
  ASSERT_EQ(many.size(), 2U);
  EXPECT_EQ(many[0].offset, 0);
  EXPECT_EQ(many[1].offset, 2);
  EXPECT_EQ(many[0].finite.lo, 1) << "the smallest magnitude stays hidden where signs occur";
  EXPECT_EQ(many[0].finite.hi, 9);
  EXPECT_FALSE(many[0].finite.keeps_sign);
  EXPECT_EQ(many[1].finite.lo, 5);
  EXPECT_EQ(many[1].finite.hi, 9);
  EXPECT_TRUE(many[1].finite.keeps_sign);
  EXPECT_FALSE(many[1].finite.zero);
  const auto few = fields_of(Model(15), "Q4_K");
  EXPECT_EQ(few[1].finite.lo, 5);
  EXPECT_EQ(few[1].finite.hi, 15) << "few structs do not tell their exponents";
  Model zeros(16);
  for (std::size_t s = 0; s < 16; ++s) zeros.put("Q4_K", s, 1, 0);
  EXPECT_EQ(fields_of(zeros, "Q4_K")[1].finite.lo, 0);
  EXPECT_TRUE(fields_of(zeros, "Q4_K")[1].finite.zero);
  const auto wide = fields_of(Model(16), "Q8_K");
  EXPECT_EQ(wide[0].finite.dtype, kernels::Float::f32);
  EXPECT_EQ(wide[0].finite.hi, 121);
}

}  // namespace
}  // namespace nnlock::lock
