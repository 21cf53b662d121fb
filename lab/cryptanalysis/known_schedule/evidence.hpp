// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Whether a key is the right one, told by the weights that it makes.
#pragma once

#include <cstdint>

#include "lab/cryptanalysis/known_schedule/prior.hpp"
#include "lab/schemes/published_lock.hpp"

namespace nnlock::lab {

// The type that most parameters have, of those that tell something. Throws Failure when there are none.
Dtype dtype_under_attack(const MaskedStream& stream);

// Which byte of its element stands at this place of the stream.
inline std::size_t byte_class(const MaskedStream::Piece& piece, std::uint64_t position, std::size_t width) { return (position - piece.at) % width; }

// Evidence that bytes are weights, in bits, and how many bytes said anything.
struct Evidence {
  double bits = 0;
  std::uint64_t bytes = 0;
  double each() const { return bytes == 0 ? 0 : bits / static_cast<double>(bytes); }
};
inline constexpr double kLeastEvidence = 0.1;  // bits a byte that tells, over the file, for a key to count as found; random bytes give less than nothing

// Of the weights under this key stream, which is as long as `stream`; at most 256 KiB of each tensor are looked at.
Evidence evidence_for(const MaskedStream& stream, const Prior& prior, const std::vector<std::uint8_t>& key_stream);
// The same for the published lock under this key.
Evidence evidence_for(const MaskedStream& stream, const Prior& prior, const Key& key);

}  // namespace nnlock::lab
