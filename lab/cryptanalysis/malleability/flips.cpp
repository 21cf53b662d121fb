// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/cryptanalysis/malleability/flips.hpp"

#include <algorithm>

#include "formats/codec.hpp"
#include "lab/failure.hpp"
#include "lab/schemes/aes_schedule.hpp"
#include "lock/restored.hpp"

namespace nnlock::lab {
namespace {

std::vector<formats::Edit> edits_in(const Bytes& locked) {
  const formats::MemorySource source(locked);
  auto embedded = value_or_throw(value_or_throw(formats::detect(source))->find_record(source));
  return embedded ? std::move(embedded->edits) : std::vector<formats::Edit>();
}

}  // namespace

void apply(const Flip& flip, Bytes& locked) {
  std::byte& byte = locked.at(flip.offset);
  byte = static_cast<std::byte>(aes_sbox()[aes_inverse_sbox()[std::to_integer<std::uint8_t>(byte)] ^ flip.bits]);
}

std::vector<ParamSpan> stored_parameters(const Bytes& locked, const StaysPlain& stays_plain) {
  const auto edits = edits_in(locked);
  auto spans = parameters_of(without_record(locked), stays_plain);
  for (ParamSpan& span : spans) span.offset = nnlock::lock::stored_offset(edits, span.offset);
  return spans;
}

const char* to_string(Region region) {
  switch (region) {
    case Region::parameters: return "parameters";
    case Region::record: return "record";
    case Region::structure: return "structure";
  }
  return "";
}

std::vector<Region> regions_of(const Bytes& locked) {
  std::vector<Region> regions(locked.size(), Region::structure);
  const auto mark = [&](std::uint64_t from, std::uint64_t length, Region region) {
    std::fill_n(regions.begin() + static_cast<std::ptrdiff_t>(from), length, region);
  };
  std::uint64_t grown = 0;  // by the edits so far
  for (const formats::Edit& edit : edits_in(locked)) {
    mark(edit.offset + grown, edit.stored.size(), Region::record);
    grown += edit.stored.size() - edit.restored.size();
  }
  for (const ParamSpan& span : stored_parameters(locked)) mark(span.offset, span.length, Region::parameters);
  return regions;
}

}  // namespace nnlock::lab
