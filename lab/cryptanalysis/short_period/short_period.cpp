// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// A key stream that begins anew after some bytes, from the locked file alone: how long it is, and which bytes it has.
#include <algorithm>

#include "lab/cryptanalysis/analysis.hpp"
#include "lab/cryptanalysis/known_schedule/evidence.hpp"
#include "lab/cryptanalysis/short_period/columns.hpp"
#include "lab/cryptanalysis/short_period/period.hpp"
#include "lab/cryptanalysis/short_period/section.hpp"
#include "lab/failure.hpp"

namespace nnlock::lab {
namespace {

double share(std::uint64_t part, std::uint64_t whole) { return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole); }

Json to_json(const PeriodSearch& search) {
  Json json;
  json["period_found"] = search.period.has_value();
  if (search.period) json["period"] = *search.period;
  json["lags"] = search.lags;
  json["strongest_lag"] = search.strongest_lag;
  json["correlation"] = search.correlation;
  json["z"] = search.z;
  return json;
}

// How full the columns were, of those that had anything.
Json samples_of(const std::vector<Column>& columns) {
  std::vector<std::uint64_t> samples;
  for (const Column& column : columns)
    if (column.samples > 0) samples.push_back(column.samples);
  std::sort(samples.begin(), samples.end());
  Json json;
  json["columns"] = samples.size();
  json["least"] = samples.empty() ? 0 : samples.front();
  json["median"] = samples.empty() ? 0 : samples[samples.size() / 2];
  json["greatest"] = samples.empty() ? 0 : samples.back();
  return json;
}

// What the columns are worth, by the plain model: the key byte of a place is what masks its weight.
Json verdict(const std::vector<Column>& columns, const MaskedStream& stream, const std::vector<std::uint8_t>& plain, const Prior& prior) {
  const std::uint64_t period = columns.size();
  std::vector<std::uint64_t> right_by_byte(prior.width());
  std::vector<bool> judged(period);
  std::uint64_t right = 0, filled = 0, readable = 0, elements = 0;
  bool period_holds = true;
  for (const auto& piece : stream.pieces) {
    if (piece.span.dtype != prior.dtype) continue;
    bool whole = true;
    for (std::uint64_t i = piece.at; i < piece.at + piece.span.length; ++i) {
      const std::size_t byte = byte_class(piece, i, prior.width());
      const std::uint8_t key_byte = stream.bytes[i] ^ plain[i];
      const bool holds = columns[i % period].key_byte == key_byte;
      if (i >= piece.at + period) period_holds &= key_byte == (stream.bytes[i - period] ^ plain[i - period]);
      right_by_byte[byte] += holds;
      whole = (byte == 0 || whole) && holds;
      if (byte + 1 == prior.width()) ++elements, readable += whole;
      if (!judged[i % period]) judged[i % period] = true, ++filled, right += holds;
    }
  }
  Json json;
  json["period_holds"] = period_holds;
  json["key_bytes_right"] = share(right, filled);
  json["weights_readable"] = share(readable, elements);
  // Of a float the last one has the sign and most of the exponent.
  for (const std::uint64_t count : right_by_byte) json["bytes_right"].push_back(share(count, elements));
  return json;
}

class ShortPeriod : public Analysis {
 public:
  const AttackInfo& info() const override {
    static const AttackInfo info{.name = "short-period",
                                 .summary = "the period of a key stream by correlation, then each of its bytes by the weights that it masks",
                                 .knows = {Knows::locked_file},
                                 .budget = {{"bytes", "262144", "1048576", "of the file looked at for the period; the columns take all"},
                                            {"sweeps", "3", "6", "over the columns; the first with the prior alone, the last takes the likeliest"}}};
    return info;
  }
  Json run(const Analyst& analyst, const Truth& truth, const Budget& budget, const Log& log) const override {
    const MaskedStream stream = masked_stream(analyst.locked());
    const Prior prior = stored_prior(dtype_under_attack(stream));
    const PeriodSearch search = find_period(stream, prior, static_cast<std::uint64_t>(budget.whole("bytes")));
    log(search.period ? "period " + std::to_string(*search.period) : "no period");
    Json outcome = to_json(search);
    outcome["dtype"] = std::string(to_string(prior.dtype));
    outcome["prior"] = prior.source;
    outcome["unlocks"] = false;
    if (!search.period) return outcome;
    Random random(analyst.seed(), "columns");
    const auto columns = recover_columns(stream, {prior, bias_prior()}, *search.period, static_cast<unsigned>(budget.whole("sweeps")), random);
    outcome["samples"] = samples_of(columns);
    outcome["verdict"] = verdict(columns, stream, plain_stream(truth.plain), prior);
    outcome["unlocks"] = unlock_published(analyst.locked(), repeated(columns)) == truth.plain;
    return outcome;
  }
  std::vector<Cell> cells(Effort effort) const override;
  std::string why_it_stopped(const Json& outcome) const override {
    return outcome.at("period_found").flag() ? "" : "no lag stands out: nothing in the file says that the key stream repeats";
  }
  void report(const RecordSet& records, Page& page) const override { report_short_period(records, page); }
};

std::vector<Cell> ShortPeriod::cells(Effort effort) const {
  std::vector<Cell> cells;
  const auto add = [&](const char* file, std::initializer_list<const char*> schemes) {
    for (const char* scheme : schemes) cells.push_back({.attack = info().name, .scheme = scheme, .file = file, .seed = 1, .effort = effort});
  };
  if (effort == Effort::smoke) {
    add("examples/models/fashion_float32.onnx", {"period-176", "nnlock-v1"});
    return cells;
  }
  for (const char* file : {"tflite/movenet_single_pose_lightning_ptq.tflite", "tflite/pretrainedResnet_large_int8.tflite", "tflite/ad01_int8.tflite", "tflite/vww_96_int8.tflite",
                           "tflite/person_detect.tflite", "tflite/pretrainedResnet_quant.tflite"})
    add(file, {"period-176", "period-240", "period-256", "period-4096", "period-65536", "nnlock-2022-128", "nnlock-v1"});
  for (const char* file : {"tflite/ad01_fp32.tflite", "tflite/vww_96_float.tflite"}) add(file, {"period-176", "period-4096", "period-65536", "nnlock-2022-128", "nnlock-v1"});
  return cells;
}

}  // namespace

const Analysis& short_period() {
  static const ShortPeriod analysis;
  return analysis;
}

}  // namespace nnlock::lab
