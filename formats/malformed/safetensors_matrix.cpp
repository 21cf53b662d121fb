// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Wrong safetensors files: the right header with one text replaced, wrong header lengths, and data that does not fit.

#include "formats/malformed/matrix.hpp"
#include "formats/malformed/safetensors_writer.hpp"

namespace nnlock::formats::malformed {
namespace {

struct Wrong {
  const char* name;
  std::string_view from;
  std::string_view to;
  const char* message;
  const char* tensor = "";
  ErrorCode code = ErrorCode::bad_model;
};

constexpr std::string_view kTensorA = R"({"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
constexpr std::string_view kMask = R"("shape":[8],"data_offsets":[32,40])";

const Wrong kText[] = {
    {"brace-missing", "}}", "}", "not valid JSON"},
    {"comma-behind-the-header", "}}", "}},", "not valid JSON"},
    {"second-header", "}}", "}}{}", "not valid JSON"},
    {"comma-before-the-last-brace", "}}", "},}", "not valid JSON"},
    {"comma-before-a-bracket", "[2]", "[2,]", "not valid JSON"},
    {"leading-zero", "[2]", "[02]", "not valid JSON"},
    {"not-a-number", "[2]", "[NaN]", "not valid JSON"},
    {"single-quotes", "\"a\"", "'a'", "not valid JSON"},
    {"invalid-utf8", "\"a\"", "\"a\x80\"", "not valid JSON"},
    {"overlong-utf8", "\"a\"", "\"\xC0\xAF\"", "not valid JSON"},
    {"line-break-in-a-name", "\"a\"", "\"a\n\"", "not valid JSON"},
    {"high-surrogate-alone", "\"a\"", "\"\\uD800\"", "not valid JSON"},
    {"low-surrogate-alone", "\"a\"", "\"\\uDC00\"", "surrogate"},
    {"unknown-escape", "\"a\"", "\"\\x41\"", "not valid JSON"},
    {"comment", "{\"a\"", "{/**/\"a\"", "not valid JSON"},
    {"space-before-the-header", "{\"a\"", " {\"a\"", "does not start with '{'"},
    {"byte-order-mark", "{\"a\"", "\xEF\xBB\xBF{\"a\"", "does not start with '{'"},
    {"zero-byte-behind-the-header", "}}", std::string_view("}}\0", 3), "zero byte"},
    {"zero-byte-before-a-name", "\"a\":", std::string_view("\0\"a\":", 5), "not valid JSON"},
};

const Wrong kKinds[] = {
    {"tensor-is-a-list", kTensorA, "[]", "described by a JSON object", "a"},
    {"tensor-is-null", kTensorA, "null", "described by a JSON object", "a"},
    {"tensor-is-a-text", kTensorA, "\"x\"", "described by a JSON object", "a"},
    {"dtype-is-a-number", R"("F32")", "7", "dtype must be a string", "a"},
    {"dtype-is-null", R"("F32")", "null", "dtype must be a string", "a"},
    {"dtype-in-lower-case", R"("F32")", "\"f32\"", "dtype", "a", ErrorCode::unsupported},
    {"dtype-with-nul", R"("F32")", "\"F32\\u0000\"", "dtype", "a", ErrorCode::unsupported},
    {"shape-is-a-number", "[2]", "2", "shape must be", "a"},
    {"shape-is-a-text", "[2]", "\"2\"", "shape must be", "a"},
    {"shape-is-an-object", "[2]", "{}", "shape must be", "a"},
    {"shape-in-a-shape", "[2]", "[[2]]", "shape must be", "a"},
    {"dimension-negative", "[2]", "[-2]", "shape must be", "a"},
    {"dimension-minus-zero", "[2]", "[-0]", "shape must be", "a"},
    {"dimension-with-a-point", "[2]", "[2.0]", "shape must be", "a"},
    {"dimension-with-an-exponent", "[2]", "[2e0]", "shape must be", "a"},
    {"dimension-true", "[2]", "[true]", "shape must be", "a"},
    {"dimension-2-64", "[2]", "[18446744073709551616]", "shape must be", "a"},
    {"one-offset", "[0,8]", "[0]", "data_offsets must be", "a"},
    {"no-offsets", "[0,8]", "[]", "data_offsets must be", "a"},
    {"three-offsets", "[0,8]", "[0,8,8]", "data_offsets must be", "a"},
    {"offset-with-a-point", "[0,8]", "[0,8.0]", "data_offsets must be", "a"},
    {"offset-negative", "[0,8]", "[0,-8]", "data_offsets must be", "a"},
    {"offset-is-a-text", "[0,8]", "[0,\"8\"]", "data_offsets must be", "a"},
    {"offsets-are-null", "[0,8]", "null", "data_offsets must be", "a"},
};

const Wrong kKeys[] = {
    {"dtype-missing", R"("dtype":"F32",)", "", "has no dtype", "a"},
    {"shape-missing", R"("shape":[2],)", "", "has no shape", "a"},
    {"offsets-missing", R"(,"data_offsets":[0,8])", "", "has no data_offsets", "a"},
    {"dtype-twice", R"("dtype":"F32",)", R"("dtype":"F32","dtype":"F32",)", "two dtypes", "a"},
    {"dtype-twice-once-escaped", R"("dtype":"F32",)", R"("dtype":"F32","dt\u0079pe":"F32",)", "two dtypes", "a"},
    {"shape-twice", R"("shape":[2],)", R"("shape":[2],"shape":[2],)", "two shapes", "a"},
    {"offsets-twice", R"("data_offsets":[0,8])", R"("data_offsets":[0,8],"data_offsets":[0,8])", "two data_offsets", "a"},
    {"unknown-key", R"("dtype":"F32",)", R"("dtype":"F32","extra":1,)", "a key besides", "a"},
    {"name-twice", R"("b":)", R"("a":)", "same name", "a"},
    {"name-twice-once-escaped", R"("b":)", R"("\u0061":)", "same name", "a"},
    {"metadata-twice", R"({"a")", R"({"__metadata__":{},"__metadata__":{},"a")", "two __metadata__"},
    {"metadata-twice-once-escaped", R"({"a")", R"({"__metadata__":{},"__m\u0065tadata__":{"x":"y"},"a")", "two __metadata__"},
    {"metadata-key-twice", R"({"a")", R"({"__metadata__":{"x":"1","\u0078":"1"},"a")", "twice in __metadata__"},
    {"metadata-value-is-a-number", R"({"a")", R"({"__metadata__":{"x":1},"a")", "__metadata__ must be a string"},
    {"metadata-value-is-null", R"({"a")", R"({"__metadata__":{"x":null},"a")", "__metadata__ must be a string"},
    {"metadata-value-is-an-object", R"({"a")", R"({"__metadata__":{"x":{}},"a")", "__metadata__ must be a string"},
    {"metadata-with-half-a-surrogate-pair", R"({"a")", R"({"__metadata__":{"x":"\udfff"},"a")", "surrogate"},
    {"metadata-is-a-list", R"({"a")", R"({"__metadata__":[],"a")", "__metadata__ must be a JSON object"},
    {"metadata-is-null", R"({"a")", R"({"__metadata__":null,"a")", "__metadata__ must be a JSON object"},
    {"metadata-is-a-text", R"({"a")", R"({"__metadata__":"x","a")", "__metadata__ must be a JSON object"},
};

const Wrong kPlaces[] = {
    {"end-before-begin", "[0,8]", "[8,0]", "ends before it begins", "a"},
    {"one-byte-too-many", "[0,8]", "[0,9]", "needs 8 bytes, but its data_offsets hold 9", "a"},
    {"one-byte-too-few", "[0,8]", "[0,7]", "needs 8 bytes", "a"},
    {"hole-before-the-first", "[0,8]", "[1,9]", "unused bytes", "a"},
    {"overlap-by-one-byte", "[8,16]", "[7,15]", "overlaps", "b"},
    {"hole-of-one-byte", "[8,16]", "[9,17]", "unused bytes", "b"},
    {"same-place", "[8,16]", "[0,8]", "overlaps", "b"},
    {"one-element-too-many", "[2]", "[3]", "needs 12 bytes", "a"},
    {"scalar", "[2]", "[]", "needs 4 bytes", "a"},
    {"elements-overflow", "[2]", "[4294967296,4294967296]", "too large", "a"},
    {"bytes-overflow", "[2]", "[4611686018427387904]", "too large", "a"},
    {"overflow-before-a-zero", "[2]", "[9223372036854775808,2,0]", "too large", "a"},
    {"half-bytes", R"("F32")", R"("F4")", "needs 1 bytes", "a"},
    {"odd-half-bytes", R"("F32","shape":[2])", R"("F4","shape":[3])", "whole bytes", "a"},
    {"odd-six-bits", R"("F32","shape":[2])", R"("F6_E3M2","shape":[2])", "whole bytes", "a"},
    {"empty-tensor-inside-another", "[40,40]", "[39,39]", "overlaps", "e"},
    {"empty-tensor-behind-a-hole", "[40,40]", "[41,41]", "unused bytes", "e"},
    {"behind-the-end", kMask, R"("shape":[9],"data_offsets":[32,41])", "behind the end of the file", "m"},
    {"end-at-2-64", kMask, R"("shape":[18446744073709551583],"data_offsets":[32,18446744073709551615])", "too large", "m"},
};

void add(Matrix& matrix, const char* name, Bytes file, const char* message, const char* tensor, ErrorCode code) {
  matrix.cases.push_back({.name = name,
                          .files = {{"model.safetensors", std::move(file)}},
                          .code = code,
                          .message = message,
                          .tensor = tensor});
}

void add(Matrix& matrix, std::span<const Wrong> rows) {
  for (const Wrong& row : rows)
    add(matrix, row.name, safetensors_file(with(kGoodHeader, row.from, row.to), kGoodData), row.message, row.tensor, row.code);
}

void add_lengths(Matrix& matrix) {
  const struct {
    const char* name;
    std::uint64_t length;
    const char* message;
  } rows[] = {{"header-length-0", 0, "too short"},
              {"header-length-1", 1, "too short"},
              {"header-one-byte-too-long", kGoodHeader.size() + kGoodData + 1, "behind the end of the file"},
              {"header-length-100000000", 100'000'000, "behind the end of the file"},
              {"header-length-100000001", 100'000'001, "longer than 100,000,000"},
              {"header-length-2-64-minus-8", ~std::uint64_t{0} - 7, "longer than 100,000,000"},
              {"header-length-2-64-minus-1", ~std::uint64_t{0}, "longer than 100,000,000"}};
  for (const auto& row : rows)
    add(matrix, row.name, with_length(row.length, kGoodHeader, kGoodData), row.message, "", ErrorCode::bad_model);
}

void add_large(Matrix& matrix) {
  const auto deep = [](std::string start) { return safetensors_file(start.append(1'000'000, '['), 0); };
  const auto bad = ErrorCode::bad_model;
  add(matrix, "nested-a-million-deep", deep(R"({"a":{"shape":)"), "shape must be", "a", bad);
  add(matrix, "metadata-nested-a-million-deep", deep(R"({"__metadata__":)"), "__metadata__ must be a JSON object", "", bad);
  const std::string twice = '"' + std::string(1 << 20, 'n') + R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
  add(matrix, "long-name-twice", safetensors_file('{' + twice + ',' + twice + '}', 0), "same name", std::string(256, 'n').c_str(), bad);
  add(matrix, "data-too-long", safetensors_file(kGoodHeader, kGoodData + 5), "5 bytes that belong to no tensor", "", bad);
  add(matrix, "data-too-short", safetensors_file(kGoodHeader, kGoodData - 1), "behind the end of the file", "m", bad);
}

}  // namespace

Matrix safetensors_matrix() {
  Matrix matrix;
  matrix.codec = &safetensors_codec();
  matrix.good = {{"model.safetensors", safetensors_file(kGoodHeader, kGoodData)}};
  for (const std::span<const Wrong> rows : {std::span<const Wrong>(kText), std::span<const Wrong>(kKinds),
                                            std::span<const Wrong>(kKeys), std::span<const Wrong>(kPlaces)})
    add(matrix, rows);
  add_lengths(matrix);
  add_large(matrix);
  return matrix;
}

}  // namespace nnlock::formats::malformed
