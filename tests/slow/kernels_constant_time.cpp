// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// No branch and no address that depends on a secret, checked by Valgrind's Memcheck: keys, streams and data are declared uninitialised, and it reports each
// jump and each address that hangs on such bytes (A. Langley, "ctgrind", 2010). Run as `valgrind build/release/tests/kernels_constant_time`; a slow
// lane. Only instructions that Valgrind knows are covered: AES-NI and AVX2, neither AVX-512 nor VAES nor GFNI.
#include <valgrind/memcheck.h>

#include <cstdio>
#include <cstring>
#include <string>

#include "kernels/kernels_testing.hpp"
#include "kernels/numbers.hpp"

using namespace nnlock::kernels;
using testing_tools::Bytes;
using testing_tools::noise;

namespace {

constexpr std::size_t kBytes = 1000, kOffset = 77;  // several groups of each kernel, and a part of one at both ends

template <class T>
void make_secret(T& bytes) {
  VALGRIND_MAKE_MEM_UNDEFINED(bytes.data(), bytes.size());
}
template <class T>
void make_public(T& bytes) {
  VALGRIND_MAKE_MEM_DEFINED(bytes.data(), bytes.size());
}

// Reports of Memcheck while `body` ran.
template <class Body>
unsigned long reports(const Body& body) {
  const unsigned long before = VALGRIND_COUNT_ERRORS;
  body();
  return VALGRIND_COUNT_ERRORS - before;
}

int failures = 0;

void expect_silence(const std::string& what, unsigned long count) {
  std::printf("-- %s: %lu reports\n", what.c_str(), count);
  failures += count != 0;
}

// What the lane must see, or it sees nothing.
void expect_reports(const std::string& what, unsigned long count) {
  std::printf("-- control, %s: %lu reports\n", what.c_str(), count);
  failures += count == 0;
}

void expect(bool right, const std::string& what) {
  if (right) return;
  std::printf("-- %s: failed, wrong bytes\n", what.c_str());
  ++failures;
}

void check(const Kernel& kernel) {
  auto key = testing_tools::some_key(1);
  Bytes data = noise(kBytes, 2), locked(kBytes), back(kBytes), stream(kBytes);
  const Bytes plain = data;
  KeyState state;
  make_secret(key);
  make_secret(data);
  const std::string name = kernel.name;
  expect_silence(name + ", expand, lock, unlock, stream", reports([&] {
                   kernel.expand(key.data(), state);
                   kernel.lock(state, kOffset, data.data(), locked.data(), kBytes);
                   kernel.unlock(state, kOffset, locked.data(), back.data(), kBytes);
                   kernel.stream(state, kOffset, stream.data(), kBytes);
                 }));
  make_public(back);
  make_public(locked);
  expect(back == plain && locked != plain, name);
}

// Elements come first, so that all of them are on their ring or in their range. That none is off is the one thing that becomes known.
template <class Attributes, class Lock, class Unlock>
void check_numbers(const std::string& name, const Attributes& attributes, Bytes data, std::size_t width, const Lock& lock, const Unlock& unlock) {
  const Bytes plain = data;
  Bytes k = noise(data.size(), 3), a = noise(data.size() / width * 8, 4), locked(data.size()), back(data.size());
  for (Bytes* secret : {&data, &k, &a}) make_secret(*secret);
  bool fits = false, came_back = false;
  expect_silence(name + ", lock, unlock", reports([&] {
                   fits = lock(attributes, k, a, data, locked);
                   came_back = unlock(attributes, k, a, locked, back);
                 }));
  VALGRIND_MAKE_MEM_DEFINED(&fits, sizeof fits);
  VALGRIND_MAKE_MEM_DEFINED(&came_back, sizeof came_back);
  make_public(back);
  make_public(locked);
  expect(fits && came_back && back == plain && locked != plain, name);
}

Bytes floats(std::size_t count) {
  Bytes bytes = noise(4 * count, 5);
  for (std::size_t i = 0; i < count; ++i) {  // exponents 119, 121, 123, 125
    bytes[4 * i + 3] = static_cast<std::uint8_t>((bytes[4 * i + 3] & 0x80) | (0x3b + (bytes[4 * i + 3] & 3)));
    bytes[4 * i + 2] |= 0x80;
  }
  return bytes;
}

Bytes integers(std::size_t count) {
  Bytes bytes = noise(4 * count, 6);
  for (std::size_t i = 0; i < count; ++i) bytes[4 * i + 2] = bytes[4 * i + 3] = 0;  // 0 to 65535
  return bytes;
}

void check(const NumberKernel& kernel) {
  const std::size_t count = 250;
  check_numbers(
      std::string(kernel.name) + " finite", Finite{.dtype = Float::f32, .lo = 117, .hi = 127}, floats(count), 4,
      [&](const Finite& f, const Bytes& k, const Bytes& a, const Bytes& in, Bytes& out) { return kernel.lock_finite(f, k.data(), a.data(), in.data(), out.data(), count); },
      [&](const Finite& f, const Bytes& k, const Bytes& a, const Bytes& in, Bytes& out) { return kernel.unlock_finite(f, k.data(), a.data(), in.data(), out.data(), count); });
  check_numbers(
      std::string(kernel.name) + " range", Range{.width = 4, .bits = 17}, integers(count), 4,
      [&](const Range& r, const Bytes& k, const Bytes&, const Bytes& in, Bytes& out) { return kernel.lock_range(r, k.data(), in.data(), out.data(), count); },
      [&](const Range& r, const Bytes& k, const Bytes&, const Bytes& in, Bytes& out) { return kernel.unlock_range(r, k.data(), in.data(), out.data(), count); });
}

template <class K>
void check_all(std::span<const K* const> kernels) {
  for (const K* kernel : kernels)
    if (runnable(*kernel)) check(*kernel);
    else std::printf("-- not covered: %s, Valgrind or this CPU lacks its instructions\n", kernel->name);
}

void controls() {
  static std::uint8_t table[256];
  for (unsigned i = 0; i < 256; ++i) table[i] = static_cast<std::uint8_t>(7 * i + 3);
  Bytes secret = noise(1, 7);
  make_secret(secret);
  volatile std::uint8_t out = 0;
  expect_reports("a table read at a secret index", reports([&] { out = static_cast<const volatile std::uint8_t*>(table)[secret[0]]; }));
  expect_reports("a branch on a secret bit", reports([&] {
    if ((secret[0] & 1) != 0) out = out + 1;
    else out = out - 1;
  }));
  expect_silence("control, a sum of secrets", reports([&] { out = static_cast<std::uint8_t>(secret[0] + secret[0]); }));
}

}  // namespace

int main() {
  if (RUNNING_ON_VALGRIND == 0) {
    std::puts("failed: run it under valgrind, or it sees nothing");
    return 2;
  }
  controls();
  check_all(compiled(Suite::aes256));
  check_all(compiled(Suite::chacha20));
  check_all(compiled_numbers());
  std::puts("-- not covered: HKDF, HMAC and Poly1305, which are OpenSSL's");
  std::printf("%s\n", failures == 0 ? "passed" : "failed");
  return failures == 0 ? 0 : 1;
}
