// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The library against spec/vectors: layouts of numbers, and which ones a locker takes (lock-v1 sections 5.1 to 5.4).

#include <gtest/gtest.h>

#include <optional>

#include "lock/select.hpp"
#include "lock/vectors_testing.hpp"

namespace nnlock::lock {
namespace {

// One parameter of a vector of kind `numbers` and its two streams.
struct Numbers {
  kernels::KeyState enc, aux;
  const kernels::Kernel* kernel = nullptr;
  const kernels::NumberKernel* numbers = nullptr;
  Core core;
  Parameter p;
  std::size_t unit = 1;  // bytes of an element or a struct

  // Locks or unlocks `bytes` at byte `offset` of the parameter; nothing if an element is none of the layout.
  std::optional<Bytes> transform(bool lock, std::uint64_t offset, Bytes bytes) const {
    auto* const at = reinterpret_cast<std::uint8_t*>(bytes.data());
    const kernels::Streams streams{*kernel, *numbers, enc, aux};
    bool fits = false;
    if (p.layout == Layout::finite) fits = (lock ? kernels::lock_finite : kernels::unlock_finite)(streams, p.finite(), offset, at, at, bytes.size());
    if (p.layout == Layout::range) fits = (lock ? kernels::lock_range : kernels::unlock_range)(streams, p.range(), offset, at, at, bytes.size());
    if (p.layout == Layout::block) fits = (lock ? kernels::lock_block : kernels::unlock_block)(streams, core.blocks.at(p.block()), offset, at, at, bytes.size());
    return fits ? std::optional(bytes) : std::nullopt;
  }
  bool holds(const Bytes& bytes) const {
    const auto* const at = reinterpret_cast<const std::uint8_t*>(bytes.data());
    if (p.layout == Layout::finite) return kernels::holds(*numbers, p.finite(), at, bytes.size());
    if (p.layout == Layout::range) return kernels::holds(*numbers, p.range(), at, bytes.size());
    return kernels::holds(*numbers, core.blocks.at(p.block()), at, bytes.size());
  }
};

void prepare(Numbers& n, const Json& v, const kernels::Kernel& kernel, const kernels::NumberKernel& numbers) {
  n.kernel = &kernel;
  n.numbers = &numbers;
  const auto expand = [&](const char* name, kernels::KeyState& state) {
    kernel.expand(reinterpret_cast<const std::uint8_t*>(hex_array<32>(field(v, name)).data()), state);
  };
  expand("enc", n.enc);
  expand("aux", n.aux);
  take_layout(n.core, n.p, field(v, "layout"));
  if (n.p.layout == Layout::finite) n.unit = kernels::width_of(n.p.finite().dtype);
  else if (n.p.layout == Layout::range) n.unit = n.p.range().width;
  else n.unit = n.core.blocks.at(n.p.block()).size;
}

void run_numbers(const Numbers& n, const Json& v) {
  const std::string expected = field(v, "class").GetString();
  const std::uint64_t offset = std::stoull(field(v, "offset").GetString());
  if (expected == "tampered") {
    EXPECT_EQ(n.transform(false, offset, hex(field(v, "locked"))), std::nullopt);
    EXPECT_FALSE(n.holds(hex(field(v, "locked"))));
    return;
  }
  const Bytes plain = hex(field(v, "plain"));
  if (expected == "bad-model") {
    EXPECT_EQ(n.transform(true, offset, plain), std::nullopt);
    return;
  }
  ASSERT_EQ(expected, "ok");
  const Bytes locked = hex(field(v, "locked"));
  EXPECT_EQ(n.transform(true, offset, plain), locked);
  EXPECT_EQ(n.transform(false, offset, locked), plain);
  EXPECT_TRUE(n.holds(locked));
  ASSERT_EQ(plain.size() % n.unit, 0U);
  for (std::size_t i = 0; i < plain.size(); i += n.unit) {
    const auto part = [&](const Bytes& bytes) { return Bytes(bytes.begin() + static_cast<long>(i), bytes.begin() + static_cast<long>(i + n.unit)); };
    ASSERT_EQ(n.transform(true, offset + i, part(plain)), part(locked)) << i;
    ASSERT_EQ(n.transform(false, offset + i, part(locked)), part(plain)) << i;
  }
}

TEST(Vectors, Numbers) {
  for (const Vector& v : vectors_of_kind("numbers"))
    for (const auto* kernel : kernels::compiled(static_cast<kernels::Suite>(field(v.json, "suite").GetUint())))
      for (const auto* numbers : kernels::compiled_numbers()) {
        if (!kernels::runnable(*kernel) || !kernels::runnable(*numbers)) continue;
        SCOPED_TRACE(v.name + " " + kernel->name + " " + numbers->name);
        Numbers n;
        prepare(n, v.json, *kernel, *numbers);
        run_numbers(n, v.json);
      }
}

// Vectors use the names of Dtype's enumerators, which are the display words but for one.
std::optional<Dtype> dtype_of(const std::string& word) {
  if (word == "boolean") return Dtype::boolean;
  for (int i = 0; i <= static_cast<int>(Dtype::string); ++i)
    if (word == to_string(static_cast<Dtype>(i))) return static_cast<Dtype>(i);
  return std::nullopt;
}

TEST(Vectors, Choose) {
  for (const Vector& v : vectors_of_kind("choose")) {
    SCOPED_TRACE(v.name);
    const Bytes plain = data(field(v.json, "plain"));
    const auto dtype = dtype_of(field(v.json, "dtype").GetString());
    ASSERT_TRUE(dtype) << field(v.json, "dtype").GetString();
    const std::vector<ParamSpan> spans = {{.dtype = *dtype, .length = plain.size()}};
    for (const auto* numbers : kernels::compiled_numbers()) {
      if (!kernels::runnable(*numbers)) continue;
      Core core;
      core.params = select_parameters(spans, 0, {}, {});
      const auto looked = choose_layouts(core.params, core.blocks, spans, formats::MemorySource(plain), *numbers, {.threads = 1});
      ASSERT_TRUE(looked) << looked.error().message;
      CborWriter chosen, expected;
      write_layout(chosen, core, core.params[0]);
      put_item(expected, field(v.json, "layout"));
      EXPECT_EQ(std::move(chosen).take(), std::move(expected).take()) << numbers->name;
    }
  }
}

}  // namespace
}  // namespace nnlock::lock
