// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Wrong ExecuTorch programs: header, segments, constants, names, delegates, and the graph that XNNPACK reads.

#include <string>

#include "formats/malformed/executorch_writer.hpp"
#include "formats/malformed/matrix.hpp"

namespace nnlock::formats::malformed {
namespace {

constexpr const char* kDelegate = "forward/XnnpackBackend 0";
constexpr const char* kWeight = "linear.weight";

class ExecutorchBuilder {
 public:
  ExecutorchBuilder() {
    matrix_.codec = &executorch_codec();
    matrix_.good = {{"model.pte", bytes_of(good_.bytes)}};
  }

  Matrix build() {
    add_header();
    add_flatbuffer();
    add_segments();
    add_tensors();
    add_constants_inside();
    add_names();
    add_delegates();
    add_blob();
    add_graph();
    add_overlaps();
    return std::move(matrix_);
  }

 private:
  using Text = ExecutorchText;

  static std::vector<std::byte> bytes_of(const std::string& text) {
    const auto view = std::as_bytes(std::span(text));
    return {view.begin(), view.end()};
  }

  void add(const char* name, const std::string& file, const char* message, const char* tensor = "",
           ErrorCode code = ErrorCode::bad_model) {
    matrix_.cases.push_back(
        {.name = name, .files = {{"model.pte", bytes_of(file)}}, .code = code, .message = message, .tensor = tensor});
  }

  // The file with the number at one place replaced.
  void poke(const Text& from, const char* name, std::size_t at, std::uint64_t value, std::size_t width, const char* message,
            const char* tensor = "", ErrorCode code = ErrorCode::bad_model) {
    Text text = from;
    text.poke(at, value, width);
    add(name, text.bytes, message, tensor, code);
  }
  void poke(const char* name, std::size_t at, std::uint64_t value, std::size_t width, const char* message,
            const char* tensor = "", ErrorCode code = ErrorCode::bad_model) {
    poke(good_, name, at, value, width, message, tensor, code);
  }

  void add_header() {
    poke("identifier", 4, 'X', 1, "no ET12 identifier");
    poke("identifier-et13", 7, '3', 1, "no ET12 identifier");
    poke("header-too-short", Text::kHeaderSize, 23, 4, "extended header has a size");
    poke("header-of-2-gib", Text::kHeaderSize, 0x7fffffff, 4, "extended header has a size");
    poke("program-size-0", Text::kProgramSize, 0, 8, "program's size");
    poke("program-size-behind-the-file", Text::kProgramSize, good_.bytes.size() + 1, 8, "program's size");
    poke("program-size-2-63", Text::kProgramSize, std::uint64_t{1} << 63, 8, "program's size");
    poke("segment-base-in-the-program", Text::kSegmentBase, 64, 8, "segment base");
    poke("segment-base-2-63", Text::kSegmentBase, std::uint64_t{1} << 63, 8, "segment base");
    poke("no-segment-base", Text::kSegmentBase, 0, 8, "no segment base");
    poke("no-extended-header", Text::kHeader, 0, 4, "no segment base");
  }

  void add_flatbuffer() {
    poke("root-behind-the-program", 0, 0x7fffffff, 4, "broken");
    poke("program-cut-off", Text::kProgramSize, good_.program + 8, 8, "broken");
    poke("vtable-too-short", good_.vtable(good_.plan), 2, 2, "vtable");
    poke("plan-shorter-than-its-fields", good_.vtable(good_.plan) + 2, 8, 2, "field outside its table");
    poke("tensor-on-the-vtable-offset", good_.vtable(good_.tensors[1]) + 4, 2, 2, "field outside its table");
    poke("offset-count-2-30", good_.offsets_of_constants, 0x40000000, 4, "broken");
  }

  void add_segments() {
    const std::size_t first = good_.segments[0];
    poke("segment-behind-the-file", good_.field(first, 0), good_.bytes.size(), 8, "segment lies outside");
    poke("segment-offset-2-63", good_.field(first, 0), std::uint64_t{1} << 63, 8, "segment lies outside");
    poke("segment-size-2-63", good_.field(first, 1), std::uint64_t{1} << 63, 8, "segment lies outside");
    poke("segments-overlap", good_.field(good_.segments[1], 0), 16, 8, "two segments overlap");
    poke("constants-in-segment-9", good_.field(good_.constant_segment, 0), 9, 4, "segment that does not exist", kWeight);
    poke("constant-behind-its-segment", good_.offsets_of_constants + 4 + 8, 1024, 8, "outside their segment", kWeight);
    poke("constant-offset-2-64", good_.offsets_of_constants + 4 + 8, ~std::uint64_t{0}, 8, "outside their segment", kWeight);
  }

  void add_tensors() {
    const std::size_t tensor = good_.tensors[1];
    const std::size_t sizes = good_.field(tensor, 2) + good_.peek(good_.field(tensor, 2), 4);
    poke("data-buffer-9", good_.field(tensor, 5), 9, 4, "constants that do not exist", kWeight);
    poke("type-99", good_.field(tensor, 0), 99, 1, "type 99", kWeight, ErrorCode::unsupported);
    poke("type-minus-1", good_.field(tensor, 0), 0xff, 1, "type -1", kWeight, ErrorCode::unsupported);
    poke("storage-offset", good_.field(tensor, 1), 1, 4, "starts inside its values", kWeight);
    poke("negative-dimension", sizes + 4, 0xffffffff, 4, "negative dimension", kWeight);
    poke("dimension-2-31", sizes + 4, 0x7fffffff, 4, "outside their segment", kWeight);
    Text huge = good_;
    huge.poke(sizes + 4, 0x7fffffff, 4), huge.poke(sizes + 8, 0x7fffffff, 4);
    add("dimensions-2-62", huge.bytes, "outside their segment", kWeight);
    ExecutorchSpec deep = small_executorch();
    deep.tensors[1].sizes.assign(33, 1);
    add("33-dimensions", write_executorch(deep).bytes, "32 dimensions", kWeight);
    ExecutorchSpec external = small_executorch();
    external.tensors[1].external = true;
    add("values-elsewhere", write_executorch(external).bytes, "another file", kWeight, ErrorCode::unsupported);
    ExecutorchSpec state = small_executorch();
    state.tensors[1].is_mutable = true;
    add("first-state-in-no-list", write_executorch(state).bytes, "no list of mutable data", kWeight);
  }

  void add_constants_inside() {
    ExecutorchSpec spec = small_executorch();
    spec.constants_inside = true;
    const Text inside = write_executorch(spec);
    poke(inside, "data-buffer-9-inside", inside.field(inside.tensors[1], 5), 9, 4, "constants that do not exist", kWeight);
    poke(inside, "constant-shorter-than-its-tensor", inside.constants[1], 60, 4, "another size", kWeight);
    poke(inside, "constant-length-2-31", inside.constants[1], 0x7fffffff, 4, "broken");
  }

  void add_names() {
    poke("named-data-in-segment-9", good_.field(good_.named[0], 1), 9, 4, "segment that does not exist");
    ExecutorchSpec twice = small_executorch();
    twice.named.push_back(twice.named[0]);
    add("key-twice", write_executorch(twice).bytes, "one key");
    ExecutorchSpec other = small_executorch();
    other.named[0].first = "other";
    add("key-of-nothing", write_executorch(other).bytes, "another file", "forward/XnnpackBackend 0/value 1", ErrorCode::unsupported);
    // 80,000 values on one constant, each with the method's name in front of its own.
    XnnpackGraph graph{.values = std::vector<XnnpackValue>(80'000, {.dims = {4, 4}, .constant = 1}), .constants = {{"sha256", ""}}};
    ExecutorchSpec names = small_executorch();
    names.method = std::string(256, 'm');
    names.delegates[0].blob = write_xnnpack(graph).bytes;
    add("names-of-80000-values", write_executorch(names).bytes, "too many tensors", "", ErrorCode::unsupported);
  }

  void add_delegates() {
    poke("blob-in-segment-9", good_.field(good_.references[0], 1), 9, 4, "segment that does not exist", kDelegate);
    poke("blob-inside-that-is-not-there", good_.field(good_.references[0], 0), 0, 1, "blob does not exist", kDelegate);
    ExecutorchSpec spec = small_executorch();
    spec.delegates.push_back(spec.delegates[0]);
    spec.delegates[0].inside = spec.delegates[1].inside = true;
    Text two = write_executorch(spec);
    const std::size_t behind = two.blobs[1] - two.blobs[0] - 4 + 64;  // the first blob reaches into the second
    two.poke(two.blobs[0], behind, 4);
    add("blobs-overlap", two.bytes, "two blobs overlap", "forward/XnnpackBackend 1");
  }

  void add_blob() {
    const std::size_t blob = good_.data[kBlobSegment];
    poke("graph-behind-the-blob", blob + 10, 0x7fffffff, 4, "points outside", kDelegate);
    poke("graph-size-2-31", blob + 14, 0x7fffffff, 4, "points outside", kDelegate);
    poke("graph-size-0", blob + 14, 0, 4, "graph is broken", kDelegate);
    poke("constant-data-behind-the-blob", blob + 18, 0x7fffffff, 4, "points outside", kDelegate);
    poke("constant-data-size-2-63", blob + 22, std::uint64_t{1} << 63, 8, "points outside", kDelegate);
    poke("graph-identifier", blob + graph_.graph + 4, 'Y', 1, "graph is broken", kDelegate);
    poke("graph-identifier-xn02", blob + graph_.graph + 7, '2', 1, "graph is broken", kDelegate);
    poke("graph-root", blob + graph_.graph, 0x7fffffff, 4, "graph is broken", kDelegate);
  }

  void add_graph() {
    const std::size_t blob = good_.data[kBlobSegment];
    const auto in_blob = [&](std::size_t table, std::uint32_t id) { return good_.field(blob + table, id); };
    poke("constant-9-of-the-graph", in_blob(graph_.tensors[1], 3), 9, 4, "constants that do not exist", kDelegate);
    poke("value-that-is-no-tensor", in_blob(graph_.values[1], 0), 0, 1, "no tensor", kDelegate);
    poke("key-and-offset", in_blob(graph_.constants[0], 0), 0, 8, "two places", kDelegate);
    poke("neither-key-nor-offset", in_blob(graph_.constants[1], 0), ~std::uint64_t{0}, 8, "two places", kDelegate);
    poke("constant-behind-the-blob", in_blob(graph_.constants[1], 0), 1024, 8, "outside the blob", kDelegate);
    poke("constant-size-2-63", in_blob(graph_.constants[1], 1), std::uint64_t{1} << 63, 8, "outside the blob", kDelegate);
    poke("constants-of-the-graph-overlap", in_blob(graph_.constants[1], 1), 24, 8, "overlap", "forward/XnnpackBackend 0/value 2");
    XnnpackGraph deep{.values = {{.dims = std::vector<std::int32_t>(33, 1), .constant = 1}}, .constants = {{"", "v"}}};
    ExecutorchSpec spec = small_executorch();
    spec.delegates[0].blob = write_xnnpack(deep).bytes;
    add("33-dimensions-in-the-graph", write_executorch(spec).bytes, "32 dimensions", kDelegate);
  }

  void add_overlaps() {
    poke("constants-overlap-in-part", good_.offsets_of_constants + 4 + 16, 48, 8, "overlap", "forward/value 2");
    const std::size_t blob = good_.data[kBlobSegment];
    poke("graph-in-the-constants", blob + 18, graph_.graph, 4, "structure", "forward/XnnpackBackend 0/value 2");
  }

  static constexpr std::size_t kBlobSegment = 0;
  const XnnpackText graph_ = small_xnnpack();
  const ExecutorchText good_ = write_executorch(small_executorch());
  Matrix matrix_;
};

}  // namespace

Matrix executorch_matrix() { return ExecutorchBuilder().build(); }

}  // namespace nnlock::formats::malformed
