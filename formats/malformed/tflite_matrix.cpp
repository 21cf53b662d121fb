// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Wrong TFLite files: one number of a right flatbuffer changed, tensors that cannot be, parameters on structure, shared parts.

#include "formats/malformed/matrix.hpp"
#include "formats/malformed/tflite_models.hpp"

namespace nnlock::formats::malformed {
namespace {

using Text = TfliteText;

class Builder {
 public:
  Builder() {
    matrix_.codec = &tflite_codec();
    matrix_.good = {{"model.tflite", bytes_of(good_.bytes)}};
  }

  Matrix build() {
    add_numbers();
    add_references();
    add_tensors();
    add_overlaps();
    add_structure();
    add_shared();
    return std::move(matrix_);
  }

 private:
  static std::vector<std::byte> bytes_of(const std::string& text) {
    const auto view = std::as_bytes(std::span(text));
    return {view.begin(), view.end()};
  }

  Case& add(const char* name, const std::string& file, const char* message, const char* tensor = "",
            ErrorCode code = ErrorCode::bad_model) {
    matrix_.cases.push_back(
        {.name = name, .files = {{"model.tflite", bytes_of(file)}}, .code = code, .message = message, .tensor = tensor});
    return matrix_.cases.back();
  }

  // The good file with the number at one place replaced.
  void poke(const char* name, std::size_t at, std::uint64_t value, std::size_t width, const char* message,
            const char* tensor = "") {
    Text text = good_;
    text.poke(at, value, width);
    add(name, text.bytes, message, tensor);
  }

  void add_numbers() {
    poke("identifier", 4, 'X', 1, "not a TFLite model");
    poke("root-at-the-end", 0, good_.bytes.size(), 4, "broken");
    poke("root-at-0", 0, 0, 4, "broken");
    poke("vtable-too-short", good_.vtable(good_.model), 2, 2, "vtable");
    poke("vtable-too-long", good_.vtable(good_.model), 0xfffe, 2, "broken");
    const std::size_t vtable = good_.vtable(good_.tensors[1]);
    poke("table-too-short", vtable + 2, 2, 2, "table of a bad size");
    poke("table-too-long", vtable + 2, 0xffff, 2, "table of a bad size");
    poke("table-shorter-than-its-fields", vtable + 2, 8, 2, "field outside its table");
    poke("field-on-the-vtable-offset", vtable + 4 + 2 * 5, 2, 2, "field outside its table");
    poke("data-length-2-31", good_.data[1], 0x7fffffff, 4, "broken");
    poke("input-count-2-30", good_.inputs[0], 0x40000000, 4, "broken");
    poke("name-without-its-zero-byte", good_.names[1], 5, 4, "broken");
  }

  void add_references() {
    poke("operator-code", good_.field(good_.operators[0], Text::kOperatorCode), 2, 4, "operator code that does not exist");
    poke("input-behind-the-tensors", good_.inputs[0] + 4, 6, 4, "reads a tensor that does not exist");
    poke("input-minus-2", good_.inputs[0] + 4, 0xfffffffe, 4, "reads a tensor that does not exist");
    poke("buffer-number", good_.field(good_.tensors[1], Text::kTensorBuffer), 5, 4, "buffer that does not exist", "filter");
    poke("options-outside", good_.field(good_.options[0], 0), 0x7ffffff0, 4, "point outside");
  }

  void add_tensors() {
    const auto of = [](TfliteTensor tensor) { return write_tflite(one_constant(std::move(tensor), 9, 1)).bytes; };
    add("negative-dimension", of({.name = "w", .shape = {-1, 4}}), "negative dimension", "w");
    add("33-dimensions", of({.name = "w", .shape = std::vector<std::int32_t>(33, 1)}), "32 dimensions", "w");
    add("type-23", of({.name = "w", .type = 23}), "type 23", "w", ErrorCode::unsupported);
    add("type-minus-1", of({.name = "w", .type = -1}), "type -1", "w", ErrorCode::unsupported);
    add("external-buffer", of({.name = "w", .external_buffer = 1}), "another file", "w", ErrorCode::unsupported);
  }

  void add_overlaps() {
    Text text = good_;
    text.poke(text.data[1] + 4 + 16, 16, 4);  // a length inside the filter's values ...
    text.link_field(text.buffers[2], Text::kBufferData, text.data[1] + 4 + 16);  // ... makes a vector of the bias
    add("bias-inside-the-filter", text.bytes, "overlap", "bias");
    Text name = good_;  // the bias is a tensor's name, and offsets only lead forward
    const std::size_t field = name.field(name.buffers[2], Text::kBufferData);
    name.poke(field, name.names[5] - field, 4);
    add("bias-before-its-buffer", name.bytes, "broken");
    Text length = good_;
    length.poke(length.data[1], length.data[2] + 1 - length.data[1] - 4, 4);
    add("filter-over-the-next-length", length.bytes, "structure", "filter");
  }

  void add_structure() {
    const std::size_t inside = good_.data[1] + 4 + 16;  // in the filter's values
    Text options = good_;
    options.poke(inside, 4, 2), options.poke(inside + 2, 4, 2);  // a vtable without fields
    options.poke(inside + 4, 4, 4);                              // the table behind it
    options.link_field(options.operators[0], 4, inside + 4);
    add("options-in-the-filter", options.bytes, "structure", "filter");
    Text vtable = good_;
    vtable.poke(inside, 4, 2), vtable.poke(inside + 2, 4, 2);
    vtable.poke(vtable.options[0], vtable.options[0] - inside, 4);
    add("vtable-in-the-filter", vtable.bytes, "structure", "filter");
    Text shape = good_;
    shape.poke(inside, 2, 4);
    shape.link_field(shape.options[0], 0, inside);
    add("options-vector-in-the-filter", shape.bytes, "structure", "filter");
  }

  // Small files that share one part many times over must not cost more than their size.
  void add_shared() {
    TfliteModel model = small_model();
    for (int i = 0; i < 2000; ++i) model.graphs[0].tensors.push_back({.name = "x", .type = 9, .buffer = 1});
    Text names = write_tflite(model);
    const std::size_t name = names.text(std::string(1 << 20, 'n'));
    for (std::size_t t = 6; t < names.tensors.size(); ++t) names.link_field(names.tensors[t], Text::kTensorName, name);
    names.align(8);
    add("long-name-of-2000-tensors", names.bytes, "names of the tensors are larger");

    model = small_model();
    for (int i = 0; i < 2000; ++i) model.graphs[0].operators.push_back({.builtin = 9, .inputs = {0}});
    Text inputs = write_tflite(model);
    const std::size_t list = inputs.ints(std::vector<std::int32_t>(1 << 18, 1));
    for (std::size_t o = 2; o < inputs.operators.size(); ++o) inputs.link_field(inputs.operators[o], Text::kOperatorInputs, list);
    inputs.align(8);
    add("long-inputs-of-2000-operators", inputs.bytes, "more inputs than the file is large");

    // 4 MiB and 20,000 subgraphs: without the bound, 2 * 10^10 steps before it is accepted.
    model = small_model();
    model.graphs.resize(20000);
    Text outputs = write_tflite(model);
    const std::size_t shared = outputs.ints(std::vector<std::int32_t>(1 << 20, 2));
    for (const std::size_t graph : outputs.graphs) outputs.link_field(graph, Text::kGraphOutputs, shared);
    outputs.align(8);
    add("long-outputs-of-20000-graphs", outputs.bytes, "more outputs than the file is large");
  }

  const Text good_ = write_tflite(small_model());
  Matrix matrix_;
};

}  // namespace

Matrix tflite_matrix() { return Builder().build(); }

}  // namespace nnlock::formats::malformed
