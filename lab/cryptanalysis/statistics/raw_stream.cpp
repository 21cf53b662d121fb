// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/cryptanalysis/statistics/raw_stream.hpp"

#include "lab/schemes/aes_schedule.hpp"
#include "lab/weights/safetensors_header.hpp"

namespace nnlock::lab {

Bytes zero_model(std::size_t weights) {
  Bytes model = safetensors_header(R"({"weights":{"dtype":"I8","shape":[)" + std::to_string(weights) + R"(],"data_offsets":[0,)" + std::to_string(weights) + "]}}");
  model.resize(model.size() + weights);
  return model;
}

std::vector<std::uint8_t> int8_bytes(const Bytes& file, std::size_t most) {
  std::vector<std::uint8_t> bytes;
  for (const ParamSpan& span : parameters_of(file))
    if (span.dtype == Dtype::i8)
      for (std::uint64_t i = 0; i < span.length && bytes.size() < most; ++i) bytes.push_back(std::to_integer<std::uint8_t>(file[span.offset + i]));
  return bytes;
}

RawStream::RawStream(const std::string& scheme, std::uint64_t seed, std::size_t piece) : scheme_(file_scheme_named(scheme)), piece_(piece) {
  Random random(seed, "raw stream");
  key_ = random_key(scheme_->info().key_bits, random);
}

// From the last words, so that no byte is computed twice.
std::vector<std::uint8_t> RawStream::go_on() {
  const std::size_t key_bytes = key_.bytes.size();
  if (pieces_ == 0) return endless_schedule(key_.bytes, piece_);
  auto bytes = expand_from(words_of(last_), (pieces_ * piece_ - key_bytes) / 4, piece_ + key_bytes);
  bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(key_bytes));
  return bytes;
}

std::vector<std::uint8_t> RawStream::next() {
  std::vector<std::uint8_t> bytes;
  if (scheme_->info().name.starts_with("nnlock-2022")) {
    bytes = go_on();
    last_.assign(bytes.end() - static_cast<std::ptrdiff_t>(key_.bytes.size()), bytes.end());
  } else if (const KeyStream stream = scheme_->key_stream(key_)) {
    bytes = stream(piece_);  // repeats within a piece already
  } else {
    bytes = masked_stream(scheme_->lock(zero_model(piece_), key_, pieces_ + 1)).bytes;
  }
  ++pieces_;
  return bytes;
}

}  // namespace nnlock::lab
