// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The loop, the ragged ends and the in-place case, once for all kernels.
//
// Everything here is a template over a `Group` type that lives in a namespace of its own file, so every instruction-set
// file gets its own copy of the code under its own name and nothing compiled with wider instructions can be picked up
// by another file (the one-definition rule). For the same reason nothing here calls an inline library function.
//
// A Group has
//   width                                  bytes handled in one go, a power of two
//   name                                   of the kernel
//   apply<op>(state, group, in, out)       transforms the `width` bytes that stand at stream offset group * width;
//                                          reads all it needs of a byte before it writes that byte
#pragma once

#include <cstring>

#include "kernels/kernel.hpp"

namespace nnlock::kernels {

enum class Op { lock, unlock, stream };

#ifdef NNLOCK_KERNELS_TRACE
void trace_call(const char* kernel_name);  // test build only: proves which kernel really ran
#endif

template <class Group>
struct Transform {
  static constexpr std::size_t width = Group::width;
  static_assert((width & (width - 1)) == 0);

  static void lock(const KeyState& state, std::uint64_t offset, const std::uint8_t* in, std::uint8_t* out,
                   std::size_t n) {
    run<Op::lock>(state, offset, in, out, n);
  }
  static void unlock(const KeyState& state, std::uint64_t offset, const std::uint8_t* in, std::uint8_t* out,
                     std::size_t n) {
    run<Op::unlock>(state, offset, in, out, n);
  }
  static void stream(const KeyState& state, std::uint64_t offset, std::uint8_t* out, std::size_t n) {
    run<Op::stream>(state, offset, out, out, n);
  }

 private:
  // Whole groups always start at a multiple of `width` in the key stream. A block counter inside a group is therefore
  // the group's first counter with low bits filled in: it never carries, and the only carry is in the 64-bit `group`.
  template <Op op>
  static void run(const KeyState& state, std::uint64_t offset, const std::uint8_t* in, std::uint8_t* out,
                  std::size_t n) {
#ifdef NNLOCK_KERNELS_TRACE
    trace_call(Group::name);
#endif
    std::uint64_t group = offset / width;
    const std::size_t skip = static_cast<std::size_t>(offset % width);
    if (skip != 0 && n != 0) {
      const std::size_t head = n < width - skip ? n : width - skip;
      ragged<op>(state, group++, skip, in, out, head);
      in += head;
      out += head;
      n -= head;
    }
    for (; n >= width; n -= width) {
      Group::template apply<op>(state, group++, in, out);
      in += width;
      out += width;
    }
    if (n != 0) ragged<op>(state, group, 0, in, out, n);
  }

  // Part of a group: n bytes from `skip` on, by way of a buffer that holds a whole one.
  template <Op op>
  [[gnu::noinline]] static void ragged(const KeyState& state, std::uint64_t group, std::size_t skip,
                                       const std::uint8_t* in, std::uint8_t* out, std::size_t n) {
    alignas(64) std::uint8_t buffer[width] = {};
    if constexpr (op != Op::stream) std::memcpy(buffer + skip, in, n);
    Group::template apply<op>(state, group, buffer, buffer);
    std::memcpy(out, buffer + skip, n);
    wipe(buffer, width);
  }
};

}  // namespace nnlock::kernels
