// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The ncnn codec. A model is a pair: a graph, as text or binary, and a stream of weights beside it. The record goes into the
// graph's file, as its last line or behind it (spec/record-v1.md section 6).

#include <algorithm>
#include <array>
#include <string>

#include "formats/codec.hpp"
#include "formats/file_names.hpp"
#include "formats/ncnn_param.hpp"
#include "formats/ncnn_weights.hpp"
#include "formats/tail_record.hpp"
#include "formats/text_record.hpp"

namespace nnlock::formats {
namespace {

using ncnn::Layer;

constexpr std::size_t kHead = 4096;  // bytes by which a format is recognised
constexpr TailRecord kTail("NNLOCKN1");
constexpr TextRecord kLine("\n#nnlock ", "#nnlock", "\n");

Result<std::vector<Layer>> read_graph(std::span<const std::byte> image) {
  if (!ncnn::starts_binary(image)) {
    const auto text = kLine.restored_text(image);
    if (!text) return text.error();
    auto layers = ncnn::read_text(*text);
    if (layers && !ncnn::starts_text(text->substr(0, kHead)))
      return Error{.code = ErrorCode::bad_model, .message = "the graph does not start within the first lines of the file", .offset = 0};
    return layers;
  }
  const auto restored = kTail.restored_size(MemorySource(image));
  if (!restored) return restored.error();
  if (*restored != image.size())
    return Error{.code = ErrorCode::already_locked, .message = "the model holds a record already", .offset = *restored};
  return ncnn::read_binary(image);
}

Result<bool> has_weights(std::span<const Layer> layers) {
  bool some = false;
  for (const Layer& layer : layers) {
    const auto weights = ncnn::weights_of(layer);
    if (!weights) return weights.error();
    some = some || !weights->empty();
  }
  return some;
}

Result<bool> is_binary(const ByteSource& source) {
  std::array<std::byte, 4> head{};
  const auto readable = std::span(head).first(static_cast<std::size_t>(std::min<std::uint64_t>(source.size(), head.size())));
  if (auto read = source.read(0, readable); !read) return read.error();
  return ncnn::starts_binary(readable);
}

class Ncnn final : public Codec {
 public:
  Format format() const override { return Format::ncnn; }

  bool recognises(std::span<const std::byte> head, std::uint64_t) const override {
    return ncnn::starts_binary(head) || ncnn::starts_text({reinterpret_cast<const char*>(head.data()), head.size()});
  }

  Result<std::uint64_t> structure_extent(const ByteSource& source) const override { return source.size(); }

  Result<std::optional<Embedded>> find_record(const ByteSource& source) const override {
    const auto binary = is_binary(source);
    if (!binary) return binary.error();
    return *binary ? kTail.find(source) : kLine.find(source);
  }

  // A graph whose layers load no weights is whole by itself.
  Result<Structure> parse(std::span<const std::byte> image) const override { return parse_files(Files(&image, 1)); }

  bool has_companions() const override { return true; }

  Result<std::vector<std::string>> companions(std::span<const std::byte> image, std::string_view main_name) const override {
    const auto layers = read_graph(image);
    if (!layers) return layers.error();
    const auto some = has_weights(*layers);
    if (!some) return some.error();
    if (!*some) return std::vector<std::string>();
    constexpr std::string_view binary = ".param.bin";
    const auto stem = main_name.ends_with(binary) ? main_name.substr(0, main_name.size() - 4) : main_name;
    auto weights = with_extension(stem, ".bin");
    if (weights == main_name)
      return Error{.code = ErrorCode::bad_model,
                   .message = "the graph has the name that its weights file should have",
                   .hint = "name the pair NAME.param or NAME.param.bin, and NAME.bin"};
    return std::vector<std::string>{std::move(weights)};
  }

  // Tags between the weights say how they are stored.
  std::uint64_t companion_extent(const ByteSource& source) const override { return source.size(); }

  Result<Structure> parse_files(Files files) const override {
    if (files.empty() || files.size() > 2) return Error{.code = ErrorCode::usage, .message = "an ncnn model has one or two files"};
    const auto layers = read_graph(files.front());
    if (!layers) return layers.error();
    const auto some = has_weights(*layers);
    if (!some) return some.error();
    if (*some == (files.size() == 2)) return ncnn::find_weights(*layers, *some ? files.back() : std::span<const std::byte>());
    return Error{.code = ErrorCode::bad_model,
                 .message = *some ? "the graph needs a weights file" : "the graph needs no weights file",
                 .hint = "put NAME.bin beside NAME.param"};
  }

  Result<std::vector<Edit>> embed(std::span<const std::byte> image, std::span<const std::byte> record) const override {
    return ncnn::starts_binary(image) ? kTail.embed(image, record) : kLine.embed(image, record);
  }

  std::uint64_t record_limit() const override { return TextRecord::limit(); }

  FormatFacts facts() const override {
    return {.format = Format::ncnn,
            .title = "ncnn: graph (text, or binary) and weights",
            .files = "*.param, *.param.bin, with *.bin beside",
            .locked = "all weights and biases: float32, float16, int8, and tables with indices",
            .readable = "the graph; tags between the weights; scales of int8 models",
            .record = "last line of the .param, or behind the .param.bin",
            .limits = "layers of your own and graphs of PNNX are refused: how they store weights is not known"};
  }
};

}  // namespace

const Codec& ncnn_codec() {
  static const Ncnn codec;
  return codec;
}

}  // namespace nnlock::formats
