// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/schemes/scheme.hpp"

#include <functional>

#include "lab/failure.hpp"
#include "lab/weights/forms.hpp"

namespace nnlock::lab {
namespace {

struct Maker {
  const char* name;
  std::function<std::unique_ptr<Scheme>()> make;
};

const std::vector<Maker>& makers() {
  static const std::vector<Maker> all = {
      {"nnlock-v1", make_nnlock_v1},
      {"nnlock-2022-128", [] { return make_nnlock_2022(128); }},
      {"nnlock-2022-256", [] { return make_nnlock_2022(256); }},
      {"hpnn-64", [] { return make_hpnn(64); }},
      {"hpnn-128", [] { return make_hpnn(128); }},
      {"hpnn-256", [] { return make_hpnn(256); }},
      {"toy-rows", make_toy_rows},
  };
  return all;
}

}  // namespace

std::string Scheme::refusal(const Network&) const { return {}; }

void Scheme::wire(Network& network, const Key&) const { network.set_signs({}); }

void Scheme::install(Network& network, const Bytes& locked, const Key& key) const {
  load(network, unlock(locked, key));
  wire(network, key);
}

void Scheme::install_locked(Network& network, const Bytes& locked) const {
  load(network, from_safetensors(locked, "the locked model"));
  network.set_signs({});
}

std::vector<std::string> scheme_names() {
  std::vector<std::string> names;
  for (const Maker& maker : makers()) names.push_back(maker.name);
  return names;
}

std::unique_ptr<Scheme> make_scheme(const std::string& name) {
  for (const Maker& maker : makers())
    if (name == maker.name) return maker.make();
  throw Failure("no scheme is called " + name, "see nnlock-lab list");
}

}  // namespace nnlock::lab
