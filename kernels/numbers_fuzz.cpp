// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Layouts finite, range and block with arbitrary attributes, keys, offsets and elements: every runnable number kernel does
// what the portable one does; what is taken keeps its rules, comes back, and holds no NaN or infinity; the rest is refused.
// Input: 32 bytes of key, 8 of offset, 8 of attributes, 1 of flags, then the data (for block: after 8 bytes a field).
#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "kernels/kernel.hpp"
#include "kernels/numbers.hpp"

namespace {

using namespace nnlock::kernels;
using Bytes = std::vector<std::uint8_t>;

void demand(bool condition) {
  if (!condition) std::abort();
}

std::uint64_t get(const std::uint8_t* p, std::size_t width) {
  std::uint64_t x = 0;
  for (std::size_t i = 0; i < width; ++i) x |= std::uint64_t{p[i]} << (8 * i);
  return x;
}
void put(std::uint8_t* p, std::size_t width, std::uint64_t x) {
  for (std::size_t i = 0; i < width; ++i) p[i] = static_cast<std::uint8_t>(x >> (8 * i));
}

// Attributes within the rules of record-v1 section 3.4, out of seven bytes.
Finite finite_from(const std::uint8_t* p, unsigned dtypes) {
  Finite finite;
  finite.dtype = static_cast<Float>(1 + p[0] % dtypes);
  const std::uint64_t top = exponent_ones(finite.dtype) - 1;
  finite.lo = static_cast<std::uint16_t>(1 + get(p + 1, 2) % top);
  finite.hi = static_cast<std::uint16_t>(finite.lo + get(p + 3, 2) % (top - finite.lo + 1));
  finite.zero = (p[5] & 1) != 0;
  finite.keeps_sign = (p[5] & 2) != 0;
  if (p[5] % 16 == 13) finite.lo = finite.hi = 0;  // 13 is odd: with zero
  return finite;
}
Range range_from(const std::uint8_t* p) {
  Range range;
  range.width = static_cast<std::uint8_t>(2U << p[0] % 3);
  range.negative = (p[1] & 1) != 0;
  range.bits = static_cast<std::uint8_t>(p[2] % (8U * range.width + (range.negative ? 0 : 1)));
  return range;
}

// Puts an element on its ring or into its range.
void settle(const Finite& finite, std::uint8_t* p) {
  const std::size_t width = width_of(finite.dtype);
  const unsigned mantissa = mantissa_bits(finite.dtype);
  const std::uint64_t x = get(p, width), sign = std::uint64_t{1} << (8 * width - 1);
  const std::uint64_t position = ((x & ~sign) >> mantissa) % finite.ring();
  const bool is_zero = finite.lo == 0 || (finite.zero && position == 0);
  const std::uint64_t exponent = is_zero ? 0 : finite.lo + position - (finite.zero ? 1 : 0);
  const std::uint64_t free = ((std::uint64_t{1} << mantissa) - 1) | (finite.keeps_sign ? 0 : sign);
  put(p, width, (x & free) | (exponent << mantissa));
}
void settle(const Range& range, std::uint8_t* p) {
  const std::uint64_t x = get(p, range.width), values = range.bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << range.bits) - 1;
  put(p, range.width, range.negative && x >> (8 * range.width - 1) != 0 ? ~(x & values) : x & values);
}
void settle(const Block& block, std::uint8_t* p) {
  for (const Field& field : block.fields) settle(field.finite, p + field.offset);
}

bool is_finite(const Finite& finite, const std::uint8_t* p) {
  return ((get(p, width_of(finite.dtype)) >> mantissa_bits(finite.dtype)) & exponent_ones(finite.dtype)) != exponent_ones(finite.dtype);
}
bool is_finite(const Range&, const std::uint8_t*) { return true; }
bool is_finite(const Block& block, const std::uint8_t* p) {
  return std::all_of(block.fields.begin(), block.fields.end(), [p](const Field& f) { return is_finite(f.finite, p + f.offset); });
}

std::size_t unit(const Finite& finite) { return width_of(finite.dtype); }
std::size_t unit(const Range& range) { return range.width; }
std::size_t unit(const Block& block) { return block.size; }

constexpr auto lock_of(const Finite&) { return &lock_finite; }
constexpr auto lock_of(const Range&) { return &lock_range; }
constexpr auto lock_of(const Block&) { return &lock_block; }
constexpr auto unlock_of(const Finite&) { return &unlock_finite; }
constexpr auto unlock_of(const Range&) { return &unlock_range; }
constexpr auto unlock_of(const Block&) { return &unlock_block; }

struct Input {
  const std::uint8_t* key;
  std::uint64_t index;  // of the first element
  bool settled, in_place;
  unsigned shift;
  Bytes data;
};

// What a kernel makes of the data; nothing where it is refused.
struct Results {
  bool locks, unlocks;
  Bytes locked, unlocked;
  bool operator==(const Results&) const = default;
};

template <class Layout>
Results run(const Kernel& kernel, const NumberKernel& numbers, const Layout& layout, const Input& input, bool in_place) {
  KeyState enc, aux;
  std::array<std::uint8_t, 32> other;
  std::copy(input.key, input.key + 32, other.rbegin());
  kernel.expand(input.key, enc);
  kernel.expand(other.data(), aux);
  const Streams streams{kernel, numbers, enc, aux};
  const std::uint64_t offset = input.index * unit(layout);
  const std::size_t n = input.data.size();

  const auto apply = [&](auto function, Bytes& result) {
    Bytes in(input.shift + n);  // exactly sized heap buffers, so that AddressSanitizer sees one byte too many
    std::copy(input.data.begin(), input.data.end(), in.begin() + input.shift);
    Bytes out(n);
    std::uint8_t* const from = in.data() + input.shift;
    const bool ok = function(streams, layout, offset, from, in_place ? from : out.data(), n);
    if (in_place) out.assign(in.begin() + input.shift, in.end());
    if (ok) result = out;
    return ok;
  };
  Results results{};
  results.locks = apply(lock_of(layout), results.locked);
  results.unlocks = apply(unlock_of(layout), results.unlocked);

  const bool kept = holds(numbers, layout, input.data.data(), n);
  demand(results.locks == kept && results.unlocks == kept);
  if (!kept) return results;
  demand(holds(numbers, layout, results.locked.data(), n) && holds(numbers, layout, results.unlocked.data(), n));
  for (std::size_t i = 0; i < n; i += unit(layout)) {
    demand(is_finite(layout, &results.locked[i]) && is_finite(layout, &results.unlocked[i]));
  }
  Bytes back = results.locked;
  demand(unlock_of(layout)(streams, layout, offset, back.data(), back.data(), n) && back == input.data);
  return results;
}

template <class Layout>
void check(const Layout& layout, Input input) {
  input.data.resize(input.data.size() / unit(layout) * unit(layout));
  input.index %= (~std::uint64_t{0} >> 4) / unit(layout) - input.data.size() / unit(layout);
  for (std::size_t i = 0; input.settled && i < input.data.size(); i += unit(layout)) settle(layout, &input.data[i]);
  for (Suite suite : {Suite::aes256, Suite::chacha20}) {
    const Results expected = run(*compiled(suite).back(), *compiled_numbers().back(), layout, input, input.in_place);
    demand(!input.settled || expected.locks);
    for (const NumberKernel* numbers : compiled_numbers()) {
      if (runnable(*numbers)) demand(run(*pick_for(suite, cpu_features()), *numbers, layout, input, !input.in_place) == expected);
    }
  }
}

void check_block(const std::uint8_t* attributes, Input input) {
  const auto size = static_cast<std::uint16_t>(1 + get(attributes, 2) % 700);
  std::vector<Field> fields;
  std::size_t at = 0, used = 0;
  for (std::size_t f = 0; f < attributes[2] % (max_fields + 1) && used + 8 <= input.data.size(); ++f, used += 8) {
    Field field{0, finite_from(&input.data[used], 3)};
    at += input.data[used + 6] % 32U;
    if (at + width_of(field.finite.dtype) > size) break;
    field.offset = static_cast<std::uint16_t>(at);
    at += width_of(field.finite.dtype);
    fields.push_back(field);
  }
  input.data.erase(input.data.begin(), input.data.begin() + static_cast<std::ptrdiff_t>(used));
  check(Block{size, fields}, std::move(input));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  constexpr std::size_t header = 49;
  if (size < header) return 0;
  const std::uint8_t* const attributes = input + 40;
  const std::uint8_t flags = input[48];
  const Input rest{input, get(input + 32, 8), (flags & 4) != 0, (flags & 8) != 0, flags / 16U, Bytes(input + header, input + size)};
  switch (flags & 3) {
    case 0: check(range_from(attributes), rest); break;
    case 1: check_block(attributes, rest); break;
    default: check(finite_from(attributes, 4), rest); break;
  }
  return 0;
}
