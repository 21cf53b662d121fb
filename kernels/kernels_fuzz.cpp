// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Every runnable kernel against the portable one of its suite, on arbitrary keys, offsets, lengths and bytes.
// Input: 32 bytes of key, 8 of offset, 1 of misalignment and flags, then the data.
#include <cstdlib>
#include <cstring>
#include <vector>

#include "kernels/kernel.hpp"

namespace {

using namespace nnlock::kernels;
using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t header = 41;

struct Results {
  Bytes locked;
  Bytes unlocked;
  Bytes stream;
  bool operator==(const Results&) const = default;
};

void demand(bool condition) {
  if (!condition) std::abort();
}

// All operations of one kernel, on exactly sized heap buffers so that AddressSanitizer sees one byte too many.
Results run(const Kernel& kernel, const std::uint8_t* key, std::uint64_t offset, unsigned shift, bool in_place,
            const std::uint8_t* data, std::size_t n) {
  KeyState state;
  kernel.expand(key, state);
  Bytes in(shift + n);
  if (n != 0) std::memcpy(in.data() + shift, data, n);
  Bytes out(n);
  const auto apply = [&](auto operation) {
    Bytes copy = in;
    if (!in_place) operation(state, offset, copy.data() + shift, out.data(), n);
    if (!in_place) return out;
    operation(state, offset, copy.data() + shift, copy.data() + shift, n);
    return Bytes(copy.begin() + static_cast<std::ptrdiff_t>(shift), copy.end());
  };
  Results results{apply(kernel.lock), apply(kernel.unlock), Bytes(n)};
  kernel.stream(state, offset, results.stream.data(), n);

  Bytes back = results.locked;
  kernel.unlock(state, offset, back.data(), back.data(), n);
  demand(n == 0 || std::memcmp(back.data(), data, n) == 0);
  return results;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  if (size < header) return 0;
  const std::uint8_t* const data = input + header;
  const std::size_t n = size - header;
  const unsigned shift = input[40] % 64;
  const bool in_place = (input[40] & 64) != 0;
  std::uint64_t offset = 0;
  for (unsigned i = 0; i < 8; ++i) offset |= std::uint64_t{input[32 + i]} << (8 * i);
  if (offset != 0 && n > 0 - offset) offset -= n;  // stream_offset + n <= 2^64

  for (Suite suite : {Suite::aes256, Suite::chacha20}) {
    const Kernel& portable = *compiled(suite).back();
    const Results expected = run(portable, input, offset, shift, in_place, data, n);
    for (const Kernel* kernel : compiled(suite)) {
      if (kernel == &portable || !runnable(*kernel)) continue;
      demand(run(*kernel, input, offset, shift, !in_place, data, n) == expected);
    }
  }
  return 0;
}
