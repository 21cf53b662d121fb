// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The XML is read by expat, event by event: nothing recurses, however deeply elements are nested, and a document type is refused, so no
// entity can grow.

#include "formats/openvino_ir.hpp"

#include <expat.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <optional>

#include "formats/budget.hpp"

namespace nnlock::formats::openvino {
namespace {

constexpr std::size_t kDeepest = 64;           // elements inside one another
constexpr std::size_t kDeepestBody = 8;        // graphs inside one another
constexpr std::size_t kLongestPiece = 4 << 20;  // bytes from one '<' to the next; expat keeps a tag three times
constexpr std::size_t kMostEdges = 1 << 20;
constexpr std::size_t kLongestName = 4096;     // bytes
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 50;

std::optional<std::uint64_t> decimal(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool canonical = text.size() == 1 || !text.starts_with('0');
  if (error != std::errc() || end != text.data() + text.size() || !canonical) return std::nullopt;
  return value;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

// Where a piece that is too long starts.
std::optional<std::size_t> long_piece(std::string_view text) {
  for (std::size_t at = 0, next = 0; at < text.size(); at = next) {
    next = std::min(text.find('<', at + 1), text.size());
    if (next - at > kLongestPiece) return at;
  }
  return std::nullopt;
}

// "11, 64, 2048"; empty for a scalar.
std::optional<std::vector<std::uint64_t>> shape_of(std::string_view text) {
  std::vector<std::uint64_t> shape;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    auto word = text.substr(0, comma);
    while (word.starts_with(' ')) word.remove_prefix(1);
    const auto dim = decimal(word);
    if (!dim || shape.size() == 64) return std::nullopt;
    shape.push_back(*dim);
    if (comma + 1 == text.size()) return std::nullopt;
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return shape;
}

// What an element is, given what it stands in.
enum class Part : std::uint8_t { net, layers, layer, data, input, port, blobs, blob, edges, edge, other };

struct Edge {
  std::uint64_t from, to, port;
  std::uint64_t place;
};

// A graph that is being read: the whole network, or the body of a layer.
struct Graph {
  std::string path;                             // in front of its constants' names
  std::map<std::uint64_t, std::uint32_t> ids;   // id to layer
  std::vector<Edge> edges;
  bool has_layers = false, has_edges = false;
  std::uint32_t open_layer = kNone;             // the layer that is being read
  std::string name, precision;                  // of that layer
  std::uint64_t id = 0;
  bool is_constant = false, has_data = false, has_input = false, has_blobs = false;
};

class Attributes {
 public:
  explicit Attributes(const XML_Char** list) : list_(list) {}
  std::optional<std::string_view> get(std::string_view name) const {
    for (const XML_Char** at = list_; *at != nullptr; at += 2)
      if (name == *at) return std::string_view(at[1]);
    return std::nullopt;
  }

 private:
  const XML_Char** list_;
};

class IrReader {
 public:
  IrReader() : parser_(XML_ParserCreate("UTF-8")) {}

  Result<Ir> read(std::string_view text) {
    budget_ = Budget(text.size());
    if (const auto at = long_piece(text))
      return Error{.code = ErrorCode::unsupported, .message = "a piece of the XML is longer than 4 MiB", .offset = *at};
    if (parser_ == nullptr) return Error{.code = ErrorCode::io, .message = "no memory to read the XML"};
    XML_SetUserData(parser_.get(), this);
    XML_SetElementHandler(
        parser_.get(), [](void* self, const XML_Char* name, const XML_Char** attributes) { of(self).start(name, Attributes(attributes)); },
        [](void* self, const XML_Char*) { of(self).end(); });
    XML_SetXmlDeclHandler(parser_.get(), [](void* self, const XML_Char*, const XML_Char* encoding, int) { of(self).declare(encoding); });
    XML_SetStartDoctypeDeclHandler(parser_.get(), [](void* self, const XML_Char*, const XML_Char*, const XML_Char*, int) {
      of(self).refuse("the XML has a document type, which no IR has");
    });
    const auto status = XML_Parse(parser_.get(), text.data(), static_cast<int>(text.size()), XML_TRUE);
    if (error_) return *std::move(error_);
    if (status != XML_STATUS_OK)
      return Error{.code = ErrorCode::bad_model,
                   .message = std::string("the XML is broken: ") + XML_ErrorString(XML_GetErrorCode(parser_.get())),
                   .offset = place()};
    return std::move(ir_);
  }

 private:
  struct Free {
    void operator()(XML_Parser parser) const { XML_ParserFree(parser); }
  };

  static IrReader& of(void* self) { return *static_cast<IrReader*>(self); }

  std::uint64_t place() const { return static_cast<std::uint64_t>(std::max<XML_Index>(XML_GetCurrentByteIndex(parser_.get()), 0)); }

  void refuse(std::string message, ErrorCode code = ErrorCode::bad_model) { refuse_at(place(), std::move(message), code); }

  void refuse_at(std::uint64_t place, std::string message, ErrorCode code = ErrorCode::bad_model) {
    if (error_) return;
    const bool in_layer = !graphs_.empty() && graphs_.back().open_layer != kNone;
    error_ = Error{.code = code, .message = std::move(message), .tensor = in_layer ? graphs_.back().name : "", .offset = place};
    XML_StopParser(parser_.get(), XML_FALSE);
  }

  void exceed(const std::string& what) {
    if (error_) return;
    error_ = Budget::exceeded(what, place());
    XML_StopParser(parser_.get(), XML_FALSE);
  }

  void declare(const XML_Char* encoding) {
    if (encoding != nullptr && lower(encoding) != "utf-8") refuse("the XML is in another encoding than UTF-8", ErrorCode::unsupported);
  }

  void start(std::string_view name, const Attributes& attributes) {
    if (error_) return;
    if (parts_.size() == kDeepest) return refuse("elements are nested too deeply");
    const Part part = parts_.empty() ? root(name, attributes) : parts_.back() == Part::other ? Part::other : child(name, attributes);
    parts_.push_back(part);
  }

  void end() {
    if (error_) return;
    const Part part = parts_.back();
    parts_.pop_back();
    if (part == Part::layer) graphs_.back().open_layer = kNone;
    if (part == Part::net) close_graph();
  }

  Part root(std::string_view name, const Attributes& attributes) {
    const auto version = decimal(attributes.get("version").value_or(""));
    if (name != "net" || !version) {
      refuse("this is no IR: the root must be a net with a version");
    } else if (*version < 2 || *version > 11 || *version == 8 || *version == 9) {
      refuse("version " + std::to_string(*version) + " of the IR is not known", ErrorCode::unsupported);
    }
    older_ = version.value_or(0) < 10;
    graphs_.emplace_back();
    return Part::net;
  }

  Part child(std::string_view name, const Attributes& attributes) {
    Graph& graph = graphs_.back();
    switch (parts_.back()) {
      case Part::net:
        if (name == "layers") return once(graph.has_layers, Part::layers, name);
        if (name == "edges") return once(graph.has_edges, Part::edges, name);
        return Part::other;
      case Part::layers:
        if (name == "layer") open_layer(attributes);
        return name == "layer" ? Part::layer : Part::other;
      case Part::layer: return layer_child(graph, name, attributes);
      case Part::input:
        if (name == "port") add_port(attributes);
        return name == "port" ? Part::port : Part::other;
      case Part::blobs:
        add_blob(name, attributes);
        return Part::blob;
      case Part::edges:
        if (name == "edge") add_edge(attributes);
        return Part::edge;
      default: return Part::other;
    }
  }

  Part layer_child(Graph& graph, std::string_view name, const Attributes& attributes) {
    if (name == "input") return once(graph.has_input, Part::input, name);
    if (name == "blobs") {
      if (!older_) refuse("blobs stand in an IR of version 10 or later");
      return once(graph.has_blobs, Part::blobs, name);
    }
    if (name == "data") {
      const Part part = once(graph.has_data, Part::data, name);
      if (graph.is_constant && !older_ && !error_) add_constant(attributes);
      return part;
    }
    if (name != "body" && name != "then_body" && name != "else_body") return Part::other;
    if (graphs_.size() == kDeepestBody) refuse("bodies are nested too deeply");
    Layer& layer = ir_.layers[graph.open_layer];
    layer.has_body = true;
    std::string path = graph.path + layer.type.substr(0, 32) + "_" + std::to_string(graph.id) + "/" + std::string(name) + "/";
    graphs_.emplace_back().path = std::move(path);
    return Part::net;
  }

  // Readers take the first one of these; two would be two readings.
  Part once(bool& seen, Part part, std::string_view name) {
    if (seen) refuse("there are two elements " + std::string(name) + " where one belongs");
    seen = true;
    return part;
  }

  void open_layer(const Attributes& attributes) {
    Graph& graph = graphs_.back();
    const auto id = decimal(attributes.get("id").value_or(""));
    const auto type = attributes.get("type"), name = attributes.get("name");
    if (!id || !type || type->empty()) return refuse("a layer has no id or no type");
    if (type->size() > kLongestName || name.value_or("").size() > kLongestName) return refuse("a layer's name is too long");
    if (!budget_.take(Budget::kOperator + type->size() / Budget::kNameBytes)) return exceed("layers");
    const auto index = static_cast<std::uint32_t>(ir_.layers.size());
    graph.name = name.value_or("");
    graph.open_layer = index;
    if (!graph.ids.emplace(*id, index).second) return refuse("two layers have the id " + std::to_string(*id));
    ir_.layers.push_back({lower(*type), {}, place(), false});
    graph.id = *id;
    graph.precision = attributes.get("precision").value_or("").substr(0, kLongestName);
    graph.is_constant = *type == "Const";
    graph.has_data = graph.has_input = graph.has_blobs = false;
    if (!graph.is_constant && (ir_.layers.back().type == "const" || ir_.layers.back().type == "constant"))
      refuse("a constant's type must be written Const");
  }

  void add_port(const Attributes& attributes) {
    auto& inputs = ir_.layers[graphs_.back().open_layer].inputs;
    const auto id = decimal(attributes.get("id").value_or(""));
    if (!id || (!inputs.empty() && inputs.back().port >= *id)) return refuse("the ports of a layer are not in order");
    inputs.push_back({*id, kNone});
  }

  void add_constant(const Attributes& attributes) {
    const auto type = attributes.get("element_type"), shape = attributes.get("shape");
    if (!type || !shape) return refuse("a constant has no element type or no shape");
    auto dims = shape_of(*shape);
    if (!dims) return refuse("the shape of a constant cannot be read");
    add_value(graphs_.back().path + graphs_.back().name, *type, *std::move(dims), attributes);
  }

  // An older layer's weights, biases, or a constant's values: as many elements as the bytes hold.
  void add_blob(std::string_view name, const Attributes& attributes) {
    const Graph& graph = graphs_.back();
    if (name.size() > kLongestName) return refuse("a layer's name is too long");
    const auto full_name = graph.path + graph.name + (graph.is_constant ? "" : "/" + std::string(name));
    const bool packed = ir_.layers[graph.open_layer].type == "binaryconvolution" && name == "weights";
    add_value(full_name, packed ? "BIN" : attributes.get("precision").value_or(graph.precision), {}, attributes);
    if (!error_ && (name.ends_with("scale") || name.ends_with("scales"))) ir_.values.back().kept = "scale of quantisation";
  }

  void add_value(std::string name, std::string_view type_name, std::vector<std::uint64_t> shape, const Attributes& attributes) {
    const auto offset = decimal(attributes.get("offset").value_or("")), size = decimal(attributes.get("size").value_or(""));
    const ElementType* type = element_type(type_name);
    if (!offset || !size || *offset > kMostBytes || *size > kMostBytes) return refuse("a constant has no offset or no size");
    if (type == nullptr) return refuse("element type " + std::string(type_name.substr(0, 100)) + " is not known", ErrorCode::unsupported);
    if (older_) {
      const std::uint64_t bits = *size * 8;
      if (type->bits == 0 || bits % type->bits != 0) return refuse("the size is no whole number of elements");
      shape = {bits / type->bits};
    } else if (type->bits != 0 && bytes_of(shape, type->bits) != *size) {
      return refuse("the size does not fit the shape");
    }
    if (!budget_.take_tensor(shape.size(), name.size())) return exceed("constants");
    ir_.values.push_back({std::move(name), *type, std::move(shape), *offset, *size, place(), graphs_.back().open_layer, nullptr});
  }

  static std::optional<std::uint64_t> bytes_of(const std::vector<std::uint64_t>& shape, std::uint64_t bits) {
    if (std::find(shape.begin(), shape.end(), 0u) != shape.end()) return 0;
    for (const std::uint64_t dim : shape) {
      if (dim > kMostBytes / bits) return std::nullopt;
      bits *= dim;
    }
    return (bits + 7) / 8;
  }

  void add_edge(const Attributes& attributes) {
    const auto number = [&](std::string_view name) { return decimal(attributes.get(name).value_or("")); };
    const auto from = number("from-layer"), to = number("to-layer"), port = number("to-port");
    if (!from || !to || !port || !number("from-port")) return refuse("an edge needs two layers and two ports");
    if (++edges_ > kMostEdges) return refuse("there are too many edges", ErrorCode::unsupported);
    graphs_.back().edges.push_back({*from, *to, *port, place()});
  }

  void close_graph() {
    const Graph graph = std::move(graphs_.back());
    graphs_.pop_back();
    for (const Edge& edge : graph.edges) {
      const auto from = graph.ids.find(edge.from), to = graph.ids.find(edge.to);
      if (from == graph.ids.end() || to == graph.ids.end()) return refuse_at(edge.place, "an edge names a layer that is not there");
      auto& inputs = ir_.layers[to->second].inputs;
      const auto input = std::lower_bound(inputs.begin(), inputs.end(), edge.port, [](const Input& i, std::uint64_t p) { return i.port < p; });
      if (input == inputs.end() || input->port != edge.port) return refuse_at(edge.place, "an edge names a port that is not there");
      if (input->producer != kNone) return refuse_at(edge.place, "two edges lead to the same port");
      input->producer = from->second;
    }
  }

  std::unique_ptr<std::remove_pointer_t<XML_Parser>, Free> parser_;
  std::vector<Part> parts_;
  std::vector<Graph> graphs_;
  Budget budget_{0};
  std::size_t edges_ = 0;
  bool older_ = false;  // versions 2 to 7
  Ir ir_;
  std::optional<Error> error_;
};

}  // namespace

Result<Ir> read_ir(std::string_view text) { return IrReader().read(text); }

}  // namespace nnlock::formats::openvino
