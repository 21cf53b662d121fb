// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Flatbuffers, read with care: verified first, at aligned addresses, and with the extents of all structure known, so that no
// parameter can lie on it. Layout: flatbuffers.dev/internals ("Tables", "Vectors").
#pragma once

#include <flatbuffers/flatbuffers.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <map>
#include <optional>
#include <span>
#include <unordered_set>
#include <vector>

#include "formats/bytes.hpp"

namespace nnlock::formats {

struct Extent {
  std::uint64_t begin = 0, end = 0;  // bytes in the file
};

// Stretches of the file of one kind, of which no two may share a byte.
class Disjoint {
 public:
  bool add(Extent extent) {
    const auto next = begins_.lower_bound(extent.begin);
    if (next != begins_.end() && next->first < extent.end) return false;
    if (next != begins_.begin() && std::prev(next)->second > extent.begin) return false;
    return begins_.emplace(extent.begin, extent.end).second;
  }

 private:
  std::map<std::uint64_t, std::uint64_t> begins_;  // and ends
};

// The same bytes at an address that is a multiple of 8, copied only if they lie elsewhere: the flatbuffers library reads
// numbers in place.
class AlignedBytes {
 public:
  explicit AlignedBytes(std::span<const std::byte> bytes) : bytes_(bytes) {
    if (reinterpret_cast<std::uintptr_t>(bytes.data()) % 8 == 0) return;
    words_.resize(bytes.size() / 8 + 1);
    std::memcpy(words_.data(), bytes.data(), bytes.size());
    bytes_ = std::as_bytes(std::span(words_)).first(bytes.size());
  }
  AlignedBytes(const AlignedBytes&) = delete;
  AlignedBytes& operator=(const AlignedBytes&) = delete;

  std::span<const std::byte> bytes() const { return bytes_; }
  const std::uint8_t* data() const { return reinterpret_cast<const std::uint8_t*>(bytes_.data()); }

 private:
  std::vector<std::uint64_t> words_;
  std::span<const std::byte> bytes_;
};

// As stock readers verify: at most 64 levels and a million tables, counted by visit.
inline flatbuffers::Verifier flat_verifier(std::span<const std::byte> bytes, std::uint64_t most_tables = 1'000'000) {
  flatbuffers::Verifier::Options limits;
  limits.max_depth = 64;
  limits.max_tables = static_cast<flatbuffers::uoffset_t>(most_tables);
  // The verifier asks for less than its limit.
  const auto size = std::min<std::uint64_t>(bytes.size(), FLATBUFFERS_MAX_BUFFER_SIZE - 1);
  return flatbuffers::Verifier(reinterpret_cast<const std::uint8_t*>(bytes.data()), size, limits);
}

// Collects the extents of every table, vtable, vector and string of a verified flatbuffer; a schema's walk derives from it.
class FlatExtents {
 protected:
  template <class T>
  using Vector = flatbuffers::Vector<T>;
  using Widths = std::initializer_list<std::uint8_t>;  // bytes of each field, by field id

  // `base`: where `buffer` starts in the file.
  FlatExtents(std::span<const std::byte> buffer, std::uint64_t base) : buffer_(buffer), base_(base) {}

  // The largest table known has 18 fields; this leaves room for newer ones and bounds the work a vtable takes.
  static constexpr std::uint32_t kMaxFields = 256;

  std::uint64_t offset_of(const void* at) const {
    return base_ + static_cast<std::uint64_t>(static_cast<const std::byte*>(at) - buffer_.data());
  }

  void fail(const char* message, const void* at) {
    if (!error_) error_ = Error{.code = ErrorCode::bad_model, .message = message, .offset = offset_of(at)};
  }

  void add(const void* at, std::uint64_t length) { extents_.push_back({offset_of(at), offset_of(at) + length}); }
  void add(Extent extent) { extents_.push_back(extent); }

  // One table: its vtable, and its inline fields, which must lie inside the size that the vtable gives. `kind` tells what it was
  // reached as: one table may be reached as two kinds, and then is walked as both. False when it was seen before or is broken:
  // its children need no visit.
  template <class Kind>
  bool table(const void* at, Kind kind, Widths widths) {
    if (at == nullptr || error_) return false;
    if (!seen_.insert(offset_of(at) << 16 | static_cast<std::uint16_t>(kind)).second) return false;
    const std::uint8_t* vtable = static_cast<const flatbuffers::Table*>(at)->GetVTable();
    const auto vtable_size = flatbuffers::ReadScalar<flatbuffers::voffset_t>(vtable);
    if (vtable_size < 4 || vtable_size > 4 + 2 * kMaxFields)
      return fail("the flatbuffer has a vtable of a bad size", vtable), false;
    const auto object_size = flatbuffers::ReadScalar<flatbuffers::voffset_t>(vtable + 2);
    if (object_size < 4 || !inside(offset_of(at) - base_, object_size, buffer_.size()))
      return fail("the flatbuffer has a table of a bad size", at), false;
    for (std::uint32_t id = 0; 4 + 2 * id < vtable_size; ++id) {
      const auto field = flatbuffers::ReadScalar<flatbuffers::voffset_t>(vtable + 4 + 2 * id);
      const std::uint32_t width = id < widths.size() ? widths.begin()[id] : 1;
      if (field != 0 && (field < 4 || field + width > object_size))
        return fail("the flatbuffer has a field outside its table", at), false;
    }
    add(vtable, vtable_size);
    add(at, object_size);
    return true;
  }

  template <class T>
  void vector(const Vector<T>* values) {
    if (values != nullptr) add(values, 4 + std::uint64_t{values->size()} * sizeof(T));
  }

  // The length of a vector or string whose elements are the caller's.
  void length_only(const void* values) {
    if (values != nullptr) add(values, 4);
  }

  void text(const flatbuffers::String* value) {
    if (value != nullptr) add(value, 4 + std::uint64_t{value->size()} + 1);  // with the final zero byte
  }

  // All extents, sorted by begin.
  Result<std::vector<Extent>> sorted() {
    if (error_) return *error_;
    std::sort(extents_.begin(), extents_.end(), [](const Extent& a, const Extent& b) { return a.begin < b.begin; });
    return std::move(extents_);
  }

  bool failed() const { return error_.has_value(); }
  std::uint64_t file_size() const { return base_ + buffer_.size(); }

 private:
  std::span<const std::byte> buffer_;
  std::uint64_t base_;
  std::vector<Extent> extents_;
  std::unordered_set<std::uint64_t> seen_;  // offset of a table << 16 | kind
  std::optional<Error> error_;
};

}  // namespace nnlock::formats
