// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// nnlock doctor: what this machine offers, measured.
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <set>
#include <sstream>

#include "cli/commands.hpp"
#include "cli/json.hpp"
#include "cli/ui.hpp"
#include "nnlock/doctor.hpp"

namespace nnlock::cli {
namespace {

constexpr std::uint64_t measured_bytes = 256 * 1024;  // one chunk of the default size, within a core's cache

// Of either kind of kernel.
template <class K>
std::optional<double> speed_of(const K& kernel) {
  if (!kernel.runnable) return std::nullopt;
  const auto speed = measure_kernel(kernel.name, measured_bytes);
  return speed ? std::optional<double>(*speed) : std::nullopt;
}

std::string limit_text(std::uint64_t bytes) { return bytes == UINT64_MAX ? "unlimited" : binary_size(bytes); }

template <class K>
void print_kernel(const K& kernel, const char* kind) {
  const auto speed = speed_of(kernel);
  char text[32] = "cannot run here";
  if (speed) std::snprintf(text, sizeof text, "%.2f GB/s", *speed / 1e9);
  std::printf("  %c %-24s %-9s %s\n", kernel.chosen ? '*' : ' ', kernel.name.c_str(), kind, text);
}

void print_kernels(const MachineInfo& machine) {
  const std::string size = binary_size(measured_bytes);
  std::printf("kernels, unlocking %s in place on one thread:\n", size.c_str());
  for (const KernelInfo& kernel : machine.kernels) print_kernel(kernel, to_string(kernel.suite));
  std::printf("number kernels, the same of float32 in layout finite, with the kernel for aes256 in use:\n");
  for (const NumberKernelInfo& kernel : machine.number_kernels) print_kernel(kernel, "numbers");
  std::printf("  * in use\n");
}

void print_text(const MachineInfo& machine, std::uint64_t core_limit) {
  std::printf("nnlock        %s\n", machine.version.c_str());
  std::printf("OpenSSL       %s\n", machine.openssl_version.c_str());
  std::printf("CPU features  %s\n",
              machine.cpu_features.empty() ? "none that matter" : machine.cpu_features.c_str());
  std::printf("threads       %u\n", machine.threads);
  std::printf("locked memory %s, limit %s\n",
              machine.secrets_locked ? "keys are kept in it" : "not available for keys",
              limit_text(machine.memory_lock_limit).c_str());
  std::printf("core dumps    off in nnlock; limit of this session %s\n", limit_text(core_limit).c_str());
  print_kernels(machine);
}

void write_limit(JsonWriter& json, const char* name, std::uint64_t bytes) {
  json.Key(name);
  bytes == UINT64_MAX ? json.Null() : json.Uint64(bytes);
}

void put_kind(JsonWriter& json, const KernelInfo& kernel) {
  put(json, "suite", std::string(to_string(kernel.suite)));
}
void put_kind(JsonWriter&, const NumberKernelInfo&) {}

template <class K>
void put_kernel(JsonWriter& json, const K& kernel) {
  json.StartObject();
  put(json, "name", kernel.name);
  put_kind(json, kernel);
  put(json, "runnable", kernel.runnable);
  put(json, "chosen", kernel.chosen);
  json.Key("bytes_per_second");
  const auto speed = speed_of(kernel);
  speed ? json.Uint64(static_cast<std::uint64_t>(*speed)) : json.Null();
  json.EndObject();
}

template <class K>
void put_kernels(JsonWriter& json, const char* name, const std::vector<K>& kernels) {
  json.Key(name);
  json.StartArray();
  for (const K& kernel : kernels) put_kernel(json, kernel);
  json.EndArray();
}

void print_json(const MachineInfo& machine, std::uint64_t core_limit) {
  JsonText text;
  JsonWriter json(text);
  json.StartObject();
  put(json, "schema", std::uint64_t{1});
  put(json, "version", machine.version);
  put(json, "openssl_version", machine.openssl_version);
  put(json, "cpu_features", machine.cpu_features);
  put(json, "threads", std::uint64_t{machine.threads});
  write_limit(json, "memory_lock_limit", machine.memory_lock_limit);
  write_limit(json, "core_dump_limit", core_limit);
  put(json, "secrets_locked", machine.secrets_locked);
  put_kernels(json, "kernels", machine.kernels);
  put_kernels(json, "number_kernels", machine.number_kernels);
  json.EndObject();
  std::printf("%s\n", text.GetString());
}

// The kind of a kernel that runs here: a suite, or "numbers"; empty for other names.
std::string kind_of(const MachineInfo& machine, const std::string& name) {
  for (const KernelInfo& kernel : machine.kernels) {
    if (kernel.name == name && kernel.runnable) return to_string(kernel.suite);
  }
  for (const NumberKernelInfo& kernel : machine.number_kernels) {
    if (kernel.name == name && kernel.runnable) return "numbers";
  }
  return {};
}

// lock and unlock would refuse this setting; the doctor says so too, after everything else it knows.
int check_forced_kernels(const MachineInfo& machine) {
  const char* forced = std::getenv("NNLOCK_KERNEL");
  if (forced == nullptr || *forced == '\0') return 0;
  std::set<std::string> kinds;
  std::istringstream names(std::string(forced) + ",");  // the comma shows an empty last name
  for (std::string name; std::getline(names, name, ',');) {
    const std::string kind = kind_of(machine, name);
    if (kind.empty()) {
      return fail_usage("NNLOCK_KERNEL names " + (name.empty() ? "nothing between two commas" : name) +
                            ", which is not a kernel that runs here",
                        "unset NNLOCK_KERNEL, or set it to runnable names of the list with commas between");
    }
    if (!kinds.insert(kind).second) {
      return fail_usage("NNLOCK_KERNEL names two kernels for " + kind, "leave one of a kind in it");
    }
  }
  return 0;
}

}  // namespace

int run_doctor(const Args& args) {
  const MachineInfo machine = machine_info();
  args.json ? print_json(machine, args.core_limit) : print_text(machine, args.core_limit);
  return check_forced_kernels(machine);
}

}  // namespace nnlock::cli
