// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/cryptanalysis/audit.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <map>

#include "lab/cryptanalysis/known_schedule/evidence.hpp"
#include "lab/cryptanalysis/known_schedule/known_plaintext.hpp"
#include "lab/cryptanalysis/known_schedule/recover.hpp"
#include "lab/cryptanalysis/known_schedule/recover_256.hpp"
#include "lab/cryptanalysis/short_period/columns.hpp"
#include "lab/cryptanalysis/short_period/period.hpp"
#include "lab/cryptanalysis/statistics/stream_statistics.hpp"
#include "lab/failure.hpp"
#include "lab/random.hpp"
#include "lab/report/figures.hpp"
#include "nnlock/lock.hpp"

namespace nnlock::lab {
namespace {

constexpr double kRandomEntropy = 7.9;          // bits a byte; int8 weights have 6.7 to 7.6, exponents of floats 2 to 4
constexpr std::uint64_t kFewest = 2048;         // bytes that an entropy is taken of
constexpr std::uint64_t kPeriodBytes = 1 << 20;  // looked at for a period
constexpr unsigned kSweeps = 6;

// The least over places in the elements of each type: plain floats are random in the lower bytes of their mantissas too. `model` without its record.
double least_entropy(const Bytes& model, const std::vector<TensorInfo>& tensors) {
  std::map<std::pair<Dtype, std::uint64_t>, std::array<std::uint64_t, 256>> counts;
  for (const TensorInfo& tensor : tensors)
    for (std::uint64_t i = 0; i < tensor.length; ++i) ++counts[{tensor.dtype, i % element_width(tensor.dtype)}][std::to_integer<std::uint8_t>(model[tensor.offset + i])];
  double least = 8;
  for (const auto& [place, histogram] : counts) {
    std::uint64_t all = 0;
    for (const std::uint64_t count : histogram) all += count;
    if (all < kFewest) continue;
    const auto values = 256 - std::count(histogram.begin(), histogram.end(), 0u);
    least = std::min(least, entropy_of(histogram) + static_cast<double>(values - 1) / (2 * static_cast<double>(all) * std::log(2.0)));  // Miller and Madow, for few samples
  }
  return least;
}

std::string hex(const Key& key) {
  std::string text;
  for (const std::uint8_t byte : key.bytes) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", byte);
    text += digits;
  }
  return text;
}

// The attacks, one after the other, until one gets the weights.
class Attempts {
 public:
  Attempts(Audit& audit, const Bytes& file, const AuditOptions& options, const Log& log) : audit_(audit), file_(file), stream_(masked_stream(file)), options_(options), log_(log) {}

  void known_plaintext() {
    for (const std::size_t bits : {128u, 256u}) {
      step("known plaintext (zeros, ones), AES-" + std::to_string(bits), false, [&] { return from_hit(key_from_common_values(stream_, bits)); });
      for (const Path& base : options_.bases)
        step("known plaintext (" + base.filename().string() + "), AES-" + std::to_string(bits), false, [&] { return from_hit(key_from_base(stream_, read_file(base), bits)); });
    }
  }
  void short_period() {
    step("period of the key stream", false, [&]() -> std::string {
      const Prior prior = stored_prior(dtype_under_attack(stream_));
      const PeriodSearch search = find_period(stream_, prior, kPeriodBytes);
      if (!search.period) return "none found among " + std::to_string(search.lags);
      Random random(1, "columns");
      const auto columns = recover_columns(stream_, {prior, bias_prior()}, *search.period, kSweeps, random);
      const KeyStream repeats = repeated(columns);
      const std::string period = "period " + std::to_string(*search.period);
      if (evidence_for(stream_, generic_prior(prior.dtype), repeats(stream_.bytes.size())).each() < kLeastEvidence) return period + ", but its bytes stayed unknown";
      audit_.unlocked = unlock_published(file_, repeats);
      return period + ": ITS BYTES WERE FOUND, most or all of them";
    });
  }
  void ciphertext_only() {
    const auto stop = [this] { return spent(); };
    step("ciphertext only, AES-128", true, [&] {
      const Recovery found = recover_key(stream_, generic_prior(dtype_under_attack(stream_)), {.threads = options_.threads, .stop = stop});
      return from_key(found.key, counted(found.attempts.size(), "attempt") + ", 2^32 states a strand");
    });
    step("ciphertext only, AES-256", true, [&] {
      const Recovery256 found = recover_key_256(stream_, {.threads = options_.threads, .stop = stop});
      return from_key(found.key, std::to_string(found.tried) + " stretches of the file" + (found.complete ? "" : ", then the time was spent"));
    });
  }

 private:
  bool spent() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count() >= options_.seconds; }

  void step(const std::string& attack, bool in_time_only, const std::function<std::string()>& run) {
    if (audit_.unlocked) return;
    if (in_time_only && spent()) {
      audit_.steps.push_back({attack, "not tried: the time was spent", 0, false});
      return;
    }
    log_(attack);
    const auto begun = std::chrono::steady_clock::now();
    AuditStep step{attack, "", 0, true};
    try {
      step.outcome = run();
    } catch (const Failure& failure) {
      step.outcome = std::string("does not apply: ") + failure.what();
      step.tried = false;
    }
    step.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    audit_.steps.push_back(std::move(step));
  }
  std::string from_hit(const std::optional<KnownPlaintextHit>& hit) { return hit ? from_key(hit->key, hit->guess + " in " + hit->tensor) : "no guess held"; }
  std::string from_key(const std::optional<Key>& key, const std::string& how) {
    if (!key) return "no key (" + how + ")";
    audit_.key = key;
    audit_.unlocked = unlock_published(file_, *key);
    return "MASTER KEY FOUND (" + how + ")";
  }

  Audit& audit_;
  const Bytes& file_;
  MaskedStream stream_;
  const AuditOptions& options_;
  const Log& log_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

void judge_plain(Audit& result) {
  result.scheme = "none";
  result.verdict = Audited::not_locked;
  result.recognised = "no record, and parameters that look like weights (" + fixed(result.entropy, 2) + " bits a byte)";
  result.because = "Whoever has this file has the model.";
  result.next = {"Lock it with `nnlock lock`, and keep the key apart from the file.", "A file of which only a part is locked counts as not locked here."};
}

void judge_published(Audit& result, const Bytes& file, const AuditOptions& options, const Log& log) {
  result.scheme = "published";
  result.recognised = "no record, and parameters that look random (" + fixed(result.entropy, 2) + " bits a byte): as NN-Lock was published, without authentication";
  Attempts attempts(result, file, options, log);
  attempts.known_plaintext();
  attempts.short_period();
  attempts.ciphertext_only();
  result.verdict = result.unlocked ? Audited::broken : Audited::held;
  if (result.unlocked) {
    result.because = "The weights came out without the key" + std::string(result.key ? "; every other file under that key opens too." : ".");
    result.next = {"Lock the plain model anew with `nnlock lock` and a new key.", "Take every file that was locked under the old key for published."};
    return;
  }
  const bool all = std::all_of(result.steps.begin(), result.steps.end(), [](const AuditStep& step) { return step.tried; });
  result.because = std::string(all ? "" : "Not everything was tried. ") + "Nothing authenticates this file: weights can be changed without the key, and a second version under the same key would show what changed.";
  result.next = {"Give --base with a public model that this one may come from, and more --seconds.", "Lock the plain model anew with `nnlock lock` in any case: a scheme without a record cannot tell a changed file."};
}

std::string described(const ModelInfo& info) {
  const RecordInfo& record = *info.record;
  std::map<std::string, std::uint64_t> layouts;
  for (const TensorInfo& tensor : info.params) ++layouts[tensor.layout];
  std::string text = std::string("record of nnlock-v1, suite ") + (record.suite == Suite::aes256 ? "AES-256" : "ChaCha20") + ", " + counted(record.chunks, "tag") + "; layouts";
  for (const auto& [layout, count] : layouts) text += " " + layout + " " + std::to_string(count);
  return text;
}

// Numbers that stay numbers keep to their range; what is locked byte by byte must look random.
AuditStep statistics(Audit& result, const ModelInfo& info, const Bytes& file) {
  auto bytewise = info.params;
  std::erase_if(bytewise, [](const TensorInfo& tensor) { return tensor.layout != "bytes"; });
  std::uint64_t bytes = 0;
  for (const TensorInfo& tensor : bytewise) bytes += tensor.length;
  if (bytes < kFewest) return {"statistics of locked bytes", "hardly any stand in layout bytes", 0, false};
  result.entropy = least_entropy(without_record(file), bytewise);
  return {"statistics of locked bytes", fixed(result.entropy, 3) + " bits a byte in layout bytes (random: 8)", 0, true};
}

void judge_v1(Audit& result, const ModelInfo& info, const Bytes& file, const AuditOptions& options, const Log& log) {
  result.scheme = "nnlock-v1";
  result.recognised = described(info);
  const double share = info.param_bytes == 0 ? 0 : static_cast<double>(info.locked_bytes) / static_cast<double>(info.param_bytes);
  Attempts attempts(result, file, options, log);
  result.steps.push_back(statistics(result, info, file));
  attempts.known_plaintext();
  attempts.short_period();
  result.steps.push_back({"ciphertext only", "does not apply: the key stream is a cipher's, not a key schedule", 0, false});
  result.steps.push_back({"second version, changed bits", "do not apply: keys hang on the lock id of this file, and tags refuse changes", 0, false});
  if (share < 1) result.steps.push_back({"parameters left plain", percent(1 - share) + " % of the parameter bytes can be read by anyone", 0, true});
  result.verdict = result.unlocked ? Audited::broken : info.locked_bytes == 0 ? Audited::not_locked : Audited::held;
  result.because = result.unlocked ? "The weights came out, which this scheme must never let happen: report it (SECURITY.md)."
                                   : "What it rests on, with bounds, is in spec/security.md. The record itself was not authenticated here: that takes the key.";
  result.next = {"`nnlock verify` with the key says whether the file is as it was locked.", "Names, shapes and ranges of tensors stay readable; `nnlock inspect` shows them."};
}

}  // namespace

const char* to_string(Audited verdict) {
  switch (verdict) {
    case Audited::broken: return "BROKEN";
    case Audited::held: return "NOT BROKEN BY THESE ATTACKS";
    case Audited::not_locked: return "NOT LOCKED";
  }
  return "";
}

Audit audit(const Path& model, const AuditOptions& options, const Log& log) {
  const ModelInfo info = value_or_throw(inspect_file(model.string()));
  const Bytes file = read_file(model);
  Audit result{.file = model.filename().string(), .format = nnlock::to_string(info.format), .recognised = "", .scheme = ""};
  result.file_bytes = info.file_bytes;
  result.tensors = info.params.size();
  result.parameter_bytes = info.param_bytes;
  if (info.params.empty()) throw Failure(model.string() + ": it has no parameters", "give a file with weights");
  if (!info.record) result.entropy = least_entropy(file, info.params);
  if (info.record) judge_v1(result, info, file, options, log);
  else if (result.entropy < kRandomEntropy) judge_plain(result);
  else judge_published(result, file, options, log);
  return result;
}

std::string text_of(const Audit& audit) {
  const auto line = [](const std::string& head, const std::string& text) { return head + std::string(head.size() < 12 ? 12 - head.size() : 1, ' ') + text + "\n"; };
  std::string text = line("File", audit.file + ", " + audit.format + ", " + std::to_string(audit.file_bytes) + " bytes, " + counted(audit.tensors, "tensor"));
  text += line("Recognised", audit.recognised);
  std::string head = "Tried";
  for (const AuditStep& step : audit.steps) {
    text += line(head, step.attack + ": " + step.outcome + (step.tried && step.seconds >= 0.05 ? ", " + fixed(step.seconds, 1) + " s" : ""));
    head = "";
  }
  text += line("Verdict", to_string(audit.verdict)) + line("", audit.because);
  if (audit.key) text += line("", "master key " + hex(*audit.key));
  head = "Next";
  for (const std::string& item : audit.next) {
    text += line(head, item);
    head = "";
  }
  return text;
}

Json to_json(const Audit& audit) {
  Json json;
  json["file"] = audit.file;
  json["format"] = audit.format;
  json["file_bytes"] = audit.file_bytes;
  json["tensors"] = audit.tensors;
  json["parameter_bytes"] = audit.parameter_bytes;
  json["entropy"] = audit.entropy;
  json["scheme"] = audit.scheme;
  json["recognised"] = audit.recognised;
  json["steps"] = Json::Array();
  for (const AuditStep& step : audit.steps) {
    Json one;
    one["attack"] = step.attack;
    one["tried"] = step.tried;
    one["outcome"] = step.outcome;
    one["seconds"] = step.seconds;
    json["steps"].push_back(one);
  }
  json["verdict"] = to_string(audit.verdict);
  json["because"] = audit.because;
  json["master_key"] = audit.key ? Json(hex(*audit.key)) : Json();
  json["next"] = Json::array(audit.next);
  return json;
}

}  // namespace nnlock::lab
