// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What a process that unlocked a model leaves in its memory, as cells: keys, expanded keys and weights, looked for from outside at each step.
#include <algorithm>
#include <optional>
#include <set>

#include "kernels/kernel.hpp"
#include "lab/cryptanalysis/analysis.hpp"
#include "lab/cryptanalysis/side_channels/section.hpp"
#include "lab/cryptanalysis/side_channels/subject_process.hpp"
#include "lab/failure.hpp"
#include "lab/schemes/aes_schedule.hpp"
#include "lab/schemes/lock_file.hpp"
#include "lock/open.hpp"

namespace nnlock::lab {
namespace {

using Octets = std::vector<std::uint8_t>;

// Pieces of one kind of secret. Of each key both halves: whatever reuses its place first overwrites one of them.
struct Secret {
  std::string name;
  std::vector<Octets> needles;
};

Octets octets(std::span<const std::byte> bytes) {
  Octets out;
  for (const std::byte byte : bytes) out.push_back(std::to_integer<std::uint8_t>(byte));
  return out;
}

void add_halves(Secret& secret, const SecretBytes& key) {
  const Octets bytes = octets(key.reveal());
  secret.needles.emplace_back(bytes.begin(), bytes.begin() + 16);
  secret.needles.emplace_back(bytes.begin() + 16, bytes.end());
}

// What the kernels make of a key, each in its own layout: 64 bytes from the middle of it.
void add_expansions(Secret& secret, const SecretBytes& key, kernels::Suite suite) {
  for (const kernels::Kernel* kernel : kernels::compiled(suite)) {
    if (!kernels::runnable(*kernel)) continue;
    kernels::KeyState state;
    kernel->expand(octets(key.reveal()).data(), state);
    Octets middle(state.bytes + 64, state.bytes + 128);
    if (std::any_of(middle.begin(), middle.end(), [](std::uint8_t byte) { return byte != 0; })) secret.needles.push_back(std::move(middle));
  }
}

// 48 bytes from the middle of each tensor that are not all alike.
Secret weights_of(const Bytes& model) {
  Secret secret{"weights", {}};
  for (const ParamSpan& span : parameters_of(model)) {
    if (span.length < 256) continue;
    Octets piece = octets(std::span(model).subspan(span.offset + span.length / 2, 48));
    if (std::set<std::uint8_t>(piece.begin(), piece.end()).size() >= 16) secret.needles.push_back(std::move(piece));
  }
  return secret;
}

std::vector<Secret> secrets_of(const Bytes& locked, const Truth& truth) {
  namespace room = nnlock::lock;
  const formats::MemorySource source(locked);
  const auto found = value_or_throw(room::find_record(source, std::nullopt));
  const auto record = value_or_throw(room::parse_record(found.bytes));
  const MasterKey master = master_key(truth.key);
  const SecretBytes file_key = keys::derive_file_key(master.secret(), record.core.lock_id);
  const keys::KeySchedule schedule(file_key, record.core.lock_id);
  Secret of_master{"master key", {}}, of_file{"file key", {}}, subkeys{"subkeys", {}}, expanded{"expanded subkeys", {}};
  add_halves(of_master, master.secret());
  add_halves(of_file, file_key);
  add_halves(subkeys, schedule.record_key(record.core_hash));
  for (std::size_t t = 0; t < record.core.params.size(); ++t)
    for (const SecretBytes& key : {schedule.encryption_key(record.core_hash, t), schedule.tag_key(record.core_hash, t), schedule.auxiliary_key(record.core_hash, t)}) {
      add_halves(subkeys, key);
      add_expansions(expanded, key, static_cast<kernels::Suite>(record.core.suite));
    }
  return {std::move(of_master), std::move(of_file), std::move(subkeys), std::move(expanded), weights_of(truth.plain)};
}

Json searched(const std::string& step, const MemoryImage& image, const std::vector<Secret>& secrets) {
  Json json;
  json["step"] = step;
  for (const Secret& secret : secrets) {
    std::size_t places = 0;
    for (const Octets& needle : secret.needles) places += image.count(needle);
    std::string name = secret.name;
    std::replace(name.begin(), name.end(), ' ', '_');
    json["found"][name] = places > 0;
  }
  json["found"]["aes_256_schedules"] = !image.expanded_keys(256).empty();
  json["found"]["aes_128_schedules"] = !image.expanded_keys(128).empty();
  return json;
}

// What a library would leave that wipes nothing: one piece of each kind, and two expanded keys as FIPS 197 writes them.
Octets remains(const std::vector<Secret>& secrets, const Key& master) {
  Octets bytes;
  for (const Secret& secret : secrets)
    if (!secret.needles.empty()) bytes.insert(bytes.end(), secret.needles.front().begin(), secret.needles.front().end());
  const std::span<const std::uint8_t> key(master.bytes);
  for (const auto& schedule : {endless_schedule(key, 240), endless_schedule(key.first(16), 176)}) bytes.insert(bytes.end(), schedule.begin(), schedule.end());
  return bytes;
}

class MemorySearch : public Analysis {
 public:
  const AttackInfo& info() const override {
    static const AttackInfo info{.name = "memory-image",
                                 .summary = "keys, expanded keys and weights looked for in the memory of a process that unlocked a model and closed it",
                                 .knows = {Knows::locked_file, Knows::memory},
                                 .budget = {{"kernel", "best", "best", "NNLOCK_KERNEL of the process"}}};
    return info;
  }
  std::string refusal(const FileScheme& scheme) const override { return scheme.info().name == "nnlock-v1" ? "" : "no library wipes after the published lock"; }

  Json run(const Analyst& analyst, const Truth& truth, const Budget& budget, const Log& log) const override {
    const TemporaryFolder folder;
    write_file(folder.path() / "model", analyst.locked());
    const auto secrets = secrets_of(analyst.locked(), truth);
    SubjectProcess subject(folder.path() / "model", truth.key, budget.text("kernel") == "best" ? "" : budget.text("kernel"));
    Json outcome;
    const auto look = [&](char step, const char* name) {
      log(name);
      outcome["steps"].push_back(searched(name, subject.at(step), secrets));
    };
    look('k', "key loaded");
    subject.go_on();
    look('p', "unlocking");
    subject.go_on();
    look('u', "unlocked");
    subject.go_on();
    look('c', "closed");
    subject.leave_behind(remains(secrets, truth.key));
    look('l', "not wiped");
    subject.go_on();
    return outcome;
  }

  std::vector<Cell> cells(Effort effort) const override {
    std::vector<Cell> cells;
    const auto add = [&](const char* file, std::map<std::string, std::string> with) {
      cells.push_back({.attack = info().name, .scheme = "nnlock-v1", .file = file, .seed = 1, .effort = effort, .with = std::move(with)});
    };
    add("examples/models/fashion_int8.tflite", {});
    if (effort == Effort::smoke) return cells;
    for (const char* file : {"tflite/vww_96_int8.tflite", "tflite/ad01_fp32.tflite"})
      for (const char* kernel : {"best", "aes_ctr_portable"}) add(file, {{"kernel", kernel}});
    return cells;
  }
  std::string why_it_stopped(const Json& outcome) const override {
    for (std::size_t i = 0; i < outcome.at("steps").size(); ++i)
      if (const Json& step = outcome.at("steps").at(i); step.at("step").string() == "closed")
        for (const auto& [kind, found] : step.at("found").members())
          if (found.flag()) return {};
    return "after closing nothing is left of keys, schedules or weights";
  }
  void report(const RecordSet& records, Page& page) const override { report_memory_search(records, page); }
};

}  // namespace

const Analysis& memory_search() {
  static const MemorySearch analysis;
  return analysis;
}

}  // namespace nnlock::lab
