// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/record.hpp"

#include <chrono>
#include <ctime>

#include "lab/commit.hpp"  // written by the build
#include "lab/failure.hpp"

namespace nnlock::lab {
namespace {

constexpr std::int64_t kTestImagesPerClass = 100;

std::string now() {
  const std::time_t seconds = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

Json describe_attack(const Attack& attack, const Budget& budget) {
  Json json;
  json["name"] = attack.info().name;
  for (const Knows known : attack.info().knows) json["knows"].push_back(to_string(known));
  for (const auto& [name, value] : budget.all()) json["budget"][name] = value;
  return json;
}

Json describe_target(const Cell& cell, const Scheme& scheme, const Dataset& dataset, const TrainedModel& model) {
  Json json;
  json["model"] = cell.model;
  json["dataset"] = cell.dataset;
  json["training_set_share"] = dataset.training_share;
  json["training"] = model.training;
  json["network_seed"] = cell.network_seed;
  json["weights"] = to_string(cell.form);
  json["scheme"] = scheme.info().name;
  json["key_bits"] = scheme.info().key_bits;
  json["trained_under_key"] = scheme.info().trained_under_key;
  return json;
}

// The network of someone who has the right key.
std::shared_ptr<Network> authorised_network(const Attacker::Hands& hands, const Key& key) {
  auto network = build_network(hands.target.model, hands.target.input, 0);
  hands.target.scheme->install(*network, hands.locked_file, key);
  return network;
}

}  // namespace

Path record_of(const Cell& cell, const Path& records) { return records / (cell.name() + ".json"); }

bool run_cell(const Cell& cell, const Places& places, const Log& log) {
  const Path file = record_of(cell, places.records);
  if (std::filesystem::exists(file)) return false;
  const auto start = std::chrono::steady_clock::now();
  const Attack& attack = attack_named(cell.attack);
  const Budget budget(attack.info(), cell);
  const auto scheme = make_scheme(cell.scheme);
  Workshop workshop(places, log);
  const InputShape input = workshop.input_of(cell.dataset);
  Attacker::Hands hands{.target = {scheme.get(), cell.model, cell.dataset, cell.form, input, workshop.has_public_base(cell)}, .seed = cell.seed};
  std::string refusal = scheme->refusal(*build_network(cell.model, input, 0));
  if (refusal.empty()) refusal = why_not(attack, hands.target);
  if (!refusal.empty()) throw Failure(cell.name() + ": refused: " + refusal, "choose another target");

  const Key key = right_key(cell, *scheme);
  const TrainedModel model = workshop.trained(cell, *scheme, key);
  const Dataset& dataset = workshop.dataset(cell.dataset);
  hands.locked_file = scheme->lock(model.file, key, cell.seed);
  hands.training = &dataset.training;
  hands.authorised = authorised_network(hands, key);
  hands.public_base = [&] { return workshop.public_base(cell); };
  const Images test = balanced_subset(dataset.test, kTestImagesPerClass);

  Attacker attacker(attack.info(), std::move(hands));
  Json record;
  record["record"] = 1;  // the version of this form
  record["attack"] = describe_attack(attack, budget);
  record["target"] = describe_target(cell, *scheme, dataset, model);
  record["seed"] = cell.seed;
  record["effort"] = to_string(cell.effort);
  record["test_images"] = test.size();
  record["outcome"] = attack.run(attacker, Judge{&test, &key}, budget, log);
  record["used"]["training_images"] = attacker.training_images_used();
  record["used"]["oracle_questions"] = attacker.oracle_questions();
  record["command"] = cell.command();
  record["commit"] = kCommit;
  record["date"] = now();
  record["seconds"] = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  write_file(file, bytes_of(record.text()));
  return true;
}

}  // namespace nnlock::lab
