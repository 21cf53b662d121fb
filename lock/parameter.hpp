// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// A recorded parameter with its layout (spec/record-v1.md sections 3.2 and 3.4).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/numbers.hpp"

namespace nnlock::lock {

enum class Layout : std::uint8_t { bytes = 0, plain = 1, finite = 2, range = 3, block = 4 };

// A model may have millions of them: the attributes of a layout stand packed beside it, the long ones of `block` in a table.
struct Parameter {
  std::uint32_t file = 0;
  std::uint64_t offset = 0, length = 0;  // bytes, restored coordinates
  Layout layout = Layout::bytes;
  std::uint8_t element = 0;              // finite: dtype; range: width; plain, while locking: dtype of floats none of which is finite
  std::uint8_t flags = 0;                // finite, range: as the record has them
  std::uint16_t lo = 0, hi = 0;          // finite: the ring; range: b in lo; block: halves of an index into the table

  kernels::Finite finite() const {
    return {.dtype = static_cast<kernels::Float>(element), .lo = lo, .hi = hi, .zero = (flags & 1) != 0, .keeps_sign = (flags & 2) != 0};
  }
  kernels::Range range() const { return {.width = element, .bits = static_cast<std::uint8_t>(lo), .negative = (flags & 1) == 0}; }
  std::uint32_t block() const { return std::uint32_t{hi} << 16 | lo; }

  void set(const kernels::Finite& f) {
    layout = Layout::finite;
    element = static_cast<std::uint8_t>(f.dtype);
    flags = static_cast<std::uint8_t>((f.zero ? 1 : 0) | (f.keeps_sign ? 2 : 0));
    lo = f.lo;
    hi = f.hi;
  }
  void set_without_numbers(kernels::Float dtype) {
    layout = Layout::plain;
    element = static_cast<std::uint8_t>(dtype);
  }
  void set(const kernels::Range& r) {
    layout = Layout::range;
    element = r.width;
    flags = r.negative ? 0 : 1;
    lo = r.bits;
  }
  void set_block(std::uint32_t index) {
    layout = Layout::block;
    lo = static_cast<std::uint16_t>(index & 0xffffU);
    hi = static_cast<std::uint16_t>(index >> 16);
  }
};
static_assert(sizeof(Parameter) == 32);

// Descriptions of the structs of layout `block`, one for each parameter in that layout.
class BlockTable {
 public:
  std::uint32_t add(std::uint16_t struct_bytes, std::span<const kernels::Field> fields) {
    entries_.push_back({static_cast<std::uint32_t>(fields_.size()), struct_bytes, static_cast<std::uint16_t>(fields.size())});
    fields_.insert(fields_.end(), fields.begin(), fields.end());
    return static_cast<std::uint32_t>(entries_.size() - 1);
  }
  // Valid until something is added.
  kernels::Block at(std::uint32_t index) const {
    const Entry& e = entries_[index];
    return {.size = e.struct_bytes, .fields = std::span(fields_).subspan(e.first_field, e.fields)};
  }

 private:
  struct Entry {
    std::uint32_t first_field = 0;
    std::uint16_t struct_bytes = 1, fields = 0;
  };
  std::vector<Entry> entries_;
  std::vector<kernels::Field> fields_;
};

}  // namespace nnlock::lock
