// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Wrong files for the Edge TPU: the map in the operator's options, the package in it, the executables, what they share.

#include <string>

#include "formats/malformed/edgetpu_writer.hpp"
#include "formats/malformed/matrix.hpp"

namespace nnlock::formats::malformed {
namespace {

constexpr const char* kOperator = "edgetpu-custom-op/0";

// Ids of the schema.
constexpr std::uint32_t kBitstreams = 5, kType = 13;

class EdgetpuBuilder {
 public:
  EdgetpuBuilder() {
    matrix_.codec = &tflite_codec();
    matrix_.part = "edgetpu";
    matrix_.good = {{"model_edgetpu.tflite", bytes_of(good_.bytes)}};
  }

  Matrix build() {
    add_root();
    add_map();
    add_keys();
    add_values();
    add_packages();
    add_executables();
    add_overlaps();
    add_operators();
    return std::move(matrix_);
  }

 private:
  static std::vector<std::byte> bytes_of(const std::string& text) {
    const auto view = std::as_bytes(std::span(text));
    return {view.begin(), view.end()};
  }

  void add(const char* name, const std::string& file, const char* message, const char* tensor = kOperator,
           ErrorCode code = ErrorCode::bad_model) {
    matrix_.cases.push_back(
        {.name = name, .files = {{"model_edgetpu.tflite", bytes_of(file)}}, .code = code, .message = message, .tensor = tensor});
  }

  // The good file with the number at one place replaced.
  void poke(const char* name, std::size_t at, std::uint64_t value, std::size_t width, const char* message,
            ErrorCode code = ErrorCode::bad_model) {
    EdgetpuText text = good_;
    text.poke(at, value, width);
    add(name, text.bytes, message, kOperator, code);
  }

  void add_root() {
    poke("root-width-3", places_.root + 5, 3, 1, "width");
    poke("root-width-0", places_.root + 5, 0, 1, "width");
    poke("root-no-map", places_.root + 4, EdgetpuOptionsWriter::kVector, 1, "no map");
    poke("root-out-of-the-options", places_.root, 0x7fffffff, 4, "leads out of the options");
    poke("options-of-two-bytes", good_.custom_options[0], 2, 4, "too short");
    poke("options-one-byte-shorter", good_.custom_options[0], good_.peek(good_.custom_options[0], 4) - 1, 4, "width");
  }

  void add_map() {
    poke("map-count-2-31", places_.map - 4, 0x7fffffff, 4, "outside");
    poke("map-in-front-of-its-keys", places_.root, places_.root - good_.custom_options[0] - 8, 4, "no keys");
    poke("map-one-entry-more", places_.map - 4, 5, 4, "more or fewer keys");
    poke("key-width-3", places_.map - 8, 3, 4, "width");
    poke("keys-out-of-the-options", places_.map - 12, 0x7fffffff, 4, "leads out of the options");
    poke("key-count-2-31", places_.keys - 4, 0x7fffffff, 4, "outside");
    poke("one-key-fewer", places_.keys - 4, 3, 4, "more or fewer keys");
  }

  void add_keys() {
    poke("key-out-of-the-options", places_.keys, 0x7fffffff, 4, "key leads out");
    poke("key-twice", places_.key_texts[2], '4', 1, "not in order");
    poke("keys-not-in-order", places_.key_texts[0], '6', 1, "not in order");
    poke("no-package", places_.key_texts[1], '2', 1, "no package");
    const auto with_keys = [](std::vector<std::string> keys) {
      EdgetpuOptionsSpec spec = small_edgetpu();
      spec.extra_keys = std::move(keys);
      return write_edgetpu(spec).bytes;
    };
    add("key-of-1-MiB", with_keys({std::string(std::size_t{1} << 20, '8')}), "does not end");
    std::vector<std::string> many;
    for (char c = 'A'; c <= 'Z'; ++c) many.push_back({c}), many.push_back({c, 'x'});
    add("many-keys", with_keys(many), "too many keys");
  }

  void add_values() {
    constexpr std::size_t package = 1, further = 3;  // entries of the map
    const std::size_t text = good_.compiled[0].packages[0].at;
    poke("package-no-string", places_.map_types + package, EdgetpuOptionsWriter::kInt, 1, "no string");
    poke("package-out-of-the-options", places_.map + 4 * package, 0x7fffffff, 4, "leads out of the options");
    poke("package-length-2-31", text - 4, 0x7fffffff, 4, "outside");
    poke("package-without-its-zero-byte", text + good_.peek(text - 4, 4), 'x', 1, "does not end");
    poke("further-packages-no-vector", places_.map_types + further, EdgetpuOptionsWriter::kString, 1, "no vector");
    poke("further-packages-count-2-31", places_.further - 4, 0x7fffffff, 4, "outside");
    EdgetpuOptionsSpec two = small_edgetpu();
    two.packages.push_back(two.packages[0]);
    EdgetpuText twice = write_edgetpu(two);
    const std::size_t element = twice.compiled[0].further;
    twice.poke(element, element - twice.compiled[0].packages[0].at, 4);
    add("package-twice", twice.bytes, "two packages overlap");
    twice.poke(element + 4, EdgetpuOptionsWriter::kInt, 1);
    add("further-package-no-string", twice.bytes, "no string");
    EdgetpuOptionsSpec old = small_edgetpu();
    old.superseded = "an old executable";
    EdgetpuText superseded = write_edgetpu(old);
    superseded.poke(superseded.compiled[0].map_types + 1, EdgetpuOptionsWriter::kInt, 1);
    add("superseded-executable-no-string", superseded.bytes, "no string");
  }

  void add_packages() {
    const EdgetpuPlaces::Package& package = places_.packages[0];
    poke("package-identifier", package.at + 4, 'X', 1, "package is broken");
    poke("package-root", package.at, 0x7fffffff, 4, "package is broken");
    poke("package-vtable-too-short", good_.vtable(package.table), 2, 2, "vtable");
    poke("package-shorter-than-its-fields", good_.vtable(package.table) + 2, 8, 2, "field outside its table");
    poke("package-without-executables", package.list_at - 4, 0, 4, "no executable");
    poke("executables-length-2-31", package.list_at - 4, 0x7fffffff, 4, "package is broken");
    poke("executables-root", package.list_at, 0x7fffffff, 4, "executables is broken");
    poke("no-executables", package.strings, 0, 4, "no executable");
    poke("executable-count-2-30", package.strings, 0x40000000, 4, "executables is broken");
    const EdgetpuPackage small = small_edgetpu().packages[0];
    add("packages-three-deep", write_edgetpu({.packages = {{.chips = {{.chips = {small}}}}}}).bytes, "further packages");
    add("package-of-nothing", write_edgetpu({.packages = {{}}}).bytes, "no executable");
  }

  void add_executables() {
    const EdgetpuPlaces::Executable& first = places_.executables[0];
    const EdgetpuPlaces::Executable& second = places_.executables[1];
    poke("executable-root", second.at, 0x7fffffff, 4, "executable is broken");
    poke("executable-length-0", second.at - 4, 0, 4, "executables is broken");
    poke("executable-type-3", good_.field(first.table, kType), 3, 2, "type 3", ErrorCode::unsupported);
    poke("executable-type-minus-1", good_.field(first.table, kType), 0xffff, 2, "type -1", ErrorCode::unsupported);
    poke("two-of-one-type", good_.field(first.table, kType), 1, 2, "two executables of one type");
    poke("parameters-length-2-31", second.parameters, 0x7fffffff, 4, "executable is broken");
    poke("bitstream-length-2-31", second.bitstream, 0x7fffffff, 4, "executable is broken");
    poke("bitstreams-out-of-the-executable", good_.field(second.table, kBitstreams), 0x7ffffff0, 4, "executable is broken");
    poke("type-on-the-vtable-offset", good_.vtable(second.table) + 4 + 2 * kType, 2, 2, "field outside its table");
    poke("executable-table-too-long", good_.vtable(second.table) + 2, 0xfff0, 2, "table of a bad size");
  }

  void add_overlaps() {
    const EdgetpuPlaces::Executable& second = places_.executables[1];
    EdgetpuText same = good_;
    same.link_element(same.compiled[0].packages[0].strings, 0, second.at - 4);
    add("executable-twice", same.bytes, "two executables overlap");
    EdgetpuText bitstream = good_;  // instructions that are parameters
    bitstream.link_field(bitstream.peek(second.bitstreams + 4, 4) + second.bitstreams + 4, 0, second.parameters);
    add("parameters-are-instructions", bitstream.bytes, "structure", "edgetpu-custom-op/0/PARAMETER_CACHING/parameters");
    EdgetpuText longer = good_;  // over the length of the text behind them
    longer.poke(longer.compiled[0].executables[1].parameters, 66, 4);
    add("parameters-over-the-next-length", longer.bytes, "structure", "edgetpu-custom-op/0/PARAMETER_CACHING/parameters");
    EdgetpuText buffer = good_;  // values outside the flatbuffer's vectors, in models over 2 GB
    buffer.poke(buffer.data[1], 0, 4);
    buffer.poke(buffer.field(buffer.buffers[1], TfliteText::kBufferOffset), second.parameters + 8, 8);
    buffer.poke(buffer.field(buffer.buffers[1], TfliteText::kBufferSize), 16, 8);
    add("buffer-in-the-parameters", buffer.bytes, "overlap", "fallback");
    buffer.poke(buffer.field(buffer.buffers[1], TfliteText::kBufferOffset), second.bitstream + 4, 8);
    add("buffer-in-the-instructions", buffer.bytes, "structure", "fallback");
  }

  void add_operators() {
    EdgetpuText large = good_;
    large.poke(large.field(large.operators[0], TfliteText::kOperatorLargeOffset), 8, 8);
    large.poke(large.field(large.operators[0], TfliteText::kOperatorLargeSize), 16, 8);
    add("options-in-two-places", large.bytes, "in two places");
    large.poke(large.field(large.operators[0], TfliteText::kOperatorLargeSize), large.bytes.size(), 8);
    add("options-outside-the-file", large.bytes, "outside the file", "");
    poke("no-options", good_.custom_options[0], 0, 4, "no options");
    const EdgetpuPart part = EdgetpuOptionsWriter().write(small_edgetpu());
    EdgetpuText two = write_edgetpu_operators({part, part});
    two.link_field(two.operators[0], TfliteText::kOperatorCustomOptions, two.custom_options[1]);
    add("options-of-two-operators", two.bytes, "options of two operators overlap", "edgetpu-custom-op/1");
  }

  const EdgetpuText good_ = write_edgetpu(small_edgetpu());
  const EdgetpuPlaces& places_ = good_.compiled[0];
  Matrix matrix_;
};

}  // namespace

Matrix edgetpu_matrix() { return EdgetpuBuilder().build(); }

}  // namespace nnlock::formats::malformed
