// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/cryptanalysis/known_schedule/known_plaintext.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "lab/cryptanalysis/known_schedule/schedule.hpp"

namespace nnlock::lab {
namespace {

using Guess = std::span<const std::uint8_t>;  // plain bytes for a whole tensor

// Tries every aligned place of a tensor at which two key lengths of guessed bytes stand.
class Trial {
 public:
  Trial(const MaskedStream& stream, std::size_t key_bits) : stream_(stream), length_(key_bits / 8) {}

  std::optional<KnownPlaintextHit> operator()(const MaskedStream::Piece& piece, Guess plain, const std::string& guess) {
    for (std::uint64_t at = (piece.at + 3) / 4 * 4; at + 2 * length_ <= piece.at + piece.span.length; at += 4) {
      ++tried_;
      const auto words = words_of(key_stream(piece, plain, at));
      const auto follows = expand_from(words, at / 4, 2 * length_);
      if (!std::equal(follows.begin() + static_cast<std::ptrdiff_t>(length_), follows.end(), key_stream(piece, plain, at + length_).begin())) continue;
      return KnownPlaintextHit{key_from_words(words, at / 4), guess, piece.span.name, at, tried_};
    }
    return std::nullopt;
  }

 private:
  std::vector<std::uint8_t> key_stream(const MaskedStream::Piece& piece, Guess plain, std::uint64_t at) const {
    std::vector<std::uint8_t> key(length_);
    for (std::size_t i = 0; i < length_; ++i) key[i] = stream_.bytes[at + i] ^ plain[at - piece.at + i];
    return key;
  }

  const MaskedStream& stream_;
  std::size_t length_;
  std::uint64_t tried_ = 0;
};

// 1 in the tensor's type, little-endian; empty for types without such a common value.
std::vector<std::uint8_t> one_of(Dtype dtype) {
  if (dtype == Dtype::f32) return {0, 0, 0x80, 0x3f};
  if (dtype == Dtype::f16) return {0, 0x3c};
  if (dtype == Dtype::bf16) return {0x80, 0x3f};
  return {};
}

std::vector<std::uint8_t> repeated(const std::vector<std::uint8_t>& element, std::uint64_t length) {
  std::vector<std::uint8_t> bytes(length);
  for (std::uint64_t i = 0; i < length; ++i) bytes[i] = element[i % element.size()];
  return bytes;
}

}  // namespace

std::optional<KnownPlaintextHit> key_from_common_values(const MaskedStream& stream, std::size_t key_bits) {
  Trial trial(stream, key_bits);
  for (const auto& piece : stream.pieces) {
    if (auto hit = trial(piece, repeated({0}, piece.span.length), "zeros")) return hit;
    const auto one = one_of(piece.span.dtype);
    if (one.empty()) continue;
    if (auto hit = trial(piece, repeated(one, piece.span.length), "ones")) return hit;
  }
  return std::nullopt;
}

std::optional<KnownPlaintextHit> key_from_base(const MaskedStream& stream, const Bytes& base, std::size_t key_bits) {
  const auto base_spans = parameters_of(base);
  Trial trial(stream, key_bits);
  for (const auto& piece : stream.pieces)
    for (const ParamSpan& span : base_spans) {
      if (span.name != piece.span.name || span.dtype != piece.span.dtype || span.length != piece.span.length) continue;
      std::vector<std::uint8_t> plain;
      for (std::uint64_t i = 0; i < span.length; ++i) plain.push_back(std::to_integer<std::uint8_t>(base[span.offset + i]));
      if (auto hit = trial(piece, plain, "as in the public base")) return hit;
    }
  return std::nullopt;
}

}  // namespace nnlock::lab
