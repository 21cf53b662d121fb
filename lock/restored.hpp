// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Between restored coordinates and the file that carries a record (spec/lock-v1.md section 1).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "formats/codec.hpp"

namespace nnlock::lock {

// Offset in the stored file of byte `restored`, which must not lie inside an edit's restored bytes.
std::uint64_t stored_offset(std::span<const formats::Edit> edits, std::uint64_t restored);

// Length of the stored file for a restored one.
std::uint64_t stored_length(std::span<const formats::Edit> edits, std::uint64_t restored_length);

// The restored file as a source: the file underneath with the edits undone. Keeps references.
class RestoredSource final : public formats::ByteSource {
 public:
  // Errors: bad_record when the edits do not fit the file.
  static Result<RestoredSource> over(const formats::ByteSource& stored, std::span<const formats::Edit> edits);
  std::uint64_t size() const override { return size_; }
  Result<void> read(std::uint64_t offset, std::span<std::byte> out) const override;

 private:
  RestoredSource(const formats::ByteSource& stored, std::span<const formats::Edit> edits, std::uint64_t size)
      : stored_(&stored), edits_(edits), size_(size) {}
  const formats::ByteSource* stored_;
  std::span<const formats::Edit> edits_;
  std::uint64_t size_;
};

}  // namespace nnlock::lock
