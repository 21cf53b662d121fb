// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/registry.hpp"

#include <cstdlib>

namespace nnlock::kernels {
namespace {

// The kernels of one kind that are compiled in, in the order in which they are preferred.
template <class K>
struct List {
  const K* items[4] = {};
  std::size_t count = 0;

  void add(const K* kernel) {
    if (kernel != nullptr) items[count++] = kernel;
  }
  std::span<const K* const> all() const { return {items, count}; }
};

// Measured with kernels_bench: unlock of 256 KiB in place, one core, g++ 12, medians in GiB/s.
// Intel Xeon (Sapphire Rapids), 2026-11-25 (bench/results.md): vaes512 15.1, vaes256 13.2, aesni 7.0, portable 0.28 (OpenSSL's
// AES-256-CTR 8.1); chacha20 avx2 3.1, portable 0.87 (OpenSSL's ChaCha20 6.6; OpenSSL does no S-box).
// AMD EPYC (Zen 3), 2026-11-24: vaes256 11.0, aesni 6.0, portable 0.23 (OpenSSL 6.5); chacha20 avx2 2.6, portable 0.76 (3.0).
const List<Kernel>& list(Suite suite) {
  static const List<Kernel> aes = [] {
    List<Kernel> l;
    l.add(aes_ctr_x86_vaes512());
    l.add(aes_ctr_x86_vaes256());
    l.add(aes_ctr_x86_aesni());
    l.add(aes_ctr_portable());
    return l;
  }();
  static const List<Kernel> chacha = [] {
    List<Kernel> l;
    l.add(chacha20_x86_avx2());
    l.add(chacha20_portable());
    return l;
  }();
  return suite == Suite::aes256 ? aes : chacha;
}

// Layout finite of f32 and of f16, the same way on the same Xeon: avx512 with vaes512 7.0 and 5.0, avx2 with vaes256 5.5 and 3.8,
// portable with portable 0.16 and 0.11.
const List<NumberKernel>& number_list() {
  static const List<NumberKernel> numbers = [] {
    List<NumberKernel> l;
    l.add(numbers_x86_avx512());
    l.add(numbers_x86_avx2());
    l.add(numbers_portable());
    return l;
  }();
  return numbers;
}

template <class K>
const K* named(std::span<const K* const> all, std::string_view name) {
  for (const K* kernel : all) {
    if (name == kernel->name) return kernel;
  }
  return nullptr;
}

template <class K>
const K* best_for(std::span<const K* const> all, Features features) {
  for (const K* kernel : all) {
    if (features.has(kernel->needs)) return kernel;
  }
  return all.back();  // not reached: the portable kernel is last and needs nothing
}

bool known(std::string_view name) {
  return find(Suite::aes256, name) != nullptr || find(Suite::chacha20, name) != nullptr || find_numbers(name) != nullptr;
}

// Names of other kinds say nothing about this one. A name that is in no list, an empty one between commas and a second
// one of this kind are errors.
template <class C, class K>
C choose_from(std::span<const K* const> all, Features features, std::string_view forced) {
  const K* const best = best_for(all, features);
  const K* chosen = nullptr;
  for (bool more = !forced.empty(); more;) {
    const std::size_t comma = forced.find(',');
    const std::string_view name = forced.substr(0, comma);
    const K* const kernel = named(all, name);
    if (!known(name) || (kernel != nullptr && chosen != nullptr)) return {best, Outcome::unknown_name};
    if (kernel != nullptr) chosen = kernel;
    more = comma != std::string_view::npos;
    if (more) forced.remove_prefix(comma + 1);
  }
  if (chosen == nullptr) return {best, Outcome::best};
  if (!features.has(chosen->needs)) return {best, Outcome::not_runnable};
  return {chosen, Outcome::forced};
}

std::string_view environment() {
  const char* const forced = std::getenv("NNLOCK_KERNEL");
  return forced == nullptr ? std::string_view() : std::string_view(forced);
}

}  // namespace

std::span<const Kernel* const> compiled(Suite suite) { return list(suite).all(); }
std::span<const NumberKernel* const> compiled_numbers() { return number_list().all(); }

bool runnable(const Kernel& kernel) { return cpu_features().has(kernel.needs); }
bool runnable(const NumberKernel& kernel) { return cpu_features().has(kernel.needs); }

const Kernel* find(Suite suite, std::string_view name) { return named(compiled(suite), name); }
const NumberKernel* find_numbers(std::string_view name) { return named(compiled_numbers(), name); }

const Kernel* pick_for(Suite suite, Features features) { return best_for(compiled(suite), features); }

Choice choose_for(Suite suite, Features features, std::string_view forced) {
  return choose_from<Choice>(compiled(suite), features, forced);
}
NumberChoice choose_numbers_for(Features features, std::string_view forced) {
  return choose_from<NumberChoice>(compiled_numbers(), features, forced);
}

Choice choose(Suite suite) { return choose_for(suite, cpu_features(), environment()); }
NumberChoice choose_numbers() { return choose_numbers_for(cpu_features(), environment()); }

const Kernel* pick(Suite suite) { return choose(suite).kernel; }

}  // namespace nnlock::kernels
