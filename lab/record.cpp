// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/record.hpp"

#include "lab/failure.hpp"
#include "lab/record_file.hpp"

namespace nnlock::lab {
namespace {

constexpr std::int64_t kTestImagesPerClass = 100;

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

bool run_cell(const Cell& cell, const Places& places, const Log& log) {
  if (std::filesystem::exists(record_of(cell, places.records))) return false;
  RecordFile record(cell, places.records);
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
  record.begin(attack.info(), budget, describe_target(cell, *scheme, dataset, model));
  record.json()["test_images"] = test.size();
  record.json()["outcome"] = attack.run(attacker, Judge{&test, &key}, budget, log);
  record.json()["used"]["training_images"] = attacker.training_images_used();
  record.json()["used"]["oracle_questions"] = attacker.oracle_questions();
  record.finish();
  return true;
}

}  // namespace nnlock::lab
