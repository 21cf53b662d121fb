// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Layouts through the front door: which ones tensors get, and that numbers stay numbers under every key (lock-v1 section 5).

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "kernels/numbers.hpp"
#include "lock/models_testing.hpp"

namespace nnlock::lock {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// `count` values of both signs with magnitudes from 2^-3 to below 2^2, a zero among them.
template <class T>
std::vector<T> reals(std::size_t count) {
  std::vector<T> values;
  for (std::size_t i = 0; i < count; ++i)
    values.push_back(i == 7 ? T{0} : std::ldexp(T{1} + static_cast<T>(i % 97) / 128, static_cast<int>(i % 5) - 3) * (i % 2 == 0 ? 1 : -1));
  return values;
}

// The upper halves of float32 are bfloat16; float16 is put together by hand, values from 2^-3 to below 2^2.
std::vector<std::uint16_t> bf16(std::size_t count) {
  std::vector<std::uint16_t> values;
  for (const float x : reals<float>(count)) values.push_back(static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(x) >> 16));
  return values;
}
std::vector<std::uint16_t> f16(std::size_t count) {
  std::vector<std::uint16_t> values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(static_cast<std::uint16_t>((i % 2) << 15 | (12 + i % 5) << 10 | i * 29 % 1024));
  return values;
}

template <class T>
std::vector<T> integers(std::size_t count, T least, T step) {
  std::vector<T> values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(static_cast<T>(least + static_cast<T>(i) * step));
  return values;
}

Bytes every_dtype(std::size_t count) {
  auto with_nan = reals<float>(count);
  with_nan.back() = std::nanf("");
  auto with_infinity = reals<double>(count);
  with_infinity.front() = -std::numeric_limits<double>::infinity();
  std::vector<float> variances(count, 0.25F);
  TypedTensor complex = tensor_of("complex", "C64", reals<float>(2 * count));
  complex.elements /= 2;
  return safetensors_of({tensor_of("f64", "F64", reals<double>(count)), tensor_of("infinity", "F64", with_infinity), complex,
                         tensor_of("f32", "F32", reals<float>(count)), tensor_of("nan", "F32", with_nan),
                         tensor_of("variances", "F32", variances), tensor_of("zeros", "F32", std::vector<float>(count)),
                         tensor_of("i32", "I32", integers<std::int32_t>(count, -3000, 11)),
                         tensor_of("u32", "U32", integers<std::uint32_t>(count, 1U << 31, 1)), tensor_of("bf16", "BF16", bf16(count)),
                         tensor_of("f16", "F16", f16(count)), tensor_of("i16", "I16", integers<std::int16_t>(count, 0, 2)),
                         tensor_of("u16", "U16", integers<std::uint16_t>(count, 0, 1)), tensor_of("i8", "I8", std::vector<std::int8_t>(count, -1)),
                         tensor_of("f8", "F8_E4M3", std::vector<std::uint8_t>(count, 0x7f))});
}

std::string text_of(const TensorInfo& t) {
  if (t.finite) {
    const FiniteInfo& f = *t.finite;
    return t.layout + (f.nonzero ? " " + std::to_string(f.low) + " " + std::to_string(f.high) : "") + (f.zero ? " zero" : "") +
           (f.keeps_sign ? " sign" : "");
  }
  if (t.range) return t.layout + " " + std::to_string(t.range->bits) + (t.range->negative ? " negative" : "");
  return t.layout;
}

TEST(Layouts, EveryDtypeGetsTheOneOfItsNumbers) {
  const std::map<std::string, std::string> expected = {
      {"f64", "finite -40 1 zero"}, {"infinity", "bytes"}, {"complex", "finite -40 1 zero"}, {"f32", "finite -40 1 zero"}, {"nan", "bytes"},
      {"variances", "finite -2 -2 sign"}, {"zeros", "finite zero sign"}, {"i32", "range 12 negative"}, {"u32", "range 32"},
      {"bf16", "finite -40 1 zero"}, {"f16", "finite -14 1"}, {"i16", "range 10"}, {"u16", "range 9"}, {"i8", "bytes"}, {"f8", "bytes"}};
  const Bytes model = every_dtype(300);
  for (const Bytes& file : {model, locked(model, test_key(1))}) {  // what locking would choose, and what it chose
    const auto tensors = tensors_of(file);
    EXPECT_EQ(tensors.size(), expected.size());
    for (const auto& [name, t] : tensors) EXPECT_EQ(text_of(t), expected.at(name)) << name;
  }
}

TEST(Layouts, FewElementsDoNotTellTheirExponents) {
  const auto tensors = tensors_of(every_dtype(15));
  EXPECT_EQ(text_of(tensors.at("variances")), "finite -8 0 sign");
  EXPECT_EQ(text_of(tensors.at("zeros")), "finite -8 0 zero sign");
  EXPECT_EQ(text_of(tensors_of(every_dtype(16)).at("variances")), "finite -2 -2 sign");
}

TEST(Layouts, OnlyTheLargestMagnitudeShowsWhereSignsOccur) {
  const auto low = [](std::vector<float> values) {
    values.resize(20, 1.5F);
    return tensors_of(safetensors_of({tensor_of("w", "F32", values)})).at("w").finite->low;
  };
  EXPECT_EQ(low({-0.5F, 0.25F}), -40);
  EXPECT_EQ(low({-0.5F, 0x1p-50F}), -50);
  EXPECT_EQ(low({0.5F, 0.25F}), -2) << "no sign: a variance may stand under a root";
}

TEST(Layouts, ATensorWithoutAFiniteElementStaysPlain) {
  const Bytes model = safetensors_of({tensor_of("mask", "F32", std::vector<float>(3, -kInfinity)), tensor_of("w", "F32", reals<float>(20))});
  const Bytes file = locked(model, test_key(1));
  EXPECT_EQ(tensors_of(model).at("mask").reason, "holds no finite number");
  EXPECT_EQ(tensors_of(file).at("mask").layout, "plain");
  const Scratch scratch;
  const Bytes masks = safetensors_of({tensor_of("mask", "F32", std::vector<float>(3, -kInfinity))});
  EXPECT_EQ(lock_file(test_key(1), scratch.write("in", masks), scratch.file("out"), {}).error().code, ErrorCode::nothing_to_lock);
  EXPECT_EQ(copy_of(*unlock_bytes(test_key(1), file, {}, {})), model);
}

TEST(Layouts, AFloatTensorInBytesSaysWhy) {
  const Bytes model = every_dtype(300);
  const auto plain = tensors_of(model), file = tensors_of(locked(model, test_key(1)));
  for (const char* name : {"nan", "infinity"}) {
    EXPECT_EQ(plain.at(name).reason, "holds NaN or infinity");
    EXPECT_EQ(file.at(name).reason, "NaN or infinity inside, or locked with --layout bytes");
  }
  for (const char* name : {"f32", "f8", "i8", "i32"}) {
    EXPECT_EQ(plain.at(name).reason, "") << name;
    EXPECT_EQ(file.at(name).reason, "") << name;
  }
}

TEST(Layouts, TheReportNamesFloatsThatFellBack) {
  const Scratch scratch;
  const auto in = scratch.write("in", every_dtype(300));
  const auto names = [&](const LockOptions& options) { return lock_file(test_key(1), in, scratch.file("out"), options)->fallen_back; };
  EXPECT_EQ(names({.force = true}), (std::vector<std::string>{"infinity", "nan"}));
  EXPECT_EQ(names({.exclude = {"nan"}, .force = true}), (std::vector<std::string>{"infinity"}));
  EXPECT_TRUE(names({.layout = LayoutChoice::bytes, .force = true}).empty());
}

TEST(Layouts, BytesForEverythingWhenAskedFor) {
  const Bytes model = every_dtype(300);
  const Bytes file = locked(model, test_key(1), {.layout = LayoutChoice::bytes});
  for (const auto& [name, t] : tensors_of(file)) EXPECT_EQ(t.layout, "bytes") << name;
  EXPECT_EQ(copy_of(*unlock_bytes(test_key(1), file, {}, {})), model);
  const Scratch scratch;
  const LockOptions unknown{.layout = static_cast<LayoutChoice>(7)};
  EXPECT_EQ(lock_file(test_key(1), scratch.write("in", model), scratch.file("out"), unknown).error().code, ErrorCode::usage);
}

TEST(Layouts, ExcludedTensorsStayPlain) {
  const auto tensors = tensors_of(locked(every_dtype(300), test_key(1), {.exclude = {"f32", "i32"}}));
  EXPECT_EQ(tensors.at("f32").layout, "plain");
  EXPECT_EQ(tensors.at("i32").layout, "plain");
  EXPECT_EQ(tensors.at("bf16").layout, "finite");
}

// Whether a tensor's bytes keep what its layout says, judged by the machine's own arithmetic.
template <class T>
void expect_reals(const Bytes& bytes, const FiniteInfo& f) {
  for (std::size_t i = 0; i < bytes.size(); i += sizeof(T)) {
    T x{};
    std::memcpy(&x, bytes.data() + i, sizeof(T));
    ASSERT_TRUE(std::isfinite(x));
    ASSERT_TRUE(!f.keeps_sign || !std::signbit(x));
    if (std::isnormal(x)) ASSERT_TRUE(f.nonzero && std::ilogb(x) >= f.low && std::ilogb(x) <= f.high) << x;
    else ASSERT_TRUE(f.zero) << x;
  }
}

void expect_halves(const Bytes& bytes, const FiniteInfo& f, int mantissa, int bias) {
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    std::uint16_t x = 0;
    std::memcpy(&x, bytes.data() + i, 2);
    const int exponent = (x & 0x7fff) >> mantissa;
    ASSERT_TRUE(exponent == 0 ? f.zero : exponent - bias >= f.low && exponent - bias <= f.high) << x;
  }
}

template <class T>
void expect_integers(const Bytes& bytes, const RangeInfo& r) {
  for (std::size_t i = 0; i < bytes.size(); i += sizeof(T)) {
    T x{};
    std::memcpy(&x, bytes.data() + i, sizeof(T));
    const auto wide = static_cast<std::int64_t>(x);
    ASSERT_LT(wide, std::int64_t{1} << r.bits);
    ASSERT_GE(wide, r.negative ? -(std::int64_t{1} << r.bits) : 0);
  }
}

// Checks all tensors of `file`, which lies in restored coordinates, and returns the layouts seen.
std::set<std::string> expect_numbers(const Bytes& file, const std::vector<TensorInfo>& tensors) {
  std::set<std::string> seen;
  for (const TensorInfo& t : tensors) {
    SCOPED_TRACE(t.name);
    seen.insert(t.layout);
    const auto first = file.begin() + static_cast<long>(t.offset);
    const Bytes bytes(first, first + static_cast<long>(t.length));
    if (t.finite && t.dtype == Dtype::bf16) expect_halves(bytes, *t.finite, 7, 127);
    else if (t.finite && t.dtype == Dtype::f16) expect_halves(bytes, *t.finite, 10, 15);
    else if (t.finite && (t.dtype == Dtype::f64 || t.dtype == Dtype::complex128)) expect_reals<double>(bytes, *t.finite);
    else if (t.finite) expect_reals<float>(bytes, *t.finite);
    if (t.range && t.dtype == Dtype::i32) expect_integers<std::int32_t>(bytes, *t.range);
    if (t.range && t.dtype == Dtype::u32) expect_integers<std::uint32_t>(bytes, *t.range);
    if (t.range && t.dtype == Dtype::i16) expect_integers<std::int16_t>(bytes, *t.range);
    if (t.range && t.dtype == Dtype::u16) expect_integers<std::uint16_t>(bytes, *t.range);
  }
  return seen;
}

Bytes onnx_of_numbers() {
  namespace m = formats::malformed;
  const auto raw = [](const auto& values) { return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(values[0])); };
  const auto graph = m::initializer(m::tensor("f32", m::DataType::float32, {300}, raw(reals<float>(300)))) +
                     m::initializer(m::tensor("f64", m::DataType::float64, {300}, raw(reals<double>(300)))) +
                     m::initializer(m::tensor("f16", m::DataType::float16, {300}, raw(f16(300)))) +
                     m::initializer(m::tensor("bf16", m::DataType::bfloat16, {300}, raw(bf16(300)))) +
                     m::initializer(m::tensor("c128", m::DataType::complex128, {150}, raw(reals<double>(300)))) +
                     m::initializer(m::tensor("i16", m::DataType::int16, {300}, raw(integers<std::int16_t>(300, -200, 3)))) +
                     m::node("Add", {"x", "f32"}, {"a"}) + m::node("Add", {"x", "f64"}, {"b"}) + m::node("Add", {"x", "f16"}, {"c"}) +
                     m::node("Add", {"x", "bf16"}, {"d"}) + m::node("Add", {"x", "c128"}, {"e"}) + m::node("Add", {"x", "i16"}, {"y"}) +
                     m::graph_input("x") + m::graph_output("y");
  return to_bytes(m::model(graph));
}

TEST(Layouts, NumbersStayNumbersLockedAndUnderWrongKeys) {
  std::vector<NamedModel> models = small_models();
  models.push_back({"every dtype", every_dtype(300)});
  models.push_back({"few elements", every_dtype(20)});
  models.push_back({"onnx of numbers", onnx_of_numbers()});
  std::set<std::string> seen;
  for (const NamedModel& model : models)
    for (const Suite suite : {Suite::aes256, Suite::chacha20}) {
      SCOPED_TRACE(model.name);
      const Scratch scratch;
      const auto report = lock_file(test_key(1), scratch.write("in", model.bytes), scratch.file("out"), {.suite = suite, .sidecar = true});
      ASSERT_TRUE(report) << report.error().message;
      const auto info = inspect_file(scratch.file("out"));
      ASSERT_TRUE(info) << info.error().message;
      seen.merge(expect_numbers(model.bytes, info->params));
      expect_numbers(scratch.read("out"), info->params);
      for (int key = 2; key < 5; ++key) {
        const auto decoy = unlock_to_memory(test_key(key), scratch.file("out"), {.decoy = true});
        ASSERT_TRUE(decoy) << decoy.error().message;
        EXPECT_NE(copy_of(*decoy), model.bytes);
        expect_numbers(copy_of(*decoy), info->params);
      }
      EXPECT_EQ(copy_of(*unlock_to_memory(test_key(1), scratch.file("out"), {})), model.bytes);
    }
  EXPECT_EQ(seen, (std::set<std::string>{"block", "bytes", "finite", "range"}));
}

// All tensors but the NaN ones change in most of their elements: nothing is left as it was.
TEST(Layouts, ElementsAreScrambled) {
  const Bytes model = every_dtype(300);
  const auto decoy = unlock_bytes(test_key(2), locked(model, test_key(1)), {}, {.decoy = true});
  ASSERT_TRUE(decoy);
  for (const auto& [name, t] : tensors_of(model)) {
    std::size_t equal = 0;
    for (std::uint64_t i = t.offset; i < t.offset + t.length; i += t.length / 300)
      equal += std::equal(model.begin() + static_cast<long>(i), model.begin() + static_cast<long>(i + t.length / 300), decoy->bytes().begin() + static_cast<long>(i));
    EXPECT_LT(equal, 15U) << name;
  }
}

TEST(Layouts, TheReportCountsThemAndNamesBothKernels) {
  const Scratch scratch;
  const auto in = scratch.write("in", every_dtype(300));
  const auto report = lock_file(test_key(1), in, scratch.file("out"), {.exclude = {"f8"}});
  ASSERT_TRUE(report);
  const LayoutCounts& n = report->layouts;
  EXPECT_EQ((std::vector{n.bytes, n.plain, n.finite, n.range, n.block}), (std::vector<std::uint64_t>{3, 1, 7, 4, 0}));
  EXPECT_EQ(report->params, 14U);
  const std::string numbers = kernels::choose_numbers().kernel->name, bytes = kernels::pick(kernels::Suite::aes256)->name;
  EXPECT_EQ(report->kernel, bytes + "," + numbers);
  EXPECT_EQ(verify_file(test_key(1), scratch.file("out"), {})->kernel, bytes + "," + numbers);
  EXPECT_EQ(lock_file(test_key(1), in, scratch.file("bytes"), {.layout = LayoutChoice::bytes})->kernel, bytes);
}

// Layouts fit the file as it was when it was looked at; a value that came since and fits none must not be written wrong.
TEST(Layouts, AFileThatChangesWhileItIsLockedIsRefused) {
  const Scratch scratch;
  const Bytes model = safetensors_of({tensor_of("a", "F32", reals<float>(1000)), tensor_of("b", "F32", reals<float>(200000))});
  const auto in = scratch.write("in", model);
  const std::uint64_t scanned = 4 * 201000;
  const auto lock_while_it_becomes = [&](float last) {
    const Progress change = [&](std::uint64_t done, std::uint64_t) {
      if (done != scanned) return;
      std::fstream file(in, std::ios::in | std::ios::out | std::ios::binary);
      file.seekp(-4, std::ios::end);
      file.write(reinterpret_cast<const char*>(&last), 4);
    };
    return lock_file(test_key(1), in, scratch.file("out"), {.chunk_log2 = 16, .threads = 2, .progress = change});
  };
  for (const float off_the_ring : {kInfinity, 1e30F}) {
    const auto report = lock_while_it_becomes(off_the_ring);
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, ErrorCode::bad_model);
    EXPECT_EQ(report.error().message, "the file changed while it was locked");
    EXPECT_EQ(report.error().tensor, "b");
    EXPECT_EQ(report.error().offset, model.size() - 800000 + 12 * 65536);
    EXPECT_EQ(scratch.entries(), 1U);
    scratch.write("in", model);
  }
  ASSERT_TRUE(lock_while_it_becomes(1.5F)) << "another value of the same kind is as good as the first";
}

TEST(Layouts, ATensorThatGetsItsFirstFiniteElementWhileItIsLockedIsRefused) {
  const Scratch scratch;
  const std::vector<float> masks(1000, -kInfinity);
  const auto in = scratch.write("in", safetensors_of({tensor_of("a", "F32", reals<float>(1000)), tensor_of("mask", "F32", masks)}));
  for (const float written : {-kInfinity, 0.0F, 1.5F}) {
    const Progress change = [&](std::uint64_t done, std::uint64_t) {
      if (done != 8000) return;  // all was looked at
      std::fstream file(in, std::ios::in | std::ios::out | std::ios::binary);
      file.seekp(-4, std::ios::end);
      file.write(reinterpret_cast<const char*>(&written), 4);
    };
    const auto report = lock_file(test_key(1), in, scratch.file("out"), {.threads = 1, .force = true, .progress = change});
    if (written == -kInfinity) {
      EXPECT_TRUE(report);
    } else {
      ASSERT_FALSE(report) << written;
      EXPECT_EQ(report.error().code, ErrorCode::bad_model);
      EXPECT_EQ(report.error().tensor, "mask");
    }
    scratch.write("in", safetensors_of({tensor_of("a", "F32", reals<float>(1000)), tensor_of("mask", "F32", masks)}));
  }
}

TEST(Layouts, NaNIsFoundWhereverItIsByAnyNumberOfThreads) {
  for (const std::size_t at : {std::size_t{0}, std::size_t{65535}, std::size_t{700000}, std::size_t{1199999}})
    for (const unsigned threads : {1U, 2U, 5U}) {
      auto values = reals<float>(1200000);
      values[at] = -kInfinity;
      const Bytes file = locked(safetensors_of({tensor_of("w", "F32", values)}), test_key(1), {.threads = threads});
      EXPECT_EQ(tensors_of(file).at("w").layout, "bytes") << at;
    }
}

}  // namespace
}  // namespace nnlock::lock
