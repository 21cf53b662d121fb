// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The graph as text: magic, number of layers and blobs, then one layer a line. Before the magic number came, settings
// had no numbers; their place gave it. Stock readers take text that is laid out in other ways; nothing writes it, and it is refused.

#include <algorithm>
#include <charconv>
#include <optional>

#include "formats/ncnn_param.hpp"

namespace nnlock::formats::ncnn {
namespace {

constexpr std::size_t kLongestWord = 255;  // stock readers cut longer words in two
constexpr std::size_t kLongestValue = 15;

std::optional<std::int32_t> whole_number(std::string_view word) {
  std::int32_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return value;
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// What is left of one line.
class Words {
 public:
  explicit Words(std::string_view line) : left_(line) {}
  bool done() {
    left_.remove_prefix(std::min(left_.find_first_not_of(' '), left_.size()));
    return left_.empty();
  }
  std::string_view next() {
    if (done()) return {};
    return take(std::min(left_.find(' '), left_.size()));
  }
  // A text in quotes may hold spaces; without its end, it reaches to the end of the line.
  std::string_view next_setting() {
    if (done()) return {};
    const auto space = std::min(left_.find(' '), left_.size());
    const auto quote = left_.find("=\"");
    if (quote >= space) return take(space);
    const auto end = left_.find('"', quote + 2);
    return take(end == std::string_view::npos ? left_.size() : end + 1);
  }

 private:
  std::string_view take(std::size_t size) {
    const auto word = left_.substr(0, size);
    left_.remove_prefix(size);
    return word;
  }
  std::string_view left_;
};

// Elements of a list; -1 where one is empty or too long for stock readers.
std::int64_t list_length(std::string_view list) {
  std::int64_t length = 0;
  while (true) {
    const auto comma = std::min(list.find(','), list.size());
    if (comma == 0 || comma > kLongestValue) return -1;
    ++length;
    if (comma == list.size()) return length;
    list.remove_prefix(comma + 1);
    if (list.empty()) return length;  // a comma may stand at the end
  }
}

class TextGraph {
 public:
  explicit TextGraph(std::string_view text) : text_(text) {}

  Result<std::vector<Layer>> read() {
    if (auto head = read_head(); !head) return head.error();
    std::vector<Layer> layers;
    for (std::int32_t i = 0; i < layer_count_; ++i) {
      auto line = next_line();
      if (!line) return line.error();
      if (line->empty()) return refuse("the file ends before its last layer");
      auto layer = read_layer(*line);
      if (!layer) return layer.error();
      layers.push_back(*std::move(layer));
    }
    auto rest = next_line();
    if (!rest) return rest.error();
    if (!rest->empty()) return refuse("there are more layers than the file says");
    return layers;
  }

 private:
  Error refuse(std::string message, ErrorCode code = ErrorCode::bad_model) const {
    return Error{.code = code, .message = std::move(message) + " (line " + std::to_string(line_) + ")", .offset = line_start_};
  }

  Error refuse_layer(const Layer& layer, std::string message) const {
    auto error = refuse(std::move(message));
    error.tensor = layer.name;
    return error;
  }

  // The next line that is not blank, without its end; empty at the end of the file.
  Result<std::string_view> next_line() {
    while (at_ < text_.size()) {
      line_start_ = at_;
      ++line_;
      const auto end = std::min(text_.find('\n', at_), text_.size());
      auto line = text_.substr(at_, end - at_);
      at_ = std::min(end + 1, text_.size());
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (std::any_of(line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }))
        return refuse("a control character stands in the graph");
      if (line.find_first_not_of(' ') != std::string_view::npos) return line;
    }
    line_start_ = text_.size();
    return std::string_view();
  }

  Result<void> read_head() {
    auto line = next_line();
    if (!line) return line.error();
    Words words(*line);
    auto first = whole_number(words.next());
    if (first == kMagic && words.done()) {
      numbered_ = true;
      line = next_line();
      if (!line) return line.error();
      words = Words(*line);
      first = whole_number(words.next());
    }
    const auto blobs = whole_number(words.next());
    if (!first || !blobs || !words.done()) return refuse("the numbers of layers and blobs are not where they belong");
    if (*first <= 0 || *blobs <= 0) return refuse("the numbers of layers and blobs must be positive");
    if (static_cast<std::size_t>(*first) > kMaxLayers) return refuse("there are too many layers");
    layer_count_ = *first;
    blobs_left_ = *blobs;
    return {};
  }

  Result<Layer> read_layer(std::string_view line) {
    Words words(line);
    Layer layer;
    layer.offset = line_start_;
    const auto type = words.next();
    layer.name = words.next().substr(0, kLongestWord + 1);
    if (type.size() > kLongestWord || layer.name.size() > kLongestWord) return refuse("a name is longer than 255 characters");
    const auto inputs = whole_number(words.next()), outputs = whole_number(words.next());
    if (!inputs || !outputs || *inputs < 0 || *outputs < 0) return refuse_layer(layer, "a layer needs a type, a name and two counts");
    if (*outputs > blobs_left_) return refuse_layer(layer, "there are more blobs than the file says");
    blobs_left_ -= *outputs;
    for (std::int64_t left = std::int64_t{*inputs} + *outputs; left > 0; --left) {
      const auto blob = words.next();
      if (blob.empty()) return refuse_layer(layer, "there are fewer blobs than the layer says");
      if (blob.size() > kLongestWord) return refuse_layer(layer, "a name is longer than 255 characters");
    }
    if (auto found = find_type(layer, type); !found) return found.error();
    if (auto read = numbered_ ? read_numbered(layer, words) : read_placed(layer, words); !read) return read.error();
    return layer;
  }

  Result<void> find_type(Layer& layer, std::string_view name) const {
    layer.type = layer_type(name);
    if (layer.type != nullptr && (numbered_ || is_first_generation(*layer.type))) return {};
    auto error = refuse("layer type " + std::string(name) + " is not known" + (numbered_ ? "" : " in files without magic number"), ErrorCode::unsupported);
    error.tensor = layer.name;
    if (name.starts_with("pnnx.") || name.starts_with("nn.") || name.starts_with("F.") || name.starts_with("torch."))
      error.hint = "this is a graph of PNNX, another format: lock the pair of .ncnn.param and .ncnn.bin that pnnx writes";
    else
      error.hint = "a layer of your own may load weights in a way that nnlock cannot know";
    return error;
  }

  Result<void> read_numbered(Layer& layer, Words& words) const {
    while (!words.done()) {
      const auto word = words.next_setting();
      const auto equals = word.find('=');
      auto id = equals == std::string_view::npos ? std::nullopt : whole_number(word.substr(0, equals));
      if (!id) return refuse_layer(layer, "a setting has no number");
      const bool counted_list = *id <= -23300;
      if (counted_list) id = -(*id + 23300);
      if (*id < 0 || *id >= Settings::kCount) return refuse_layer(layer, "a setting's number is not 0 to 31");
      if (layer.settings.has(*id)) return refuse_layer(layer, "setting " + std::to_string(*id) + " stands twice");
      if (auto read = read_value(layer, *id, word.substr(equals + 1), counted_list); !read) return read.error();
    }
    return {};
  }

  Result<void> read_value(Layer& layer, int id, std::string_view value, bool counted_list) const {
    const auto wrong = [&] { return refuse_layer(layer, "the value of setting " + std::to_string(id) + " cannot be read"); };
    const auto other = [&]() -> Result<void> {
      layer.settings.set_other(id);
      return {};
    };
    if (value.empty()) return wrong();
    if (counted_list) {
      const auto comma = std::min(value.find(','), value.size());
      const auto length = whole_number(value.substr(0, comma));
      const auto listed = comma == value.size() ? 0 : list_length(value.substr(comma + 1));
      return length && *length >= 0 && listed == *length ? other() : wrong();
    }
    if (value.front() == '"') return value.size() > 1 && value.size() <= kLongestWord && value.back() == '"' ? other() : wrong();
    if (is_letter(value.front())) return value.size() <= kLongestWord ? other() : wrong();
    if (list_length(value) < 0) return wrong();
    if (value.find_first_of(",.eE") != std::string_view::npos) return other();
    const auto number = whole_number(value);
    if (!number) return wrong();
    layer.settings.set(id, *number);
    return {};
  }

  Result<void> read_placed(Layer& layer, Words& words) const {
    for (int id = 0; !words.done(); ++id) {
      const auto number = whole_number(words.next());
      if (id >= Settings::kCount) continue;  // a long list, of a layer that has no weights
      number ? layer.settings.set(id, *number) : layer.settings.set_other(id);
    }
    return {};
  }

  std::string_view text_;
  std::size_t at_ = 0, line_start_ = 0;
  std::uint64_t line_ = 0;
  bool numbered_ = false;
  std::int32_t layer_count_ = 0, blobs_left_ = 0;
};

}  // namespace

bool starts_text(std::string_view head) {
  const auto line = [&] {
    const auto end = std::min(head.find('\n'), head.size());
    const auto taken = head.substr(0, end);
    head.remove_prefix(std::min(end + 1, head.size()));
    return taken.ends_with('\r') ? taken.substr(0, taken.size() - 1) : taken;
  };
  Words first(line());
  const auto number = whole_number(first.next());
  if (number == kMagic) return first.done();
  const bool counts = number && whole_number(first.next()) && first.done();
  return counts && layer_type(Words(line()).next()) != nullptr;
}

Result<std::vector<Layer>> read_text(std::string_view text) { return TextGraph(text).read(); }

}  // namespace nnlock::formats::ncnn
