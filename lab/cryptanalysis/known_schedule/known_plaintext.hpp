// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The master key from weights that can be guessed: one key length of known, aligned bytes is enough, for AES-128 and AES-256 alike.
// Guesses are made everywhere and checked by the expansion itself, so nobody has to say where they hold.
#pragma once

#include <optional>
#include <string>

#include "lab/schemes/published_lock.hpp"

namespace nnlock::lab {

struct KnownPlaintextHit {
  Key key;
  std::string guess;      // which guess held
  std::string tensor;     // where
  std::uint64_t position = 0;      // of the first known byte in the stream of parameter bytes
  std::uint64_t blocks_tried = 0;  // until then
};

// Guesses: all zeros (padding, dead channels, zero biases, means), and in float tensors all ones (scales, variances). A guess holds when the
// key stream that follows from it makes the next `key length` bytes of the tensor what was guessed too.
std::optional<KnownPlaintextHit> key_from_common_values(const MaskedStream& stream, std::size_t key_bits);

// Guesses that a tensor is the one of the same name, type and length in a public model of which this one may be a refinement (frozen
// layers). `base` is a plain model file of any format.
std::optional<KnownPlaintextHit> key_from_base(const MaskedStream& stream, const Bytes& base, std::size_t key_bits);

}  // namespace nnlock::lab
