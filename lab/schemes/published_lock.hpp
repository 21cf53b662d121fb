// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// NN-Lock as published, on any model file that a codec reads: w' = S(w XOR k), k the endless key expansion over all parameter bytes in
// file order. The paper does not say what follows the standard's rounds; continuing them is the reading that favours it. No record is
// written and nothing is authenticated: the paper has neither.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "lab/files.hpp"
#include "lab/schemes/key.hpp"
#include "nnlock/model.hpp"

namespace nnlock::lab {

// Tensors that are structure and no parameters; by default none.
using StaysPlain = std::function<bool(const std::string& tensor)>;

// Where the parameters of a model file lie. Everyone can see that, locked or not.
std::vector<ParamSpan> parameters_of(const Bytes& model, const StaysPlain& stays_plain = {});  // sorted by offset; throws Failure for a file that no codec reads

std::uint32_t element_width(Dtype dtype);  // bytes; 1 for types of no fixed width
std::vector<std::uint8_t> plain_stream(const Bytes& model);  // all parameter bytes of a plain model, one after the other

// So many bytes of a key stream.
using KeyStream = std::function<std::vector<std::uint8_t>(std::uint64_t length)>;
KeyStream published_key_stream(const Key& key);  // 128 or 256 bits

// With any other key stream in the place of the published one.
Bytes lock_published(const Bytes& model, const KeyStream& key_stream, const StaysPlain& stays_plain = {});
Bytes unlock_published(const Bytes& locked, const KeyStream& key_stream, const StaysPlain& stays_plain = {});

Bytes lock_published(const Bytes& model, const Key& key, const StaysPlain& stays_plain = {});    // 128 or 256 bits
Bytes unlock_published(const Bytes& locked, const Key& key, const StaysPlain& stays_plain = {});  // with any key

// The file as it was before a record of this library went into it; itself when it holds none. The weights stay locked. Throws Failure.
Bytes without_record(const Bytes& model);

// All parameter bytes of a locked model, one after the other, each w XOR k: the public inverse S-box takes the S-box away, with no key.
// A record is passed over, and places are those without it.
struct MaskedStream {
  struct Piece {
    ParamSpan span;        // in the file
    std::uint64_t at = 0;  // in the stream
  };
  std::vector<std::uint8_t> bytes;
  std::vector<Piece> pieces;
};
MaskedStream masked_stream(const Bytes& locked);

}  // namespace nnlock::lab
