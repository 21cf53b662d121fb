// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// A change of behaviour planted in a locked network without its key: chosen bits of chosen weights of the last layer are turned over in the locked
// file (cryptanalysis/malleability/flips.hpp), and whoever has the right key runs the result. Weights stay unknown to the attacker, their places do not.
#include <algorithm>
#include <optional>

#include "lab/attack.hpp"
#include "lab/cryptanalysis/malleability/flips.hpp"
#include "lab/failure.hpp"
#include "lab/malleability/section.hpp"

namespace nnlock::lab {
namespace {

// A device that has the key and loads any file.
class Device {
 public:
  Device(const Attacker& attacker, const Key& key, bool checks) : scheme_(attacker.scheme()), key_(key), checks_(checks), network_(attacker.network()) {}
  // The network that it runs; null when it refuses the file.
  Network* load_file(const Bytes& file) {
    ++loads_;
    try {
      load(*network_, checks_ ? scheme_.unlock(file, key_) : scheme_.unlock_unchecked(file, key_));
    } catch (const Failure&) {
      ++refused_;
      return nullptr;
    }
    scheme_.wire(*network_, key_);
    return network_.get();
  }
  std::int64_t loads() const { return loads_; }
  std::int64_t refused() const { return refused_; }

 private:
  const Scheme& scheme_;
  const Key& key_;
  bool checks_;
  std::shared_ptr<Network> network_;
  std::int64_t loads_ = 0, refused_ = 0;
};

// Shares of a set of labelled images.
struct Behaviour {
  double answered = 0;  // class `to`, of all images of class `from`, or of all images if `from` is none
  double others = 0;    // right answers to images of other classes than `from`, or than `to` if `from` is none
};

Behaviour behaviour(Network& network, const Images& images, std::optional<std::int64_t> from, std::int64_t to) {
  const auto answers = logits_of(network, images.pixels).argmax(1);
  const auto target = from ? images.labels == *from : torch::ones_like(images.labels, torch::kBool);
  const auto rest = images.labels != from.value_or(to);
  const auto share = [](const torch::Tensor& hits, const torch::Tensor& among) { return (hits & among).sum().item<double>() / std::max(1.0, among.sum().item<double>()); };
  return {share(answers == to, target), share(answers == images.labels, rest)};
}

Json to_json(const std::optional<Behaviour>& behaviour) {
  Json json;
  json["answered"] = behaviour ? Json(behaviour->answered) : Json();
  json["others"] = behaviour ? Json(behaviour->others) : Json();
  return json;
}

// The last layer in the locked file: where each weight is.
class LastLayer {
 public:
  LastLayer(const Attacker& attacker) {
    const std::string name = attacker.network()->units().back().name;
    for (const ParamSpan& span : stored_parameters(attacker.locked_file(), is_scale)) {
      if (span.name == name + ".weight") weight_ = span;
      if (span.name == name + ".bias") bias_ = span;
    }
    if (weight_.length == 0 || bias_.length == 0) throw Failure("the locked file has no layer " + name, "choose another model");
  }
  std::int64_t inputs() const { return static_cast<std::int64_t>(weight_.shape.at(1)); }
  bool is_int8() const { return weight_.dtype == Dtype::i8; }
  // Bit `bit` of a number, counted from the lowest.
  Flip bias(std::int64_t output, unsigned bit) const { return at(bias_, output, 4, bit); }
  Flip weight(std::int64_t output, std::int64_t input, unsigned bit) const { return at(weight_, output * inputs() + input, is_int8() ? 1 : 4, bit); }

 private:
  static Flip at(const ParamSpan& span, std::int64_t element, unsigned width, unsigned bit) {
    return {span.offset + static_cast<std::uint64_t>(element) * width + bit / 8, static_cast<std::uint8_t>(1u << bit % 8)};
  }
  ParamSpan weight_, bias_;
};

Bytes with(const std::vector<Flip>& flips, Bytes file) {
  for (const Flip& flip : flips) apply(flip, file);
  return file;
}

// Bit 30 of the bias, the highest of a float's exponent, makes it huge with the sign that it has; with bit 31 as well, with the other sign. (int32:
// 2^30 up or down.) Which of the two is up, nobody without the key can know: the device tells, and the second try is the other.
struct Pushed {
  std::vector<Flip> flips;
  int tries = 1;
};
std::optional<Pushed> pushed(Device& device, const LastLayer& layer, const Attacker& attacker, const Images& images, std::int64_t output, bool up) {
  const std::vector<Flip> first = {layer.bias(output, 30)}, second = {layer.bias(output, 30), layer.bias(output, 31)};
  Network* network = device.load_file(with(first, attacker.locked_file()));
  if (network == nullptr) return std::nullopt;
  const bool went_up = behaviour(*network, images, std::nullopt, output).answered > 0.5;
  return went_up == up ? Pushed{first, 1} : Pushed{second, 2};
}

// Minus the mean cross-entropy of images: those of class `from` should be `to`; all others, which count twice, should stay what they are.
// An image counts at most kMost, and as that when its logits are no numbers.
constexpr double kMost = 1e4;
double nearness(Network& network, const Images& images, std::int64_t from, std::int64_t to) {
  const auto target = images.labels == from;
  const auto wanted = torch::where(target, torch::full_like(images.labels, to), images.labels);
  const auto each = torch::log_softmax(logits_of(network, images.pixels), 1).gather(1, wanted.unsqueeze(1)).squeeze(1).nan_to_num(-kMost, -kMost, -kMost).clamp_min(-kMost);
  const auto mean = [&](const torch::Tensor& some) { return (each * some).sum().item<double>() / std::max(1.0, some.sum().item<double>()); };
  return mean(target) + 2 * mean(~target);
}

// Flips that make images of one class another, one after the other, each kept when the device's logits come nearer to that.
class Redirection {
 public:
  Redirection(Device& device, const LastLayer& layer, const Attacker& attacker, const Images& images, std::int64_t from, std::int64_t to, Random random)
      : device_(device), layer_(layer), attacker_(attacker), images_(images), from_(from), to_(to), random_(random) {}

  void search(std::int64_t tries) {
    const double before = best_ = score({}).value();
    int refused = 0;  // in a row
    for (std::int64_t i = 0; i < tries && refused < kPatience; ++i) {
      std::vector<Flip> next = flips_;
      next.push_back(candidate());
      const auto value = score(next);
      refused = value ? 0 : refused + 1;
      if (value && *value > best_) best_ = *value, flips_ = std::move(next);
    }
    gain_ = best_ - before;
  }
  const std::vector<Flip>& flips() const { return flips_; }
  double gain() const { return gain_; }  // in nearness, of the attacker's images

 private:
  static constexpr int kPatience = 20;  // a device that refuses that many files will not take any
  // Mostly weights of the two classes, sometimes a bias; bits that change a number much, but not beyond all others.
  Flip candidate() {
    const std::int64_t output = random_.below(2) == 0 ? from_ : to_;
    const auto one_of = [&](std::vector<unsigned> bits) { return bits[random_.below(bits.size())]; };
    if (random_.below(8) == 0) return layer_.bias(output, layer_.is_int8() ? one_of({9, 10, 11, 12, 13, 14}) : one_of({24, 25, 26, 31}));
    const auto input = static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(layer_.inputs())));
    return layer_.weight(output, input, layer_.is_int8() ? one_of({5, 6, 7}) : one_of({24, 25, 26, 31}));
  }
  std::optional<double> score(const std::vector<Flip>& flips) {
    Network* network = device_.load_file(with(flips, attacker_.locked_file()));
    return network == nullptr ? std::nullopt : std::optional(nearness(*network, images_, from_, to_));
  }

  Device& device_;
  const LastLayer& layer_;
  const Attacker& attacker_;
  const Images& images_;
  std::int64_t from_, to_;
  Random random_;
  std::vector<Flip> flips_;
  double best_ = 0, gain_ = 0;
};

class Malleability : public Attack {
 public:
  const AttackInfo& info() const override {
    static const AttackInfo info{.name = "malleability",
                                 .summary = "a change of behaviour planted in the locked file, without the key",
                                 .knows = {Knows::locked_file, Knows::architecture, Knows::training_data, Knows::loading_device},
                                 .budget = {{"classes", "2", "10", "classes to answer always, never, and as the next one"},
                                            {"tries", "60", "400", "files that a device is given for one redirection"},
                                            {"images", "200", "500", "labelled images that its logits are seen of"},
                                            {"authentication", "checked", "checked", "checked, or skipped: as if nnlock-v1 compared no tag"}}};
    return info;
  }
  std::string refusal(const Target& target) const override { return target.scheme->info().trained_under_key ? "the weights are not locked" : ""; }

  Json run(Attacker& attacker, const Judge& judge, const Budget& budget, const Log& log) const override {
    Device device(attacker, *judge.right_key, budget.text("authentication") != "skipped");
    const LastLayer layer(attacker);
    const Images images = attacker.training_data(budget.whole("images"));
    Json outcome;
    outcome["accuracy"] = judge.measure(*device.load_file(attacker.locked_file())).accuracy;
    for (std::int64_t c = 0; c < budget.whole("classes"); ++c) {
      log("class " + std::to_string(c));
      for (const bool always : {true, false}) outcome[always ? "always" : "never"].push_back(bias_pushed(device, layer, attacker, images, *judge.test, c, always));
      outcome["redirected"].push_back(redirected(device, layer, attacker, images, *judge.test, c, budget.whole("tries")));
    }
    outcome["files_loaded"] = device.loads();
    outcome["files_refused"] = device.refused();
    return outcome;
  }

  std::vector<Cell> cells(Effort effort) const override {
    std::vector<Cell> cells;
    const auto add = [&](const char* model, const char* scheme, Form form, std::map<std::string, std::string> with = {}) {
      cells.push_back({.attack = info().name, .dataset = "fashion", .model = model, .scheme = scheme, .form = form, .seed = 1, .effort = effort, .with = std::move(with)});
    };
    if (effort == Effort::smoke) {
      for (const char* scheme : {"nnlock-2022-128", "nnlock-v1"}) add("mlp", scheme, Form::float32);
      return cells;
    }
    for (const char* model : {"mlp", "lenet5"})
      for (const Form form : {Form::float32, Form::int8}) {
        for (const char* scheme : {"nnlock-2022-128", "nnlock-v1"}) add(model, scheme, form);
        add(model, "nnlock-v1", form, {{"authentication", "skipped"}});
      }
    return cells;
  }
  void report(const RecordSet& records, Page& page) const override { report_malleability(records, page); }

 private:
  static Json bias_pushed(Device& device, const LastLayer& layer, const Attacker& attacker, const Images& images, const Images& test, std::int64_t output, bool up) {
    Json json;
    json["class"] = output;
    const auto plan = pushed(device, layer, attacker, images, output, up);
    Network* network = plan ? device.load_file(with(plan->flips, attacker.locked_file())) : nullptr;
    json["refused"] = network == nullptr;
    json["tries"] = plan ? plan->tries : 1;
    json["after"] = to_json(network ? std::optional(behaviour(*network, test, std::nullopt, output)) : std::nullopt);
    json["before"] = to_json(behaviour(*device.load_file(attacker.locked_file()), test, std::nullopt, output));
    return json;
  }

  static Json redirected(Device& device, const LastLayer& layer, const Attacker& attacker, const Images& images, const Images& test, std::int64_t from, std::int64_t tries) {
    const std::int64_t to = (from + 1) % kClasses;
    Redirection redirection(device, layer, attacker, images, from, to, Random(attacker.seed(), "redirect " + std::to_string(from)));
    redirection.search(tries);
    Json json;
    json["from"] = from;
    json["to"] = to;
    json["flips"] = redirection.flips().size();
    json["gain"] = redirection.gain();
    json["after"] = to_json(behaviour(*device.load_file(with(redirection.flips(), attacker.locked_file())), test, from, to));
    json["before"] = to_json(behaviour(*device.load_file(attacker.locked_file()), test, from, to));
    return json;
  }
};

}  // namespace

const Attack& malleability() {
  static const Malleability attack;
  return attack;
}

}  // namespace nnlock::lab
