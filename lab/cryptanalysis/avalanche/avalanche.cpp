// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// How much of the key stream changes when bits of the key do. A good one changes in half of its bits from the first byte on, however near the keys.
#include <algorithm>
#include <bit>

#include "lab/cryptanalysis/analysis.hpp"
#include "lab/cryptanalysis/avalanche/section.hpp"
#include "lab/failure.hpp"

namespace nnlock::lab {
namespace {

constexpr std::size_t kBlock = 16;  // bytes of a round key

std::size_t standard_bytes(std::size_t key_bits) { return kBlock * (key_bits / 32 + 7); }  // of the expanded key of FIPS 197

using Stream = std::vector<std::uint8_t>;

// What the key does to `length` bytes: the key stream, or where it cannot be had by itself, the same weights locked. There only int8 tensors count, which
// every scheme masks byte by byte; two such streams differ where the key streams do.
Stream stream_under(const Key& key, const Analyst& analyst, const Bytes& plain, std::size_t length) {
  if (const KeyStream stream = analyst.scheme().key_stream(key)) return stream(length);
  if (plain.empty()) throw Failure(analyst.scheme().info().name + " shows its key stream in locked files only", "name a model with int8 weights: --file");
  const MaskedStream masked = masked_stream(analyst.scheme().lock(plain, key, analyst.seed()));
  Stream bytes;
  for (const auto& piece : masked.pieces)
    if (piece.span.dtype == Dtype::i8)
      for (std::uint64_t i = 0; i < piece.span.length && bytes.size() < length; ++i) bytes.push_back(masked.bytes[piece.at + i]);
  return bytes;
}

struct Tally {
  std::vector<double> blocks;              // differing bits in each block of the standard's length, over all keys
  std::vector<double> later, equal_bytes;  // shares behind it, one a key

  void add(const Stream& a, const Stream& b) {
    std::vector<unsigned> bits(a.size());
    for (std::size_t i = 0; i < a.size(); ++i) bits[i] = static_cast<unsigned>(std::popcount(static_cast<unsigned>(a[i] ^ b[i])));
    const std::size_t standard = kBlock * blocks.size();
    for (std::size_t i = 0; i < standard; ++i) blocks[i / kBlock] += bits[i];
    double sum = 0, equal = 0;
    for (std::size_t i = standard; i < bits.size(); ++i) sum += bits[i], equal += bits[i] == 0;
    const double count = static_cast<double>(bits.size() - standard);
    later.push_back(sum / (8 * count));
    equal_bytes.push_back(equal / count);
  }
};

Json spread_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  Json json;
  json["mean"] = sum / static_cast<double>(values.size());
  json["least"] = *std::min_element(values.begin(), values.end());
  json["greatest"] = *std::max_element(values.begin(), values.end());
  return json;
}

Json to_json(std::size_t distance, Tally tally) {
  for (double& bits : tally.blocks) bits /= 8.0 * kBlock * static_cast<double>(tally.later.size());
  Json json;
  json["distance"] = distance;
  json["standard_blocks"] = Json::array(tally.blocks);
  json["later"] = spread_of(tally.later);
  json["equal_bytes"] = spread_of(tally.equal_bytes);
  return json;
}

class Avalanche : public Analysis {
 public:
  const AttackInfo& info() const override {
    static const AttackInfo info{.name = "avalanche",
                                 .summary = "the key stream under keys that differ in a few bits",
                                 .knows = {},
                                 .budget = {{"keys", "5", "100", "pairs of keys at each distance"},
                                            {"distances", "1,8,64", "1,2,4,8,16,32,64", "key bits flipped"},
                                            {"bytes", "4096", "65536", "of the key stream looked at"}}};
    return info;
  }
  Json run(const Analyst& analyst, const Truth& truth, const Budget& budget, const Log&) const override {
    const std::size_t key_bits = analyst.scheme().info().key_bits, standard = standard_bytes(key_bits);
    const auto length = static_cast<std::size_t>(budget.whole("bytes"));
    std::vector<double> distances = budget.reals("distances");
    std::vector<Tally> tallies(distances.size(), Tally{.blocks = std::vector<double>(standard / kBlock), .later = {}, .equal_bytes = {}});
    Random random(analyst.seed(), "avalanche keys");
    std::size_t bytes = 0;
    for (std::int64_t i = 0; i < budget.whole("keys"); ++i) {
      const Key key = random_key(key_bits, random);
      const Stream stream = stream_under(key, analyst, truth.plain, length);
      bytes = stream.size();
      if (bytes <= standard) throw Failure("only " + std::to_string(bytes) + " bytes of key stream to compare", "choose a larger model, or more bytes");
      for (std::size_t j = 0; j < distances.size(); ++j)
        tallies[j].add(stream, stream_under(key_at_distance(key, static_cast<std::size_t>(distances[j]), random), analyst, truth.plain, length));
    }
    Json outcome;
    outcome["seen_in"] = analyst.scheme().key_stream(truth.key) ? "key stream" : "locked int8 weights";
    outcome["bytes"] = bytes;
    outcome["standard_bytes"] = standard;
    for (std::size_t j = 0; j < distances.size(); ++j) outcome["distances"].push_back(to_json(static_cast<std::size_t>(distances[j]), tallies[j]));
    return outcome;
  }
  std::vector<Cell> cells(Effort effort) const override {
    std::vector<Cell> cells;
    const auto add = [&](const char* scheme, const char* file) { cells.push_back({.attack = info().name, .scheme = scheme, .file = file, .seed = 1, .effort = effort}); };
    add("nnlock-2022-128", "");
    if (effort == Effort::full) add("nnlock-2022-256", "");
    add("nnlock-v1", effort == Effort::full ? "tflite/vww_96_int8.tflite" : "examples/models/fashion_int8.tflite");
    return cells;
  }
  std::string why_it_stopped(const Json& outcome) const override {
    double most = 0;  // share of bytes that stay equal, on average; one of 256 does by chance
    for (std::size_t i = 0; i < outcome.at("distances").size(); ++i) most = std::max(most, outcome.at("distances").at(i).at("equal_bytes").at("mean").number());
    return most < 0.01 ? "at each distance as many bytes stay equal as under unrelated keys" : "";
  }
  void report(const RecordSet& records, Page& page) const override { report_avalanche(records, page); }
};

}  // namespace

const Analysis& avalanche() {
  static const Avalanche analysis;
  return analysis;
}

}  // namespace nnlock::lab
