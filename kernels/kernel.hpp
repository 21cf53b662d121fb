// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Bytes and a key to locked or unlocked bytes. With k the key stream of a suite under a 32-byte key, addressed by
// byte offset, and S the AES S-box (FIPS 197, 5.1.1):
//
//     lock:    out[i] = S(in[i] XOR k[offset + i])
//     unlock:  out[i] = S^-1(in[i]) XOR k[offset + i]
//
// spec/lock-v1.md, section 3, is the contract. This room knows nothing else of nnlock: it includes the standard
// library only, allocates nothing, throws nothing, and keeps no secret outside the caller's KeyState.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "kernels/cpu.hpp"

namespace nnlock::kernels {

// Where the key stream comes from. The values are those of the lock record.
enum class Suite : std::uint8_t {
  aes256 = 1,    // 16-byte block i = AES-256(key, be128(i)): AES-256-CTR from an all-zero counter block
  chacha20 = 2,  // 64-byte block i = ChaCha20 block, le64(i) in words 12 and 13, words 14 and 15 zero
};

// Overwrites n bytes at p with zeros in a way the compiler may not leave out. p may be null if n is 0.
void wipe(void* p, std::size_t n) noexcept;

// An expanded key: secret. Its layout belongs to the kernel that filled it, so a state is only ever given back to the
// kernel whose expand() made it. Wiped when destroyed. It may be shared by threads once expanded. Not copyable, so
// that there is one place to wipe.
struct alignas(64) KeyState {
  std::uint8_t bytes[960] = {};  // bitsliced AES-256: 15 round keys of 8 planes of 8 bytes

  KeyState() = default;
  KeyState(const KeyState&) = delete;
  KeyState& operator=(const KeyState&) = delete;
  ~KeyState() { wipe(bytes, sizeof bytes); }
};

// One implementation of one suite.
//
// lock, unlock:  transform n bytes from `in` to `out`, the first of which stands at byte `stream_offset` of the key
//                stream. Any n, 0 included (pointers may then be null); any offset with stream_offset + n <= 2^64; no
//                alignment. `out` is either exactly `in` or does not overlap it at all. A byte's result depends on its
//                key, its offset and its value only, so ranges may be done alone, in any order, on any thread.
// stream:        writes n bytes of the raw key stream from `stream_offset` on (used for one-time tag keys).
// expand:        fills `state` from 32 bytes of key.
//
// None of them fails. None has a branch or a memory address that depends on key or data bytes: timing depends on n,
// and on stream_offset modulo the kernel's group width, only.
struct Kernel {
  const char* name;  // unique over both suites: technique, architecture, instruction set
  Suite suite;
  Features needs;  // runs where cpu_features() has all of these
  void (*expand)(const std::uint8_t key[32], KeyState& state);
  void (*lock)(const KeyState& state, std::uint64_t stream_offset, const std::uint8_t* in, std::uint8_t* out,
               std::size_t n);
  void (*unlock)(const KeyState& state, std::uint64_t stream_offset, const std::uint8_t* in, std::uint8_t* out,
                 std::size_t n);
  void (*stream)(const KeyState& state, std::uint64_t stream_offset, std::uint8_t* out, std::size_t n);
};

// How a kernel was chosen.
enum class Outcome : std::uint8_t {
  best,          // NNLOCK_KERNEL is unset, empty, or names compiled kernels of other kinds only
  forced,        // NNLOCK_KERNEL names this kernel
  unknown_name,  // NNLOCK_KERNEL names something that is not compiled in, or two kernels of this kind: report an error
  not_runnable,  // NNLOCK_KERNEL names a kernel of this kind that this CPU cannot run: report an error
};

struct Choice {
  const Kernel* kernel;  // never null: the best one where the name could not be honoured
  Outcome outcome;
  constexpr bool ok() const { return outcome == Outcome::best || outcome == Outcome::forced; }
};

// The kernel to use here and now, and whether the environment variable NNLOCK_KERNEL (read at each call) could be
// honoured. Callers turn a choice that is not ok() into an error, so that nobody measures a kernel they did not get.
Choice choose(Suite suite);

// The same as a pure function of its arguments: what would be chosen on a CPU with `features` if NNLOCK_KERNEL were
// `forced` (empty: unset). It may be a list of names with commas between, one of each kind: a suite's or number kernels
// (numbers.hpp).
Choice choose_for(Suite suite, Features features, std::string_view forced);

// choose(suite).kernel: the forced kernel if that is possible, else the best. Never null.
const Kernel* pick(Suite suite);

// The best compiled kernel for a CPU with these features, whatever the environment says. Never null.
const Kernel* pick_for(Suite suite, Features features);

// The compiled kernel of that suite and name, runnable or not; null if there is none.
const Kernel* find(Suite suite, std::string_view name);

// All kernels compiled in, best first, the portable one last. Never empty.
std::span<const Kernel* const> compiled(Suite suite);

// True if this CPU and operating system can run it (subject to mask_features()).
bool runnable(const Kernel& kernel);

}  // namespace nnlock::kernels
