// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/cryptanalysis/known_schedule/evidence.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "lab/failure.hpp"
#include "lab/schemes/aes_schedule.hpp"

namespace nnlock::lab {
namespace {

constexpr std::uint64_t kVerifiedBytes = 1 << 18;

}  // namespace

Dtype dtype_under_attack(const MaskedStream& stream) {
  std::map<Dtype, std::uint64_t> bytes;
  for (const auto& piece : stream.pieces) bytes[piece.span.dtype] += piece.span.length;
  Dtype best = Dtype::i8;
  std::uint64_t most = 0;
  for (const Dtype dtype : {Dtype::i8, Dtype::f32, Dtype::bf16, Dtype::f16})
    if (bytes[dtype] > most) most = bytes[best = dtype];
  if (most == 0) throw Failure("the file has no parameters in int8, float32, bfloat16 or float16", "choose another file");
  return best;
}

Evidence evidence_for(const MaskedStream& stream, const Prior& prior, const Key& key) {
  return evidence_for(stream, prior, endless_schedule(key.bytes, stream.bytes.size()));
}

Evidence evidence_for(const MaskedStream& stream, const Prior& prior, const std::vector<std::uint8_t>& key_stream) {
  Evidence evidence;
  for (const auto& piece : stream.pieces) {
    if (piece.span.dtype != prior.dtype) continue;
    const std::uint64_t end = piece.at + std::min(piece.span.length, kVerifiedBytes);
    for (std::uint64_t i = piece.at; i < end; ++i) {
      const BytePrior& byte = prior.bytes[byte_class(piece, i, prior.width())];
      if (information(byte) < 0.01) continue;
      evidence.bits += std::log2(256 * byte[stream.bytes[i] ^ key_stream[i]]);
      ++evidence.bytes;
    }
  }
  return evidence;
}

}  // namespace nnlock::lab
