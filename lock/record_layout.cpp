// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lock/record_layout.hpp"

#include <array>

namespace nnlock::lock {
namespace {

using kernels::Field;
using kernels::Finite;
using kernels::Float;
using kernels::Range;

constexpr std::uint64_t kMaxStruct = 65535, kMaxFields = 16;

std::uint64_t flags_of(const Finite& f) { return (f.zero ? 1U : 0U) | (f.keeps_sign ? 2U : 0U); }

// [dtype, lo, hi, flags], of the whole parameter or of one field. `last` is the last dtype that may stand there.
Finite read_ring(CborReader& in, Float last) {
  const std::uint64_t dtype = in.integer("float type");
  if (!in.failed() && (dtype < 1 || dtype > static_cast<std::uint64_t>(last))) in.unsupported("float type " + std::to_string(dtype));
  const std::uint64_t lo = in.integer("exponent range"), hi = in.integer("exponent range");
  const std::uint64_t flags = in.integer("layout flags");
  if (flags > 3) in.unsupported("layout flags " + std::to_string(flags));
  if (in.failed()) return {};
  const bool zero_alone = lo == 0 && hi == 0 && (flags & 1) != 0;
  if (!zero_alone && (lo == 0 || lo > hi || hi >= kernels::exponent_ones(static_cast<Float>(dtype)))) {
    in.fail(ErrorCode::bad_record, "the record's exponent range is none");
    return {};
  }
  return {.dtype = static_cast<Float>(dtype),
          .lo = static_cast<std::uint16_t>(lo),
          .hi = static_cast<std::uint16_t>(hi),
          .zero = (flags & 1) != 0,
          .keeps_sign = (flags & 2) != 0};
}

Range read_range(CborReader& in) {
  const std::uint64_t width = in.integer("integer width");
  if (!in.failed() && width != 2 && width != 4 && width != 8) in.unsupported("integers of " + std::to_string(width) + " bytes");
  const std::uint64_t bits = in.integer("integer range"), flags = in.integer("layout flags");
  if (flags > 1) in.unsupported("layout flags " + std::to_string(flags));
  if (in.failed()) return {};
  if (bits > 8 * width - (flags == 0 ? 1 : 0)) {
    in.fail(ErrorCode::bad_record, "the record's integer range is wider than the integers");
    return {};
  }
  return {.width = static_cast<std::uint8_t>(width), .bits = static_cast<std::uint8_t>(bits), .negative = flags == 0};
}

// One field of a struct; `position` is where the last one ended.
Field read_field(CborReader& in, std::uint64_t struct_bytes, std::uint64_t& position) {
  in.array("struct field", 5);
  const std::uint64_t offset = in.integer("struct field");
  const Finite ring = read_ring(in, Float::f32);
  if (in.failed()) return {};
  const std::uint64_t width = kernels::width_of(ring.dtype);
  if (offset < position || offset > struct_bytes || width > struct_bytes - offset)
    in.fail(ErrorCode::bad_record, "the record's struct fields overlap, are out of order or do not fit");
  position = offset + width;
  return {.offset = static_cast<std::uint16_t>(offset), .finite = ring};
}

// Adds a description to the table and returns its index.
std::uint32_t read_block(CborReader& in, BlockTable& blocks) {
  const std::uint64_t struct_bytes = in.integer("struct size");
  if (!in.failed() && (struct_bytes == 0 || struct_bytes > kMaxStruct)) in.fail(ErrorCode::bad_record, "the record's struct size is out of range");
  const std::uint64_t count = in.array("struct fields");
  if (!in.failed() && (count == 0 || count > kMaxFields)) in.fail(ErrorCode::bad_record, "the record's number of struct fields is out of range");
  std::array<Field, kMaxFields> fields;
  std::uint64_t position = 0;
  for (std::size_t i = 0; i < count && !in.failed(); ++i) fields[i] = read_field(in, struct_bytes, position);
  if (in.failed()) return 0;
  return blocks.add(static_cast<std::uint16_t>(struct_bytes), std::span(fields).first(static_cast<std::size_t>(count)));
}

// The attributes, after the number of the layout; `items` counts both.
void read_attributes(CborReader& in, std::uint64_t id, std::uint64_t items, Core& core, Parameter& p) {
  constexpr std::uint64_t kItems[] = {0, 0, 5, 4, 3};
  if (id > 4) return in.unsupported("layout " + std::to_string(id));
  if (items != kItems[id]) return in.fail(ErrorCode::bad_record, "the record's layout has the wrong number of items");
  std::uint64_t multiple = 1;
  if (id == 2) {
    p.set(read_ring(in, Float::f64));
    multiple = kernels::width_of(p.finite().dtype);
  } else if (id == 3) {
    p.set(read_range(in));
    multiple = p.range().width;
  } else {
    p.set_block(read_block(in, core.blocks));
    if (!in.failed()) multiple = core.blocks.at(p.block()).size;
  }
  if (!in.failed() && p.length % multiple != 0)
    in.fail(ErrorCode::bad_record, "a parameter's length is not a multiple of its elements' length");
}

}  // namespace

void read_layout(CborReader& in, Core& core, Parameter& p) {
  if (in.peek() == CborReader::Kind::array) {
    const std::uint64_t items = in.array("layout");
    if (items == 0) in.fail(ErrorCode::bad_record, "the record's layout is empty");
    const std::uint64_t id = in.integer("layout");
    if (!in.failed()) read_attributes(in, id, items, core, p);
    return;
  }
  const std::uint64_t id = in.integer("layout");
  if (id > 1) in.unsupported("layout " + std::to_string(id) + " without attributes");
  p.layout = id == 1 ? Layout::plain : Layout::bytes;
}

void write_layout(CborWriter& out, const Core& core, const Parameter& p) {
  const auto id = static_cast<std::uint64_t>(p.layout);
  const auto integers = [&out](std::initializer_list<std::uint64_t> values) {
    for (const std::uint64_t v : values) out.integer(v);
  };
  if (p.layout == Layout::bytes || p.layout == Layout::plain) {
    out.integer(id);
  } else if (p.layout == Layout::finite) {
    out.array(5);
    integers({id, p.element, p.lo, p.hi, p.flags});
  } else if (p.layout == Layout::range) {
    out.array(4);
    integers({id, p.element, p.lo, p.flags});
  } else {
    const kernels::Block block = core.blocks.at(p.block());
    out.array(3);
    integers({id, block.size});
    out.array(block.fields.size());
    for (const Field& f : block.fields) {
      out.array(5);
      integers({f.offset, static_cast<std::uint64_t>(f.finite.dtype), f.finite.lo, f.finite.hi, flags_of(f.finite)});
    }
  }
}

}  // namespace nnlock::lock
