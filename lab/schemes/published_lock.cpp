// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/schemes/published_lock.hpp"

#include "formats/codec.hpp"
#include "lab/failure.hpp"
#include "lab/schemes/aes_schedule.hpp"
#include "lock/restored.hpp"

namespace nnlock::lab {
namespace {

template <class PerByte>
Bytes transformed(const Bytes& model, const KeyStream& key_stream, const StaysPlain& stays_plain, const PerByte& per_byte) {
  Bytes out = model;
  std::uint64_t length = 0, at = 0;
  const auto spans = parameters_of(model, stays_plain);
  for (const ParamSpan& span : spans) length += span.length;
  const auto stream = key_stream(length);
  for (const ParamSpan& span : spans)
    for (std::uint64_t i = span.offset; i < span.offset + span.length; ++i)
      out[i] = static_cast<std::byte>(per_byte(std::to_integer<std::uint8_t>(out[i]), stream[at++]));
  return out;
}

}  // namespace

std::vector<ParamSpan> parameters_of(const Bytes& model, const StaysPlain& stays_plain) {
  const formats::MemorySource source(model);
  const formats::Codec* codec = value_or_throw(formats::detect(source));
  auto params = value_or_throw(codec->parse(model)).params;
  if (stays_plain) std::erase_if(params, [&](const ParamSpan& span) { return stays_plain(span.name); });
  return params;
}

std::uint32_t element_width(Dtype dtype) {
  switch (dtype) {
    case Dtype::i16: case Dtype::u16: case Dtype::f16: case Dtype::bf16: return 2;
    case Dtype::i32: case Dtype::u32: case Dtype::f32: return 4;
    case Dtype::i64: case Dtype::u64: case Dtype::f64: return 8;
    default: return 1;
  }
}

std::vector<std::uint8_t> plain_stream(const Bytes& model) {
  std::vector<std::uint8_t> stream;
  for (const ParamSpan& span : parameters_of(model))
    for (std::uint64_t i = span.offset; i < span.offset + span.length; ++i) stream.push_back(std::to_integer<std::uint8_t>(model[i]));
  return stream;
}

KeyStream published_key_stream(const Key& key) {
  return [bytes = key.bytes](std::uint64_t length) { return endless_schedule(bytes, length); };
}

Bytes lock_published(const Bytes& model, const KeyStream& key_stream, const StaysPlain& stays_plain) {
  const SBox& s = aes_sbox();
  return transformed(model, key_stream, stays_plain, [&](std::uint8_t w, std::uint8_t k) { return s[w ^ k]; });
}

Bytes unlock_published(const Bytes& locked, const KeyStream& key_stream, const StaysPlain& stays_plain) {
  const SBox& inverse = aes_inverse_sbox();
  return transformed(locked, key_stream, stays_plain, [&](std::uint8_t w, std::uint8_t k) { return static_cast<std::uint8_t>(inverse[w] ^ k); });
}

Bytes lock_published(const Bytes& model, const Key& key, const StaysPlain& stays_plain) { return lock_published(model, published_key_stream(key), stays_plain); }

Bytes unlock_published(const Bytes& locked, const Key& key, const StaysPlain& stays_plain) { return unlock_published(locked, published_key_stream(key), stays_plain); }

Bytes without_record(const Bytes& model) {
  const formats::MemorySource source(model);
  const auto embedded = value_or_throw(value_or_throw(formats::detect(source))->find_record(source));
  if (!embedded) return model;
  const auto restored = value_or_throw(nnlock::lock::RestoredSource::over(source, embedded->edits));
  Bytes out(restored.size());
  value_or_throw(restored.read(0, out));
  return out;
}

MaskedStream masked_stream(const Bytes& file) {
  const Bytes locked = without_record(file);
  MaskedStream stream;
  for (ParamSpan& span : parameters_of(locked)) {
    const std::uint64_t at = stream.bytes.size();
    for (std::uint64_t i = span.offset; i < span.offset + span.length; ++i) stream.bytes.push_back(aes_inverse_sbox()[std::to_integer<std::uint8_t>(locked[i])]);
    stream.pieces.push_back({std::move(span), at});
  }
  return stream;
}

}  // namespace nnlock::lab
