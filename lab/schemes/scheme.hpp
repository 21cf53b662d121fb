// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// A scheme under test. Attacks see nothing of a scheme but this, and what a scheme's own header adds for attacks made against it alone.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lab/files.hpp"
#include "lab/schemes/key.hpp"
#include "lab/targets/network.hpp"
#include "lab/weights/safetensors.hpp"

namespace nnlock::lab {

// What a parameter looks like to someone without the key, when the scheme is as good as it can be.
enum class Scramble {
  bytes,   // uniform bytes
  finite,  // floats and wide integers uniform within the range of the tensor (lock-v1 section 5), bytes else
  none,    // the weights are as trained: the key is elsewhere
};

struct SchemeInfo {
  std::string name;
  std::size_t key_bits = 0;
  bool trained_under_key = false;  // else post hoc: any trained network can be locked
  Scramble scramble = Scramble::bytes;
};

class Scheme {
 public:
  virtual ~Scheme() = default;
  virtual const SchemeInfo& info() const = 0;

  // Why this scheme cannot protect this network; empty when it can.
  virtual std::string refusal(const Network& network) const;
  // What is given away: the model file (safetensors), locked. The seed stands for what a scheme draws at random, such as a lock id.
  virtual Bytes lock(const Bytes& model_file, const Key& key, std::uint64_t seed) const = 0;
  // The weights that someone with this key gets to run. Any key of key_bits gives some.
  virtual Weights unlock(const Bytes& locked, const Key& key) const = 0;
  // The same without authentication, where there is one.
  virtual Weights unlock_unchecked(const Bytes& locked, const Key& key) const { return unlock(locked, key); }
  // What the key does inside the network, in training and in use; nothing for most schemes.
  virtual void wire(Network& network, const Key& key) const;

  // Makes `network` what someone with this key has.
  void install(Network& network, const Bytes& locked, const Key& key) const;
  // Makes `network` what someone has who runs the locked file as it is.
  void install_locked(Network& network, const Bytes& locked) const;
};

std::vector<std::string> scheme_names();
std::unique_ptr<Scheme> make_scheme(const std::string& name);  // throws Failure for an unknown name

// One maker for each file of this folder.
std::unique_ptr<Scheme> make_nnlock_v1();
std::unique_ptr<Scheme> make_nnlock_2022(std::size_t key_bits);
std::unique_ptr<Scheme> make_hpnn(std::size_t key_bits);
std::unique_ptr<Scheme> make_toy_rows();

}  // namespace nnlock::lab
