// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What a thief has who tries keys, or none: accuracy under random keys, under keys near the right one, and without unlocking, beside
// networks of random weights. Near keys are drawn by the judge; an attacker could not know which they are.
#include "lab/attack.hpp"
#include "lab/wrong_keys/random_networks.hpp"
#include "lab/wrong_keys/section.hpp"

namespace nnlock::lab {
namespace {

constexpr std::size_t kDistances[] = {1, 2, 4, 8, 16, 32, 64};

// The share of parameter bytes that are those of the right key.
double equal_share(Weights a, Weights b) {
  std::size_t equal = 0, all = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (is_scale(a[i].name)) continue;
    const auto left = values_of(a[i].value), right = values_of(b[i].value);
    for (std::size_t j = 0; j < left.size(); ++j) equal += left[j] == right[j];
    all += left.size();
  }
  return static_cast<double>(equal) / static_cast<double>(all);
}

class WrongKeys : public Attack {
 public:
  const AttackInfo& info() const override {
    static const AttackInfo info{.name = "wrong-keys",
                                 .summary = "random keys, keys near the right one, and no unlocking at all",
                                 .knows = {Knows::locked_file, Knows::architecture},
                                 .budget = {{"keys", "20", "100", "random keys"},
                                            {"near_keys", "3", "10", "keys at each Hamming distance 1, 2, 4 ... 64"},
                                            {"networks", "20", "100", "random networks of each kind to compare with"}}};
    return info;
  }

  Json run(Attacker& attacker, const Judge& judge, const Budget& budget, const Log& log) const override {
    Json outcome;
    const auto network = attacker.network();
    attacker.scheme().install(*network, attacker.locked_file(), *judge.right_key);
    outcome["right_key"] = to_json(judge.measure(*network));
    attacker.scheme().install_locked(*network, attacker.locked_file());
    outcome["no_unlocking"] = to_json(judge.measure(*network));
    log("random keys");
    const auto wrong = under_random_keys(attacker, judge, budget.whole("keys"));
    outcome["random_keys"] = to_json(wrong);
    const Summary summary = summarise(accuracies(wrong));
    outcome["against_chance"]["chance"] = 1.0 / kClasses;
    outcome["against_chance"]["standard_errors"] = summary.standard_error == 0 ? Json() : Json((summary.mean - 1.0 / kClasses) / summary.standard_error);
    log("near keys");
    for (const std::size_t distance : kDistances) outcome["near_keys"].push_back(near_keys(attacker, judge, distance, budget.whole("near_keys")));
    log("random networks");
    if (attacker.scheme().info().scramble != Scramble::none)
      outcome["random_networks"] = compared(random_networks(attacker, judge, budget.whole("networks")), wrong);
    outcome["initialised_networks"] = compared(initialised_networks(attacker, judge, budget.whole("networks")), wrong);
    return outcome;
  }

  std::vector<Cell> cells(Effort effort) const override;
  void report(const RecordSet& records, Page& page) const override { report_wrong_keys(records, page); }
  std::vector<Finding> findings(const RecordSet& records, const Page& page) const override { return findings_of_wrong_keys(records, page); }

 private:
  static std::vector<Answers> under_random_keys(Attacker& attacker, const Judge& judge, std::int64_t count) {
    Random random(attacker.seed(), "wrong keys");
    const auto network = attacker.network();
    std::vector<Answers> all;
    while (static_cast<std::int64_t>(all.size()) < count) {
      attacker.scheme().install(*network, attacker.locked_file(), random_key(judge.right_key->bits(), random));
      all.push_back(judge.measure(*network));
    }
    return all;
  }

  static Json near_keys(Attacker& attacker, const Judge& judge, std::size_t distance, std::int64_t count) {
    Random random(attacker.seed(), "near keys " + std::to_string(distance));
    const auto network = attacker.network();
    const Scheme& scheme = attacker.scheme();
    const Weights right = scheme.unlock(attacker.locked_file(), *judge.right_key);
    std::vector<Answers> all;
    std::vector<double> equal;
    while (static_cast<std::int64_t>(all.size()) < count) {
      const Key key = key_at_distance(*judge.right_key, distance, random);
      scheme.install(*network, attacker.locked_file(), key);
      all.push_back(judge.measure(*network));
      equal.push_back(equal_share(scheme.unlock(attacker.locked_file(), key), right));
    }
    Json json;
    json["distance"] = distance;
    json["answers"] = to_json(all);
    json["equal_bytes"] = to_json(summarise(equal));
    return json;
  }

  static std::vector<Answers> random_networks(Attacker& attacker, const Judge& judge, std::int64_t count) {
    Random random(attacker.seed(), "random networks");
    const auto network = attacker.network();
    const Weights right = attacker.scheme().unlock(attacker.locked_file(), *judge.right_key);  // for shapes and ranges, which are public
    std::vector<Answers> all;
    while (static_cast<std::int64_t>(all.size()) < count) {
      load(*network, random_weights(right, attacker.scheme().info().scramble, random));
      all.push_back(judge.measure(*network));
    }
    return all;
  }

  static std::vector<Answers> initialised_networks(Attacker& attacker, const Judge& judge, std::int64_t count) {
    std::vector<Answers> all;
    while (static_cast<std::int64_t>(all.size()) < count) all.push_back(judge.measure(*attacker.network(all.size() + 1)));
    return all;
  }

  static Json compared(const std::vector<Answers>& networks, const std::vector<Answers>& wrong) {
    Json json = to_json(networks);
    json["against_random_keys"] = to_json(compare(accuracies(networks), accuracies(wrong)));
    return json;
  }
};

std::vector<Cell> WrongKeys::cells(Effort effort) const {
  std::vector<Cell> cells;
  const auto add = [&](const char* dataset, const std::string& model, const char* scheme, Form form) {
    Cell cell{.attack = info().name, .dataset = dataset, .model = model, .scheme = scheme, .form = form, .effort = effort};
    // Random networks are those of nnlock-v1; random bytes, which the published scheme unlocks to, make int8 networks that are the same.
    if (effort == Effort::full && cell.scheme != "nnlock-v1") cell.with["networks"] = "0";
    cells.push_back(cell);
  };
  if (effort == Effort::smoke) {
    for (const char* scheme : {"nnlock-v1", "nnlock-2022-128", "hpnn-64"}) add("fashion", "mlp", scheme, Form::float32);
    add("fashion", "lenet5", "nnlock-v1", Form::int8);
    return cells;
  }
  const std::vector<const char*> datasets = {"fashion", "mnist", "cifar10"};
  for (const char* scheme : {"nnlock-v1", "nnlock-2022-128", "nnlock-2022-256"})
    for (const Form form : {Form::float32, Form::int8})
      for (const char* dataset : datasets)
        for (const std::string& model : model_names()) add(dataset, model, scheme, form);
  // Each needs a training of its own, so HPNN has fewer networks.
  for (const char* dataset : datasets)
    for (const char* model : {"mlp", "lenet5"}) add(dataset, model, "hpnn-128", Form::float32);
  for (const char* dataset : {"fashion", "cifar10"})
    for (const char* model : {"vgg", "resnet8"}) add(dataset, model, "hpnn-128", Form::float32);
  // Some milliseconds an image, so fewer keys.
  for (const std::string& model : public_model_names())
    for (const Form form : {Form::float32, Form::int8}) {
      add("cifar10", model, "nnlock-v1", form);
      cells.back().with = {{"keys", "30"}, {"near_keys", "1"}, {"networks", "15"}};
    }
  return cells;
}

}  // namespace

const Attack& wrong_keys() {
  static const WrongKeys attack;
  return attack;
}

}  // namespace nnlock::lab
