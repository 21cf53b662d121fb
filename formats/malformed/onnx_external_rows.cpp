// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Wrong ONNX files with external data: places that lead elsewhere, that are no places, that do not fit the file, or that overlap.

#include "formats/malformed/onnx_external.hpp"
#include "formats/malformed/onnx_rows.hpp"

namespace nnlock::formats::malformed {
namespace {

constexpr std::string_view kData = "w.bin";

std::string of(const Fields& tensor_message) { return model(initializer(tensor_message)); }

// Two floats with the given entries.
std::string with(const Fields& entries) { return of(external_tensor("w", DataType::float32, {2}, entries)); }

Fields here() { return external("location", kData); }

// Paths that leave the folder, or that two systems read in two ways.
std::vector<OnnxRow> paths() {
  const auto at = [](std::string_view location) { return with(external("location", location)); };
  const std::string deep = graph_attribute("then_branch", node("Constant", {}, {"c"}, tensor_attribute("value", external_floats("w", "../w.bin", 0, 2))));
  return {
      {"path-absolute", at("/etc/passwd"), "path is absolute", "w"},
      {"path-of-the-parent", at("../w.bin"), "leads out of the folder", "w"},
      {"path-through-the-parent", at("a/../../w.bin"), "leads out of the folder", "w"},
      {"path-ends-in-the-parent", at("a/.."), "leads out of the folder", "w"},
      {"path-of-the-folder", at("."), "leads out of the folder", "w"},
      {"path-with-a-dot", at("./w.bin"), "leads out of the folder", "w"},
      {"path-with-two-slashes", at("a//w.bin"), "leads out of the folder", "w"},
      {"path-ends-in-a-slash", at("a/"), "leads out of the folder", "w"},
      {"path-with-a-backslash", at("..\\w.bin"), "backslash", "w"},
      {"path-with-nul", at(std::string_view("w.bin\0.txt", 10)), "control character", "w"},
      {"path-with-a-line-break", at("w\n.bin"), "control character", "w"},
      {"path-too-long", at(std::string(5000, 'a')), "too long", "w"},
      {"path-empty", at(""), "no value for the key 'location'", "w"},
      {"path-missing", with(external("offset", "0")), "names no file", "w"},
      {"path-into-memory", at("*/_ORT_MEM_ADDR_/*"), "memory of a running program", "w"},
      {"path-wrong-in-a-subgraph", model(node("If", {"c"}, {"y"}, deep)), "leads out of the folder", "w"},
  };
}

// Entries that are none.
std::vector<OnnxRow> entries() {
  const auto offset = [](std::string_view value) { return with(here() + external("offset", value)); };
  return {
      {"external-offset-negative", offset("-8"), "offset in external_data is no number", "w"},
      {"external-offset-with-a-sign", offset("+8"), "offset in external_data is no number", "w"},
      {"external-offset-with-a-space", offset(" 8"), "offset in external_data is no number", "w"},
      {"external-offset-in-hex", offset("0x8"), "offset in external_data is no number", "w"},
      {"external-offset-2-63", offset("9223372036854775808"), "offset in external_data is no number", "w"},
      {"external-offset-2-64", offset("18446744073709551616"), "offset in external_data is no number", "w"},
      {"external-length-with-a-point", with(here() + external("length", "8.0")), "length in external_data is no number", "w"},
      {"external-length-empty", with(here() + external("length", "")), "no value for the key 'length'", "w"},
      {"external-length-too-short", with(here() + external("length", "7")), "needs 8 bytes but has 7 in external_data", "w"},
      {"external-length-too-long", with(here() + external("length", "16")), "needs 8 bytes but has 16 in external_data", "w"},
      {"external-key-twice", with(here() + here()), "has the key 'location' twice", "w"},
      {"external-key-unknown", with(here() + external("prepacked_0", "x")), "unknown key 'prepacked_0'", "w", ErrorCode::unsupported},
      {"external-entry-as-a-number", with(number(13, 1)), "wire type 0", "w"},
      {"external-entry-with-two-keys", with(bytes(13, bytes(1, "location") + bytes(1, "offset"))), "stands twice", "w"},
      {"external-value-as-a-number", with(bytes(13, bytes(1, "location") + number(2, 1))), "wire type 0", "w"},
      {"external-without-entries", with({}), "unclear", "w"},
      {"external-and-raw", with(here() + bytes(9, floats(2))), "values in external_data and in raw_data", "w"},
      {"external-text", of(external_tensor("w", DataType::string, {2}, here())), "cannot stand in external_data", "w"},
      {"external-elements-overflow", of(external_tensor("w", DataType::float64, {1ULL << 32, 1ULL << 32}, here())), "more elements", "w"},
      {"external-elements-2-57", of(external_tensor("w", DataType::int8, {1ULL << 57}, here())), "more elements", "w"},
  };
}

// Places that do not fit the data file, which has 16 bytes.
std::vector<OnnxRow> places() {
  const auto pair = [](const Fields& a, const Fields& b) { return model(initializer(a) + initializer(b)); };
  const Fields w = external_floats("w", kData, 0, 2);
  return {
      {"external-one-byte-behind-the-end", of(external_floats("w", kData, 9, 2)), "behind the end of w.bin, which has 16 bytes", "w"},
      {"external-offset-behind-the-end", of(external_floats("w", kData, 17, 1)), "behind the end of w.bin", "w"},
      {"external-empty-behind-the-end", of(external_floats("w", kData, 17, 0)), "behind the end of w.bin", "w"},
      {"external-offset-2-63-minus-1", of(external_floats("w", kData, (1ULL << 63) - 1, 2)), "behind the end of w.bin", "w"},
      {"external-without-length-behind-the-end", with(here() + external("offset", "12")), "behind the end of w.bin", "w"},
      {"external-4-pib", of(external_floats("w", kData, 0, 1ULL << 50)), "behind the end of w.bin", "w"},
      {"external-overlap", pair(w, external_floats("v", kData, 4, 2)), "overlap those of w", "v"},
      {"external-overlap-at-the-same-offset", pair(w, external_floats("v", kData, 0, 3)), "overlap those of w", "v"},
      {"external-inside-another", pair(external_floats("v", kData, 0, 4), external_floats("w", kData, 4, 1)), "overlap those of v", "w"},
      {"external-in-the-own-file", of(external_floats("w", "model.onnx", 0, 2)), "model's own file", "w"},
  };
}

}  // namespace

void add_external_cases(Matrix& matrix) {
  const NamedFile data{std::string(kData), std::vector<std::byte>(16, std::byte{1})};
  for (const OnnxRow& row : paths()) add(matrix, row);
  for (const OnnxRow& row : entries()) add(matrix, row);
  for (const OnnxRow& row : places()) add(matrix, row).files.push_back(data);
  add(matrix, {"external-file-empty", with(here()), "behind the end of w.bin, which has 0 bytes", "w"}).files.push_back({std::string(kData), {}});
}

}  // namespace nnlock::formats::malformed
