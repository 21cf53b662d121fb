// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lock/scan.hpp"

#include <algorithm>
#include <array>
#include <mutex>

namespace nnlock::lock {
namespace {

void merge(ElementStats& into, const ElementStats& from) {
  into.floats.least_exponent = std::min(into.floats.least_exponent, from.floats.least_exponent);
  into.floats.greatest_exponent = std::max(into.floats.greatest_exponent, from.floats.greatest_exponent);
  into.floats.zero |= from.floats.zero;
  into.floats.negative |= from.floats.negative;
  into.integers.negative |= from.integers.negative;
  into.integers.magnitudes |= from.integers.magnitudes;
  into.integers.values |= from.integers.values;
}

// What all threads share.
struct Results {
  std::mutex mutex;
  std::vector<ElementStats> stats;
};

// What is scanned, as run_chunks() wants to have it, and where in the results each parameter's begin.
struct Plan {
  Core chunks;  // of the default chunk size, which every width divides; of structs chunks are whole
  std::vector<std::size_t> first_result;
  std::size_t results = 0;
};

Plan plan_of(std::span<const Scanned> params) {
  Plan plan;
  plan.chunks.params.reserve(params.size());
  for (const Scanned& p : params) {
    Parameter& chunked = plan.chunks.params.emplace_back(Parameter{0, p.offset, p.length});
    plan.first_result.push_back(plan.results);
    plan.results += p.results();
    if (p.structs == nullptr) continue;
    std::vector<kernels::Field> fields;
    for (const StructField& f : p.structs->fields) fields.push_back({f.offset, {.dtype = elements_of(f.dtype).dtype}});
    chunked.set_block(plan.chunks.blocks.add(p.structs->bytes, fields));
  }
  return plan;
}

class ScanWorker final : public Worker {
 public:
  ScanWorker(const formats::ByteSource& source, std::span<const Scanned> params, const Plan& plan, const kernels::NumberKernel& numbers, Results& results)
      : source_(source), params_(params), plan_(plan), numbers_(numbers), results_(results) {}

  Result<void> run(const Chunk& chunk, std::span<std::byte> scratch) override {
    const Scanned& p = params_[chunk.param];
    const auto bytes = scratch.first(chunk.length);
    if (auto read = source_.read(p.offset + chunk.start, bytes); !read) return read;
    std::array<ElementStats, kernels::max_fields> seen;
    look(chunk.param, bytes, seen);
    {
      const std::lock_guard lock(results_.mutex);
      for (std::size_t i = 0; i < p.results(); ++i) merge(results_.stats[plan_.first_result[chunk.param] + i], seen[i]);
    }
    kernels::wipe(&seen, sizeof seen);  // of one element it may be the element
    return {};
  }

 private:
  void look(std::size_t param, std::span<const std::byte> bytes, std::span<ElementStats> seen) const {
    const Elements& elements = params_[param].elements;
    const auto* const in = reinterpret_cast<const std::uint8_t*>(bytes.data());
    if (params_[param].structs != nullptr) {
      std::array<kernels::FloatStats, kernels::max_fields> fields;
      scan_block(numbers_, plan_.chunks.blocks.at(plan_.chunks.params[param].block()), in, bytes.size(), fields);
      for (std::size_t f = 0; f < fields.size(); ++f) seen[f].floats = fields[f];
      kernels::wipe(&fields, sizeof fields);
    } else if (elements.kind == Elements::Kind::floats) {
      numbers_.scan_floats(elements.dtype, in, bytes.size() / elements.width, seen[0].floats);
    } else {
      numbers_.scan_integers(elements.width, in, bytes.size() / elements.width, seen[0].integers);
    }
  }

  const formats::ByteSource& source_;
  std::span<const Scanned> params_;
  const Plan& plan_;
  const kernels::NumberKernel& numbers_;
  Results& results_;
};

}  // namespace

Elements elements_of(Dtype dtype) {
  using Kind = Elements::Kind;
  using kernels::Float;
  switch (dtype) {
    case Dtype::f16: return {Kind::floats, 2, Float::f16};
    case Dtype::bf16: return {Kind::floats, 2, Float::bf16};
    case Dtype::f32:
    case Dtype::complex64: return {Kind::floats, 4, Float::f32};
    case Dtype::f64:
    case Dtype::complex128: return {Kind::floats, 8, Float::f64};
    case Dtype::i16: return {Kind::signed_integers, 2};
    case Dtype::i32: return {Kind::signed_integers, 4};
    case Dtype::i64: return {Kind::signed_integers, 8};
    case Dtype::u16: return {Kind::unsigned_integers, 2};
    case Dtype::u32: return {Kind::unsigned_integers, 4};
    case Dtype::u64: return {Kind::unsigned_integers, 8};
    default: return {};
  }
}

Result<std::vector<ElementStats>> scan(const formats::ByteSource& source, std::span<const Scanned> params, const kernels::NumberKernel& numbers,
                                       const PassOptions& options) {
  const Plan plan = plan_of(params);
  std::uint64_t longest = 0;
  for (const Scanned& p : params) longest = std::max(longest, p.length);
  Results results{.stats = std::vector<ElementStats>(plan.results)};
  const auto make = [&] { return std::make_unique<ScanWorker>(source, params, plan, numbers, results); };
  if (auto done = run_chunks(plan.chunks, {}, std::min(longest, plan.chunks.chunk_bytes()), make, options); !done) return done.error();
  return std::move(results.stats);
}

}  // namespace nnlock::lock
