// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What is accepted is canonical: an accepted record, written again from its parsed form, gives the same bytes.

#include <algorithm>
#include <cstdlib>

#include "lock/record.hpp"

using namespace nnlock::lock;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto record = parse_record(bytes);
  if (!record || record->active_slot != 0) return 0;
  const RecordParts parts{.coverage = record->coverage,
                          .slot_bytes = record->slot_bytes,
                          .head = encode_head(encode_core(record->core), record->digests),
                          .envelope = encode_envelope(record->envelope),
                          .tags = record->tags};
  const auto again = assemble_record(parts, record->mac);
  if (!std::equal(again.begin(), again.end(), bytes.begin(), bytes.end())) std::abort();
  return 0;
}
