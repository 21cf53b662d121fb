// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What the elements of plain parameters are like: layouts are chosen from it (spec/lock-v1.md section 5.4).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "formats/bytes.hpp"
#include "kernels/numbers.hpp"
#include "lock/batches.hpp"
#include "nnlock/model.hpp"

namespace nnlock::lock {

// How the bytes of a parameter divide into numbers; complex numbers are two floats.
struct Elements {
  enum class Kind : std::uint8_t { opaque, floats, signed_integers, unsigned_integers };
  Kind kind = Kind::opaque;
  std::uint8_t width = 1;                      // bytes
  kernels::Float dtype = kernels::Float::f32;  // of floats
};
Elements elements_of(Dtype dtype);

// Of floats the first member is filled, of integers the second.
struct ElementStats {
  kernels::FloatStats floats;
  kernels::IntegerStats integers;
};

// A parameter to look at: whole elements that are not opaque, or whole structs with 1 to kernels::max_fields floats.
struct Scanned {
  std::uint64_t offset = 0, length = 0;  // bytes
  Elements elements;                     // of structs: none
  const StructLayout* structs = nullptr;  // null: plain elements
  std::size_t results() const { return structs == nullptr ? 1 : structs->fields.size(); }
};

// The results() of each of `params`, one behind the other, of parameters that are read chunk by chunk on all cores. Errors: io, bad_model.
Result<std::vector<ElementStats>> scan(const formats::ByteSource& source, std::span<const Scanned> params, const kernels::NumberKernel& numbers,
                                       const PassOptions& options);

}  // namespace nnlock::lock
