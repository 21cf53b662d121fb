// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lock/scan.hpp"

#include <algorithm>
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

class ScanWorker final : public Worker {
 public:
  ScanWorker(const formats::ByteSource& source, std::span<const Scanned> params, const kernels::NumberKernel& numbers, Results& results)
      : source_(source), params_(params), numbers_(numbers), results_(results) {}

  Result<void> run(const Chunk& chunk, std::span<std::byte> scratch) override {
    const Scanned& p = params_[chunk.param];
    const auto bytes = scratch.first(chunk.length);
    if (auto read = source_.read(p.offset + chunk.start, bytes); !read) return read;
    const auto* const in = reinterpret_cast<const std::uint8_t*>(bytes.data());
    ElementStats seen;
    if (p.elements.kind == Elements::Kind::floats) numbers_.scan_floats(p.elements.dtype, in, bytes.size() / p.elements.width, seen.floats);
    else numbers_.scan_integers(p.elements.width, in, bytes.size() / p.elements.width, seen.integers);
    {
      const std::lock_guard lock(results_.mutex);
      merge(results_.stats[chunk.param], seen);
    }
    kernels::wipe(&seen, sizeof seen);  // of one element it may be the element
    return {};
  }

 private:
  const formats::ByteSource& source_;
  std::span<const Scanned> params_;
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
  Core chunks;  // of the default chunk size, which every width divides
  chunks.params.reserve(params.size());
  std::uint64_t longest = 0;
  for (const Scanned& p : params) {
    chunks.params.push_back({0, p.offset, p.length});
    longest = std::max(longest, p.length);
  }
  Results results{.stats = std::vector<ElementStats>(params.size())};
  const auto make = [&] { return std::make_unique<ScanWorker>(source, params, numbers, results); };
  if (auto done = run_chunks(chunks, {}, std::min(longest, chunks.chunk_bytes()), make, options); !done) return done.error();
  return std::move(results.stats);
}

}  // namespace nnlock::lock
