// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The operand table. Operators and input numbers: openvinotoolkit/openvino, docs/articles_en/documentation/openvino-ir-format/operation-sets (all opsets),
// and the operators of IR versions 2 to 7 under their older names. Most of these operands are integers of 32 or 64 bits and stay readable by type;
// the table is for those that may also be floats or small integers.

#include <algorithm>
#include <array>

#include "formats/openvino_uses.hpp"

namespace nnlock::formats::openvino {
namespace {

struct Row {
  std::string_view type;
  std::uint8_t first, last;  // inputs
  const char* what;
};

// Sorted by operator. Inputs that stand in no row are data.
constexpr auto kRows = std::to_array<Row>({
    {"adaptiveavgpool", 1, 1, "shape"},
    {"adaptivemaxpool", 1, 1, "shape"},
    {"batchtospace", 1, 3, "block shape and crops"},
    {"bitwiseleftshift", 1, 1, "shift"},
    {"bitwiserightshift", 1, 1, "shift"},
    {"broadcast", 1, 2, "shape and axes"},
    {"bucketize", 1, 1, "limits"},
    {"col2im", 1, 2, "size"},
    {"convolutionbackpropdata", 2, 2, "shape"},
    {"crop", 1, 1, "shape"},
    {"ctcgreedydecoderseqlen", 1, 2, "lengths"},
    {"ctcloss", 1, 4, "lengths and labels"},
    {"cumsum", 1, 1, "axis"},
    {"dft", 1, 2, "axes and size"},
    {"embeddingbagoffsets", 1, 3, "indices"},
    {"embeddingbagoffsetssum", 1, 3, "indices"},
    {"embeddingbagpacked", 1, 1, "indices"},
    {"embeddingbagpackedsum", 1, 1, "indices"},
    {"embeddingsegmentssum", 1, 4, "indices"},
    {"eye", 0, 3, "size"},
    {"fakeconvert", 1, 2, "scale"},
    {"fakequantize", 1, 4, "range"},
    {"gather", 1, 2, "indices and axis"},
    {"gatherelements", 1, 1, "indices"},
    {"gathernd", 1, 1, "indices"},
    {"gathertree", 1, 3, "indices"},
    {"groupconvolutionbackpropdata", 2, 2, "shape"},
    {"grusequence", 2, 2, "lengths"},
    {"idft", 1, 2, "axes and size"},
    {"if", 0, 0, "condition"},
    {"interp", 1, 1, "size"},
    {"interpolate", 1, 3, "size, scales and axes"},
    {"irdft", 1, 2, "axes and size"},
    {"istft", 2, 4, "size"},
    {"loop", 0, 1, "trip count and condition"},
    {"lstmsequence", 3, 3, "lengths"},
    {"maximum", 0, 1, "limit"},
    {"minimum", 0, 1, "limit"},
    {"multiclassnms", 2, 2, "counts"},
    {"multinomial", 1, 1, "count"},
    {"mvn", 1, 1, "axes"},
    {"nonmaxsuppression", 2, 5, "limits"},
    {"normalizel2", 1, 1, "axes"},
    {"onehot", 1, 1, "depth"},
    {"pad", 1, 2, "pads"},
    {"power", 1, 1, "exponent"},
    {"priorbox", 0, 1, "size"},
    {"priorboxclustered", 0, 1, "size"},
    {"proposal", 2, 2, "size"},
    {"quantize", 1, 4, "range"},
    {"randomuniform", 0, 2, "shape and limits"},
    {"range", 0, 2, "range"},
    {"rdft", 1, 2, "axes and size"},
    {"reducel1", 1, 1, "axes"},
    {"reducel2", 1, 1, "axes"},
    {"reducelogicaland", 1, 1, "axes"},
    {"reducelogicalor", 1, 1, "axes"},
    {"reducemax", 1, 1, "axes"},
    {"reducemean", 1, 1, "axes"},
    {"reducemin", 1, 1, "axes"},
    {"reduceprod", 1, 1, "axes"},
    {"reducesum", 1, 1, "axes"},
    {"reshape", 1, 1, "shape"},
    {"reverse", 1, 1, "axes"},
    {"reversesequence", 1, 1, "lengths"},
    {"rnnsequence", 2, 2, "lengths"},
    {"roialign", 2, 2, "indices"},
    {"roialignrotated", 2, 2, "indices"},
    {"roll", 1, 2, "shift and axes"},
    {"scatterelementsupdate", 1, 1, "indices"},
    {"scatterelementsupdate", 3, 3, "axis"},
    {"scatterndupdate", 1, 1, "indices"},
    {"scatterupdate", 1, 1, "indices"},
    {"scatterupdate", 3, 3, "axis"},
    {"segmentmax", 1, 2, "indices"},
    {"select", 0, 0, "condition"},
    {"slice", 1, 4, "bounds, steps and axes"},
    {"slicescatter", 2, 5, "bounds, steps and axes"},
    {"spacetobatch", 1, 3, "block shape and pads"},
    {"split", 1, 1, "axis"},
    {"squeeze", 1, 1, "axes"},
    {"stft", 2, 3, "size and step"},
    {"stridedslice", 1, 3, "bounds and steps"},
    {"tile", 1, 1, "repeats"},
    {"topk", 1, 1, "count"},
    {"transpose", 1, 1, "order"},
    {"unsqueeze", 1, 1, "axes"},
    {"variadicsplit", 1, 2, "axis and lengths"},
});
static_assert(std::is_sorted(kRows.begin(), kRows.end(), [](const Row& a, const Row& b) { return a.type < b.type; }));

}  // namespace

const char* readable_operand(std::string_view type, std::size_t input) {
  auto row = std::lower_bound(kRows.begin(), kRows.end(), type, [](const Row& r, std::string_view t) { return r.type < t; });
  for (; row != kRows.end() && row->type == type; ++row)
    if (input >= row->first && input <= row->last) return row->what;
  return nullptr;
}

}  // namespace nnlock::formats::openvino
