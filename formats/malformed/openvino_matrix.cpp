// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// OpenVINO IRs with one wrong field each.

#include <string>

#include "formats/malformed/matrix.hpp"
#include "formats/malformed/openvino_writer.hpp"

namespace nnlock::formats::malformed {
namespace {

struct Fault {
  const char* name;
  std::string from, to;
  const char* message;
  const char* tensor = "";
  ErrorCode code = ErrorCode::bad_model;
};

std::string deep(const char* open, const char* close, int depth) {
  std::string out;
  for (int i = 0; i < depth; ++i) out += open;
  for (int i = 0; i < depth; ++i) out += close;
  return out;
}

// Bodies inside bodies, each in a layer of its own.
std::string bodies(int depth) {
  return deep(R"(<layer id="0" name="loop" type="Loop"><body><layers>)", "</layers></body></layer>", depth);
}

std::vector<Fault> faults_of_xml() {
  using enum ErrorCode;
  const std::string nul(1, '\0');
  return {
      {"xml-cut-short", "</net>", "", "the XML is broken"},
      {"xml-tag-not-closed", "</layers>", "", "the XML is broken"},
      {"xml-two-roots", "</net>", "</net><net/>", "the XML is broken"},
      {"xml-text-behind-root", "</net>", "</net>x", "the XML is broken"},
      {"xml-attribute-twice", "name=\"weights\"", "name=\"weights\" name=\"w\"", "the XML is broken"},
      {"xml-entity-unknown", "name=\"weights\"", "name=\"&weights;\"", "the XML is broken"},
      {"xml-no-utf-8", "name=\"weights\"", "name=\"\xc0\xaf\"", "the XML is broken"},
      {"xml-zero-byte", "name=\"weights\"", "name=\"w" + nul + "\"", "zero byte"},
      {"xml-zero-character", "name=\"weights\"", "name=\"w&#0;\"", "the XML is broken"},
      {"xml-encoding", "version=\"1.0\"", "version=\"1.0\" encoding=\"utf-16\"", "another encoding", "", unsupported},
      {"xml-document-type", "<net name", "<!DOCTYPE net [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><net name", "document type"},
      {"xml-document-type-external", "<net name", "<!DOCTYPE net SYSTEM \"file:///etc/passwd\"><net name", "document type"},
      {"xml-tag-of-5-MiB", "name=\"weights\"", "name=\"weights\" more=\"" + std::string(5 << 20, 'x') + "\"", "longer than 4 MiB", "", unsupported},
      {"xml-nested-100-deep", "<edges>", deep("<a>", "</a>", 100) + "<edges>", "nested too deeply"},
      {"xml-nested-100000-deep", "<edges>", deep("<a>", "</a>", 100'000) + "<edges>", "nested too deeply"},
      {"bodies-nested-too-deeply", "<layers>\n", "<layers>\n" + bodies(9), "bodies are nested too deeply", "loop"},
      {"root-behind-a-long-comment", "<net name", "<!--" + std::string(5000, 'x') + "--><net name", "does not start within the first"},
      {"root-no-version", " version=\"11\"", "", "must be a net with a version"},
      {"root-version-no-number", " version=\"11\"", " version=\"eleven\"", "must be a net with a version"},
      {"root-version-1", " version=\"11\"", " version=\"1\"", "version 1 of the IR", "", unsupported},
      {"root-version-9", " version=\"11\"", " version=\"9\"", "version 9 of the IR", "", unsupported},
      {"root-version-12", " version=\"11\"", " version=\"12\"", "version 12 of the IR", "", unsupported},
      {"layers-twice", "<edges>", "<layers/><edges>", "two elements layers"},
      {"edges-twice", "</edges>", "</edges><edges/>", "two elements edges"},
  };
}

std::vector<Fault> faults_of_layers() {
  using enum ErrorCode;
  return {
      {"layer-no-id", "<layer id=\"1\"", "<layer", "no id or no type"},
      {"layer-id-negative", "<layer id=\"1\"", "<layer id=\"-1\"", "no id or no type"},
      {"layer-id-overflow", "<layer id=\"1\"", "<layer id=\"18446744073709551616\"", "no id or no type"},
      {"layer-id-with-zero-in-front", "<layer id=\"1\"", "<layer id=\"01\"", "no id or no type"},
      {"layer-id-twice", "<layer id=\"1\"", "<layer id=\"0\"", "two layers have the id 0", "weights"},
      {"layer-no-type", "type=\"Convolution\"", "", "no id or no type"},
      {"layer-type-empty", "type=\"Convolution\"", "type=\"\"", "no id or no type"},
      {"layer-name-of-1-MiB", "name=\"weights\"", "name=\"" + std::string(1 << 20, 'x') + "\"", "name is too long"},
      {"layer-type-const-in-lower-case", "type=\"Const\"", "type=\"const\"", "must be written Const", "weights"},
      {"ports-not-in-order", "<port id=\"0\"/><port id=\"1\"/>", "<port id=\"1\"/><port id=\"0\"/>", "ports of a layer", "convolution"},
      {"ports-twice", "<port id=\"0\"/><port id=\"1\"/>", "<port id=\"0\"/><port id=\"0\"/>", "ports of a layer", "convolution"},
      {"port-no-id", "<port id=\"0\"/><port id=\"1\"/>", "<port/><port id=\"1\"/>", "ports of a layer", "convolution"},
      {"input-twice", "</input>", "</input><input/>", "two elements input", "input"},
      {"data-twice", "<data element_type=\"f32\"", "<data/><data element_type=\"f32\"", "no element type", "weights"},
      {"data-twice-behind", "size=\"16\"/>", "size=\"16\"/><data/>", "two elements data", "weights"},
      {"edge-no-port", " to-port=\"0\"", "", "two layers and two ports"},
      {"edge-layer-unknown", "from-layer=\"0\"", "from-layer=\"99\"", "a layer that is not there"},
      {"edge-port-unknown", "to-port=\"1\"", "to-port=\"7\"", "a port that is not there"},
      {"edge-port-overflow", "to-port=\"1\"", "to-port=\"18446744073709551616\"", "two layers and two ports"},
      {"edge-twice", "to-port=\"1\"", "to-port=\"0\"", "two edges lead to the same port"},
      {"edge-cycle", "from-layer=\"0\"", "from-layer=\"4\"", "form a cycle"},
      {"edge-to-itself", "from-layer=\"0\"", "from-layer=\"2\"", "form a cycle"},
  };
}

std::vector<Fault> faults_of_constants() {
  using enum ErrorCode;
  return {
      {"constant-no-element-type", "element_type=\"f32\" shape=\"2, 2\"", "shape=\"2, 2\"", "no element type", "weights"},
      {"constant-element-type-unknown", "\"f32\" shape=\"2, 2\"", "\"f12\" shape=\"2, 2\"", "element type f12", "weights", unsupported},
      {"constant-element-type-wider", "\"f32\" shape=\"2, 2\"", "\"f64\" shape=\"2, 2\"", "does not fit the shape", "weights"},
      {"constant-no-shape", "shape=\"2, 2\"", "", "no shape", "weights"},
      {"shape-negative", "shape=\"2, 2\"", "shape=\"-2, 2\"", "shape of a constant", "weights"},
      {"shape-no-number", "shape=\"2, 2\"", "shape=\"2, x\"", "shape of a constant", "weights"},
      {"shape-comma-at-the-end", "shape=\"2, 2\"", "shape=\"2, 2,\"", "shape of a constant", "weights"},
      {"shape-larger", "shape=\"2, 2\"", "shape=\"2, 3\"", "does not fit the shape", "weights"},
      {"shape-smaller", "shape=\"2, 2\"", "shape=\"2, 1\"", "does not fit the shape", "weights"},
      {"shape-product-overflow", "shape=\"2, 2\"", "shape=\"4294967296, 4294967296\"", "does not fit the shape", "weights"},
      {"shape-product-overflow-to-right", "shape=\"2, 2\"", "shape=\"4611686018427387908\"", "does not fit the shape", "weights"},
      {"offset-missing", "offset=\"0\"", "", "no offset or no size", "weights"},
      {"offset-negative", "offset=\"0\"", "offset=\"-4\"", "no offset or no size", "weights"},
      {"offset-2-to-64", "offset=\"0\"", "offset=\"18446744073709551615\"", "no offset or no size", "weights"},
      {"offset-behind-the-end", "offset=\"0\"", "offset=\"64\"", "outside the weights file", "weights"},
      {"offset-in-another", "offset=\"0\"", "offset=\"8\"", "overlaps another one", "shape"},
      {"offset-of-another", "offset=\"16\"", "offset=\"12\"", "overlaps another one", "shape"},
      {"size-missing", "size=\"16\"", "", "no offset or no size", "weights"},
      {"size-in-hexadecimal", "size=\"16\"", "size=\"0x10\"", "no offset or no size", "weights"},
      {"size-zero", "size=\"16\"", "size=\"0\"", "does not fit the shape", "weights"},
      {"size-larger", "size=\"16\"", "size=\"20\"", "does not fit the shape", "weights"},
      {"size-of-u8-larger", "offset=\"32\" size=\"8\"", "offset=\"32\" size=\"9\"", "does not fit the shape", "packed"},
      {"blobs-in-new-version", "offset=\"0\" size=\"16\"/>", "offset=\"0\" size=\"16\"/><blobs/>", "blobs stand in an IR", "weights"},
  };
}

std::vector<NamedFile> pair(const std::string& graph, std::size_t weights) {
  const auto bytes = bytes_of(graph);
  return {{"model.xml", {bytes.begin(), bytes.end()}}, {"model.bin", Bytes(weights, std::byte{0x3d})}};
}

}  // namespace

Matrix openvino_matrix() {
  const auto good = good_ir();
  Matrix matrix{&openvino_codec(), pair(good, kGoodIrWeights), {}};
  for (const auto& faults : {faults_of_xml(), faults_of_layers(), faults_of_constants()})
    for (const auto& fault : faults)
      matrix.cases.push_back({fault.name, pair(with(good, fault.from, fault.to), kGoodIrWeights), fault.code, fault.message, fault.tensor});
  matrix.cases.push_back({"weights-cut-short", pair(good, 59), ErrorCode::bad_model, "outside the weights file", "scale"});
  matrix.cases.push_back({"weights-empty", pair(good, 0), ErrorCode::bad_model, "outside the weights file", "weights"});
  return matrix;
}

}  // namespace nnlock::formats::malformed
