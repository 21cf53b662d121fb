// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/attack.hpp"

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "lab/failure.hpp"

namespace nnlock::lab {

const char* to_string(Knows knows) {
  switch (knows) {
    case Knows::locked_file: return "locked file";
    case Knows::architecture: return "architecture";
    case Knows::training_data: return "training data";
    case Knows::oracle: return "oracle";
    case Knows::public_base: return "public base";
  }
  return "";
}

namespace {

double number_in(const std::string& text, const std::string& name) {
  std::size_t used = 0;
  double value = 0;
  try {
    value = std::stod(text, &used);
  } catch (const std::exception&) {
    used = 0;
  }
  if (used == 0 || used != text.size() || !(std::abs(value) < 1e15)) throw Failure(name + " is no number: " + text, "give a number");
  return value;
}

}  // namespace

bool AttackInfo::knows_about(Knows what) const { return std::find(knows.begin(), knows.end(), what) != knows.end(); }

Budget::Budget(const AttackInfo& info, const Cell& cell) {
  for (const Parameter& parameter : info.budget) values_[parameter.name] = cell.effort == Effort::smoke ? parameter.smoke : parameter.full;
  for (const auto& [name, value] : cell.with) {
    if (!values_.contains(name)) throw Failure(info.name + " has no budget parameter " + name, "see nnlock-lab list");
    values_[name] = value;
  }
}

const std::string& Budget::text(const std::string& name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) throw std::logic_error("the attack did not declare the parameter " + name);
  return found->second;
}

std::int64_t Budget::whole(const std::string& name) const {
  const double value = real(name);
  if (value != static_cast<double>(static_cast<std::int64_t>(value))) throw Failure(name + " is no whole number: " + text(name), "give a whole number");
  return static_cast<std::int64_t>(value);
}

double Budget::real(const std::string& name) const { return number_in(text(name), name); }

std::vector<std::string> Budget::names(const std::string& name) const {
  std::vector<std::string> items;
  std::istringstream rest(text(name));
  for (std::string item; std::getline(rest, item, ',');) items.push_back(item);
  if (items.empty()) throw Failure(name + " is empty", "give at least one, separated by commas");
  return items;
}

std::vector<double> Budget::reals(const std::string& name) const {
  std::vector<double> values;
  for (const std::string& item : names(name)) values.push_back(number_in(item, name));
  return values;
}

Attacker::Attacker(const AttackInfo& info, Hands hands) : info_(info), hands_(std::move(hands)) {}

void Attacker::must_know(Knows what) const {
  if (!info_.knows_about(what)) throw std::logic_error(info_.name + " asks for what it does not declare: " + to_string(what));
}

const Bytes& Attacker::locked_file() const {
  must_know(Knows::locked_file);
  return hands_.locked_file;
}

std::shared_ptr<Network> Attacker::network(std::uint64_t number) const {
  must_know(Knows::architecture);
  return build_network(hands_.target.model, hands_.target.input, hands_.seed + (number + 1) * 1'000'003);
}

Images Attacker::training_data(std::int64_t count) {
  must_know(Knows::training_data);
  training_images_used_ = std::max(training_images_used_, std::min(count, training_size()));
  return random_share(*hands_.training, count, hands_.seed);
}

std::int64_t Attacker::training_size() const { return hands_.training->size(); }

torch::Tensor Attacker::ask_oracle(const torch::Tensor& pixels) {
  must_know(Knows::oracle);
  oracle_questions_ += pixels.size(0);
  return logits_of(*hands_.authorised, pixels);
}

Weights Attacker::public_base() const {
  must_know(Knows::public_base);
  return hands_.public_base();
}

std::shared_ptr<Network> network_under(const Key& key, const Attacker& attacker) {
  auto network = attacker.network();
  attacker.scheme().install(*network, attacker.locked_file(), key);
  return network;
}

std::string Attack::refusal(const Target&) const { return {}; }

void Attack::report(const RecordSet& records, Page& page) const {
  Table table{.columns = {"dataset", "model", "weights", "scheme", "record"}, .rows = {}};
  for (const Record& record : records) table.rows.push_back({record.dataset(), record.model(), record.weights(), record.scheme(), page.link(record)});
  page.table(table);
}

std::vector<Finding> Attack::findings(const RecordSet&, const Page&) const { return {}; }

std::string why_not(const Attack& attack, const Target& target) {
  if (attack.info().knows_about(Knows::public_base) && !target.has_public_base)
    return "it needs a public base model, and there is none for " + target.model + " on " + target.dataset;
  return attack.refusal(target);
}

const std::vector<const Attack*>& attacks() {
  static const std::vector<const Attack*> all = {&wrong_keys(), &fine_tuning(), &fine_tuning_public_base(), &repair(), &genetic(), &genetic_oracle(),
                                                 &genetic_weights(), &gradient(), &gradient_stream(), &hill_climbing(), &input_output(), &distillation()};
  return all;
}

const Attack& attack_named(const std::string& name) {
  for (const Attack* attack : attacks())
    if (attack->info().name == name) return *attack;
  throw Failure("no attack is called " + name, "see nnlock-lab list");
}

}  // namespace nnlock::lab
