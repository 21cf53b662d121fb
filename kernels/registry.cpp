// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/registry.hpp"

#include <cstdlib>

namespace nnlock::kernels {
namespace {

// The kernels of one suite that are compiled in, in the order in which they are preferred.
struct List {
  const Kernel* items[4] = {};
  std::size_t count = 0;

  void add(const Kernel* kernel) {
    if (kernel != nullptr) items[count++] = kernel;
  }
};

// Measured with kernels_bench: unlock of 256 KiB in place, one core of an AMD EPYC (Zen 3), g++ 12, 2026-11-24, medians
// of 15 in GiB/s: vaes256 11.0, aesni 6.0, portable 0.23 (OpenSSL's AES-256-CTR 6.5); chacha20 avx2 2.6, portable 0.76
// (OpenSSL's ChaCha20 3.0, without S-box). vaes512 stands first by its width; it has not been measured.
const List& list(Suite suite) {
  static const List aes = [] {
    List l;
    l.add(aes_ctr_x86_vaes512());
    l.add(aes_ctr_x86_vaes256());
    l.add(aes_ctr_x86_aesni());
    l.add(aes_ctr_portable());
    return l;
  }();
  static const List chacha = [] {
    List l;
    l.add(chacha20_x86_avx2());
    l.add(chacha20_portable());
    return l;
  }();
  return suite == Suite::aes256 ? aes : chacha;
}

constexpr Suite other(Suite suite) { return suite == Suite::aes256 ? Suite::chacha20 : Suite::aes256; }

}  // namespace

std::span<const Kernel* const> compiled(Suite suite) {
  const List& l = list(suite);
  return {l.items, l.count};
}

bool runnable(const Kernel& kernel) { return cpu_features().has(kernel.needs); }

const Kernel* find(Suite suite, std::string_view name) {
  for (const Kernel* kernel : compiled(suite)) {
    if (name == kernel->name) return kernel;
  }
  return nullptr;
}

const Kernel* pick_for(Suite suite, Features features) {
  const std::span<const Kernel* const> all = compiled(suite);
  for (const Kernel* kernel : all) {
    if (features.has(kernel->needs)) return kernel;
  }
  return all.back();  // not reached: the portable kernel is last and needs nothing
}

Choice choose_for(Suite suite, Features features, std::string_view forced) {
  const Kernel* const best = pick_for(suite, features);
  if (forced.empty()) return {best, Outcome::best};
  if (const Kernel* named = find(suite, forced)) {
    if (features.has(named->needs)) return {named, Outcome::forced};
    return {best, Outcome::not_runnable};
  }
  // A name of the other suite says nothing about this one.
  if (find(other(suite), forced) != nullptr) return {best, Outcome::best};
  return {best, Outcome::unknown_name};
}

Choice choose(Suite suite) {
  const char* const forced = std::getenv("NNLOCK_KERNEL");
  return choose_for(suite, cpu_features(), forced == nullptr ? std::string_view() : std::string_view(forced));
}

const Kernel* pick(Suite suite) { return choose(suite).kernel; }

}  // namespace nnlock::kernels
