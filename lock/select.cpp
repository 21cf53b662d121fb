// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lock/select.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <bit>
#include <optional>

namespace nnlock::lock {
namespace {

using kernels::Float;
using Kind = Elements::Kind;

constexpr std::uint64_t kFewElements = 16;  // below this the exponents that occur would tell too much of single values
constexpr std::uint8_t kLeastBits = 7;

// Exponent fields by section 5.1: of 2^-8 and 1, for tensors of few elements, and of the floor, which hides the smallest magnitude.
struct Bounds {
  std::uint16_t window_lo, window_hi, floor;
};
Bounds bounds_of(Float dtype) {
  return dtype == Float::f16 ? Bounds{7, 15, 1} : dtype == Float::f64 ? Bounds{1015, 1023, 983} : Bounds{119, 127, 87};
}

// The attributes for `elements` floats that are like that; nullopt where one of them is NaN or infinite.
std::optional<kernels::Finite> ring_of(Float dtype, const kernels::FloatStats& stats, std::uint64_t elements) {
  const bool nonzero = stats.least_exponent <= stats.greatest_exponent;
  if (nonzero && stats.greatest_exponent >= kernels::exponent_ones(dtype)) return std::nullopt;
  const Bounds bounds = bounds_of(dtype);
  kernels::Finite finite{.dtype = dtype, .lo = 0, .hi = 0, .zero = stats.zero, .keeps_sign = !stats.negative};
  if (nonzero) {
    finite.lo = static_cast<std::uint16_t>(stats.least_exponent);
    finite.hi = static_cast<std::uint16_t>(stats.greatest_exponent);
  }
  if (elements < kFewElements) {
    finite.lo = nonzero ? std::min(finite.lo, bounds.window_lo) : bounds.window_lo;
    finite.hi = std::max(finite.hi, bounds.window_hi);
  }
  if (!finite.keeps_sign && finite.lo != 0) finite.lo = std::min(finite.lo, bounds.floor);
  return finite;
}

void choose_finite(Parameter& p, Float dtype, const kernels::FloatStats& stats) {
  if (const auto ring = ring_of(dtype, stats, p.length / kernels::width_of(dtype))) return p.set(*ring);
  const bool any_finite = stats.zero || stats.least_exponent < kernels::exponent_ones(dtype);
  if (!any_finite) p.set_without_numbers(dtype);  // nothing is learned there: the start of a maximum, a mask
}

// One of `stats` for each field.
void choose_block(Parameter& p, BlockTable& blocks, const StructLayout& structs, std::span<const ElementStats> stats) {
  std::array<kernels::Field, kernels::max_fields> fields;
  for (std::size_t f = 0; f < stats.size(); ++f) {
    const auto ring = ring_of(elements_of(structs.fields[f].dtype).dtype, stats[f].floats, p.length / structs.bytes);
    if (!ring) return;
    fields[f] = {structs.fields[f].offset, *ring};
  }
  p.set_block(blocks.add(structs.bytes, std::span(fields).first(stats.size())));
}

void choose_range(Parameter& p, const Elements& elements, const kernels::IntegerStats& stats) {
  const bool is_signed = elements.kind == Kind::signed_integers;
  const auto bits = static_cast<std::uint8_t>(std::bit_width(is_signed ? stats.magnitudes : stats.values));
  p.set(kernels::Range{.width = elements.width, .bits = std::max(bits, kLeastBits), .negative = is_signed && stats.negative});
}

// Elements that a layout of numbers may suit.
bool has_numbers(const Parameter& p, const Elements& elements) { return elements.kind != Kind::opaque && p.length % elements.width == 0; }

// Structs that layout `block` may suit.
bool has_structs(const Parameter& p, const StructLayout& structs) {
  const auto small_float = [](const StructField& f) { return f.dtype == Dtype::f16 || f.dtype == Dtype::bf16 || f.dtype == Dtype::f32; };
  return structs.bytes != 0 && p.length % structs.bytes == 0 && !structs.fields.empty() && structs.fields.size() <= kernels::max_fields &&
         std::all_of(structs.fields.begin(), structs.fields.end(), small_float);
}

// The parameter as it is to be looked at, if a layout other than `bytes` may suit it.
std::optional<Scanned> wanted(const Parameter& p, const ParamSpan& span) {
  if (p.layout != Layout::bytes) return std::nullopt;
  if (has_structs(p, span.structs)) return Scanned{.offset = p.offset, .length = p.length, .elements = {}, .structs = &span.structs};
  const Elements elements = elements_of(span.dtype);
  if (!has_numbers(p, elements)) return std::nullopt;
  return Scanned{.offset = p.offset, .length = p.length, .elements = elements};
}

}  // namespace

bool matches_any(std::span<const std::string> globs, std::string_view name) {
  const std::string text(name);
  return std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) { return ::fnmatch(glob.c_str(), text.c_str(), 0) == 0; });
}

std::vector<Parameter> select_parameters(std::span<const ParamSpan> params, std::uint32_t first_file,
                                         std::span<const std::string> include, std::span<const std::string> exclude) {
  std::vector<Parameter> selected;
  selected.reserve(params.size());
  for (const ParamSpan& p : params) {
    const bool wanted = (include.empty() || matches_any(include, p.name)) && !matches_any(exclude, p.name);
    selected.push_back({first_file + p.file, p.offset, p.length, wanted ? Layout::bytes : Layout::plain});
  }
  return selected;
}

bool locks_anything(std::span<const Parameter> params) {
  return std::any_of(params.begin(), params.end(), [](const Parameter& p) { return p.layout != Layout::plain; });
}

void choose_layout(Parameter& p, const Elements& elements, const ElementStats& stats) {
  if (!has_numbers(p, elements)) return;
  if (elements.kind == Kind::floats) choose_finite(p, elements.dtype, stats.floats);
  else choose_range(p, elements, stats.integers);
}

Result<std::uint64_t> choose_layouts(std::span<Parameter> params, BlockTable& blocks, std::span<const ParamSpan> spans,
                                     const formats::ByteSource& source, const kernels::NumberKernel& numbers, const PassOptions& options) {
  std::vector<Scanned> scanned;
  std::vector<std::size_t> chosen;
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < params.size(); ++i) {
    const auto looked_at = wanted(params[i], spans[i]);
    if (!looked_at) continue;
    scanned.push_back(*looked_at);
    chosen.push_back(i);
    bytes += params[i].length;
  }
  auto stats = scan(source, scanned, numbers, options);
  if (!stats) return stats.error();
  std::size_t next = 0;
  for (std::size_t i = 0; i < scanned.size(); ++i) {
    const auto own = std::span(*stats).subspan(next, scanned[i].results());
    if (scanned[i].structs != nullptr) choose_block(params[chosen[i]], blocks, *scanned[i].structs, own);
    else choose_layout(params[chosen[i]], scanned[i].elements, own.front());
    next += own.size();
  }
  if (!stats->empty()) kernels::wipe(stats->data(), stats->size() * sizeof(ElementStats));
  return bytes;
}

bool fell_back(const Parameter& p, Dtype dtype, const StructLayout& structs) {
  if (p.layout != Layout::bytes) return false;
  const Elements elements = elements_of(dtype);
  return has_structs(p, structs) || (elements.kind == Kind::floats && has_numbers(p, elements));
}

std::string why_no_numbers(const Parameter& p, Dtype dtype, const StructLayout& structs, bool recorded) {
  const Elements elements = elements_of(dtype);
  if (elements.kind != Kind::floats && structs.bytes == 0) return {};
  if (p.layout == Layout::plain && !recorded) return "holds no finite number";
  if (p.layout != Layout::bytes) return {};
  if (fell_back(p, dtype, structs)) return recorded ? "NaN or infinity inside, or locked with --layout bytes" : "holds NaN or infinity";
  return structs.bytes != 0 ? "" : "its length is not a multiple of " + std::to_string(elements.width) + " bytes";
}

}  // namespace nnlock::lock
