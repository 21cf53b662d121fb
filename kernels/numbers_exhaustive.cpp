// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// All 2^32 patterns of float32 through layout `finite` with the kernels chosen here: every finite number is locked to a
// finite number and comes back; every NaN and infinity is refused, each by itself. The slow lane `patterns` runs it.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <thread>
#include <vector>

#include "kernels/kernel.hpp"
#include "kernels/numbers.hpp"

namespace {

using namespace nnlock::kernels;

constexpr std::uint64_t patterns = std::uint64_t{1} << 32;
constexpr std::size_t part = std::size_t{1} << 16;  // patterns that share sign, exponent and 7 bits of the mantissa
constexpr Finite full{Float::f32, 1, 254, true, false};

struct Counts {
  std::atomic<std::uint64_t> round_trips{0}, refused{0}, wrong{0}, changed{0};
};

bool is_finite(std::uint32_t x) { return ((x >> 23) & 0xff) != 0xff; }

struct Buffers {
  std::vector<std::uint32_t> plain = std::vector<std::uint32_t>(part), locked = plain, back = plain;
};

// The part's patterns stand at their own element of a parameter of 16 GiB, so that no two share a key stream.
void check_finite(const Streams& streams, std::uint64_t first, Buffers& buffers, Counts& counts) {
  auto& [plain, locked, back] = buffers;
  for (std::size_t i = 0; i < part; ++i) plain[i] = static_cast<std::uint32_t>(first + i);
  const auto octets = [](std::vector<std::uint32_t>& v) { return static_cast<std::uint8_t*>(static_cast<void*>(v.data())); };
  const bool ok = lock_finite(streams, full, 4 * first, octets(plain), octets(locked), 4 * part) &&
                  unlock_finite(streams, full, 4 * first, octets(locked), octets(back), 4 * part);
  std::uint64_t good = 0, changed = 0;
  for (std::size_t i = 0; i < part; ++i) {
    good += ok && is_finite(locked[i]) && back[i] == plain[i] ? 1U : 0U;
    changed += locked[i] != plain[i] ? 1U : 0U;
  }
  counts.round_trips += good;
  counts.wrong += part - good;
  counts.changed += changed;
}

void check_refused(const Streams& streams, std::uint64_t first, Counts& counts) {
  std::uint64_t refused = 0;
  for (std::size_t i = 0; i < part; ++i) {
    const auto x = static_cast<std::uint32_t>(first + i);
    std::uint8_t in[4], out[4];
    std::memcpy(in, &x, 4);
    const bool taken = lock_finite(streams, full, 4 * first, in, out, 4) || unlock_finite(streams, full, 4 * first, in, out, 4);
    refused += taken ? 0U : 1U;
  }
  counts.refused += refused;
  counts.wrong += part - refused;
}

void work(const Kernel& kernel, const NumberKernel& numbers, std::atomic<std::uint64_t>& next, Counts& counts) {
  KeyState enc, aux;
  const std::uint8_t enc_key[32] = {1}, aux_key[32] = {2};
  kernel.expand(enc_key, enc);
  kernel.expand(aux_key, aux);
  const Streams streams{kernel, numbers, enc, aux};
  Buffers buffers;
  for (;;) {
    const std::uint64_t first = next.fetch_add(part);
    if (first >= patterns) return;
    if (is_finite(static_cast<std::uint32_t>(first))) {
      check_finite(streams, first, buffers, counts);
    } else {
      check_refused(streams, first, counts);
    }
  }
}

}  // namespace

int main() {
  const Choice bytes = choose(Suite::aes256);
  const NumberChoice numbers = choose_numbers();
  if (!bytes.ok() || !numbers.ok()) {
    std::fprintf(stderr, "numbers_exhaustive: NNLOCK_KERNEL cannot be honoured here; nnlock doctor lists the names\n");
    return 2;
  }
  std::atomic<std::uint64_t> next{0};
  Counts counts;
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < std::max(1U, std::thread::hardware_concurrency()); ++t) {
    threads.emplace_back([&] { work(*bytes.kernel, *numbers.kernel, next, counts); });
  }
  for (std::thread& thread : threads) thread.join();

  const std::uint64_t special = std::uint64_t{1} << 24, finite = patterns - special;  // 2 signs, 2^23 mantissas
  std::printf("%s, %s: %llu finite patterns came back, %llu NaN and infinities refused, %llu wrong, %llu changed by the lock\n",
              bytes.kernel->name, numbers.kernel->name, static_cast<unsigned long long>(counts.round_trips.load()),
              static_cast<unsigned long long>(counts.refused.load()), static_cast<unsigned long long>(counts.wrong.load()),
              static_cast<unsigned long long>(counts.changed.load()));
  // About one in 2^32 patterns is its own image: were many unchanged, nothing would have been locked.
  const bool passed = counts.wrong == 0 && counts.round_trips == finite && counts.refused == special && counts.changed > finite - 1000;
  std::printf("%s\n", passed ? "passed" : "FAILED");
  return passed ? 0 : 1;
}
