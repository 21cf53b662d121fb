// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The OpenVINO codec. A model is a pair: the graph in XML, and a file of constants beside it, addressed by offset and size. The record is a
// comment behind the XML's root (spec/record-v1.md section 6).

#include <algorithm>
#include <string>

#include "formats/bytes.hpp"
#include "formats/codec.hpp"
#include "formats/file_names.hpp"
#include "formats/openvino_ir.hpp"
#include "formats/openvino_uses.hpp"
#include "formats/text_record.hpp"

namespace nnlock::formats {
namespace {

using openvino::ElementType;
using openvino::Ir;
using openvino::Value;

constexpr std::size_t kHead = 4096;  // bytes by which a format is recognised
constexpr TextRecord kComment("<!--nnlock:", "<!--nnlock:", "-->\n");

std::string_view without_space(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  return text;
}

// What stands behind an XML declaration and comments, as far as the head reaches.
std::string_view first_element(std::string_view head) {
  if (head.starts_with("\xef\xbb\xbf")) head.remove_prefix(3);
  if (head.starts_with("<?xml")) head.remove_prefix(std::min(head.find("?>"), head.size() - 2) + 2);
  head = without_space(head);
  while (head.starts_with("<!--")) {
    const auto end = head.find("-->");
    if (end == std::string_view::npos) return {};
    head = without_space(head.substr(end + 3));
  }
  return head;
}

bool starts_ir(std::string_view head) {
  const auto element = first_element(head);
  constexpr std::string_view root = "<net";
  return element.starts_with(root) && element.size() > root.size() && std::string_view(" \t\r\n/>").find(element[root.size()]) != std::string_view::npos;
}

Result<Ir> read_graph(std::span<const std::byte> image) {
  const auto text = kComment.restored_text(image);
  if (!text) return text.error();
  auto ir = openvino::read_ir(*text);
  if (ir && !starts_ir(text->substr(0, kHead)))
    return Error{.code = ErrorCode::bad_model, .message = "the net does not start within the first 4,096 bytes of the file", .offset = 0};
  return ir;
}

// Why a value stays readable; empty: it is a parameter.
std::string reason_for(const Value& value, const std::vector<std::string>& uses) {
  if (value.size == 0) return "it has no elements";
  if (value.kept != nullptr) return value.kept;
  if (value.type.kind == ElementType::Kind::never) return "text or truth values";
  if (const auto& use = uses[value.layer]; !use.empty()) return use;
  if (value.type.kind == ElementType::Kind::scale) return "scale of compressed weights";
  if (value.type.kind == ElementType::Kind::integer) return "integers of 32 and 64 bits are shapes, axes and indices";
  return {};
}

// Values on the same bytes are one; one use that must stay readable keeps all of it readable.
class Spans {
 public:
  explicit Spans(std::uint64_t size) : size_(size) {}

  Result<Structure> collect(Ir& ir, const std::vector<std::string>& uses) {
    auto& values = ir.values;
    std::stable_sort(values.begin(), values.end(), [](const Value& a, const Value& b) {
      return std::pair(a.offset, a.size) < std::pair(b.offset, b.size);
    });
    std::uint64_t end = 0;
    for (std::size_t first = 0, next = 0; first < values.size(); first = next) {
      while (next < values.size() && values[next].offset == values[first].offset && values[next].size == values[first].size) ++next;
      const Value& value = values[first];
      if (!inside(value.offset, value.size, size_))
        return refuse(value, "the constant lies outside the weights file, which has " + std::to_string(size_) + " bytes");
      if (value.size != 0 && value.offset < end) return refuse(value, "the constant overlaps another one in part");
      if (value.size != 0) end = value.offset + value.size;
      add(std::span(values).subspan(first, next - first), uses);
    }
    return std::move(structure_);
  }

 private:
  static Error refuse(const Value& value, std::string message) {
    return Error{.code = ErrorCode::bad_model, .message = std::move(message), .tensor = value.name, .offset = value.place};
  }

  void add(std::span<Value> same, const std::vector<std::string>& uses) {
    std::string name, reason;
    Dtype dtype = same.front().type.dtype;
    for (const Value& value : same) {
      if (name.size() < kLongestName) name.append(name.empty() ? "" : ", ").append(value.name);
      if (reason.empty()) reason = reason_for(value, uses);
      if (value.type.dtype != dtype) dtype = Dtype::opaque;
    }
    const Value& first = same.front();
    if (reason.empty())
      structure_.params.push_back({std::move(name), dtype, first.shape, first.offset, first.size, 1, {}});
    else
      structure_.constants.push_back({std::move(name), dtype, first.shape, first.offset, first.size, std::move(reason), 1});
  }

  static constexpr std::size_t kLongestName = 4096;  // many constants may share bytes
  std::uint64_t size_;
  Structure structure_;
};

class Openvino final : public Codec {
 public:
  Format format() const override { return Format::openvino; }

  bool recognises(std::span<const std::byte> head, std::uint64_t) const override {
    return starts_ir({reinterpret_cast<const char*>(head.data()), head.size()});
  }

  Result<std::uint64_t> structure_extent(const ByteSource& source) const override { return source.size(); }

  Result<std::optional<Embedded>> find_record(const ByteSource& source) const override { return kComment.find(source); }

  // A graph without constants is whole by itself.
  Result<Structure> parse(std::span<const std::byte> image) const override { return parse_files(Files(&image, 1)); }

  bool has_companions() const override { return true; }

  Result<std::vector<std::string>> companions(std::span<const std::byte> image, std::string_view main_name) const override {
    const auto ir = read_graph(image);
    if (!ir) return ir.error();
    if (ir->values.empty()) return std::vector<std::string>();
    auto weights = with_extension(main_name, ".bin");
    if (weights == main_name)
      return Error{.code = ErrorCode::bad_model,
                   .message = "the graph has the name that its weights file should have",
                   .hint = "name the pair NAME.xml and NAME.bin"};
    return std::vector<std::string>{std::move(weights)};
  }

  Result<Structure> parse_files(Files files) const override {
    if (files.empty() || files.size() > 2) return Error{.code = ErrorCode::usage, .message = "an IR has one or two files"};
    auto ir = read_graph(files.front());
    if (!ir) return ir.error();
    if (ir->values.empty() != (files.size() == 1))
      return Error{.code = ErrorCode::bad_model,
                   .message = files.size() == 1 ? "the graph needs a weights file" : "the graph needs no weights file",
                   .hint = "put NAME.bin beside NAME.xml"};
    const auto uses = openvino::readable_layers(*ir);
    if (!uses) return uses.error();
    return Spans(files.size() == 1 ? 0 : files.back().size()).collect(*ir, *uses);
  }

  Result<std::vector<Edit>> embed(std::span<const std::byte> image, std::span<const std::byte> record) const override {
    return kComment.embed(image, record);
  }

  std::uint64_t record_limit() const override { return TextRecord::limit(); }

  FormatFacts facts() const override {
    return {.format = Format::openvino,
            .title = "OpenVINO IR: graph in XML and weights",
            .files = "*.xml, with *.bin beside",
            .locked = "constants of floats and integers of up to 16 bits; weights and biases of older versions",
            .readable = "the graph; shapes, axes, indices, limits; ranges and scales of quantisation",
            .record = "a comment behind the root of the .xml",
            .limits = "versions 2 to 7, 10 and 11"};
  }
};

}  // namespace

const Codec& openvino_codec() {
  static const Openvino codec;
  return codec;
}

}  // namespace nnlock::formats
