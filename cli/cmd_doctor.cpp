// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// nnlock doctor: what this machine offers, measured.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "cli/commands.hpp"
#include "cli/json.hpp"
#include "cli/ui.hpp"
#include "nnlock/doctor.hpp"

namespace nnlock::cli {
namespace {

constexpr std::uint64_t measured_bytes = 256 * 1024;  // one chunk of the default size, within a core's cache

std::optional<double> speed_of(const KernelInfo& kernel) {
  if (!kernel.runnable) return std::nullopt;
  const auto speed = measure_kernel(kernel.name, measured_bytes);
  return speed ? std::optional<double>(*speed) : std::nullopt;
}

std::string limit_text(std::uint64_t bytes) { return bytes == UINT64_MAX ? "unlimited" : binary_size(bytes); }

void print_kernels(const MachineInfo& machine) {
  std::printf("kernels, unlocking %s in place on one thread:\n", binary_size(measured_bytes).c_str());
  for (const KernelInfo& kernel : machine.kernels) {
    const auto speed = speed_of(kernel);
    char text[32] = "cannot run here";
    if (speed) std::snprintf(text, sizeof text, "%.2f GB/s", *speed / 1e9);
    std::printf("  %c %-24s %-9s %s\n", kernel.chosen ? '*' : ' ', kernel.name.c_str(),
                to_string(kernel.suite), text);
  }
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

void put_kernel(JsonWriter& json, const KernelInfo& kernel) {
  json.StartObject();
  put(json, "name", kernel.name);
  put(json, "suite", std::string(to_string(kernel.suite)));
  put(json, "runnable", kernel.runnable);
  put(json, "chosen", kernel.chosen);
  json.Key("bytes_per_second");
  const auto speed = speed_of(kernel);
  speed ? json.Uint64(static_cast<std::uint64_t>(*speed)) : json.Null();
  json.EndObject();
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
  json.Key("kernels");
  json.StartArray();
  for (const KernelInfo& kernel : machine.kernels) put_kernel(json, kernel);
  json.EndArray();
  json.EndObject();
  std::printf("%s\n", text.GetString());
}

// lock and unlock would refuse this setting; the doctor says so too, after everything else it knows.
int check_forced_kernel(const MachineInfo& machine) {
  const char* forced = std::getenv("NNLOCK_KERNEL");
  if (forced == nullptr || *forced == '\0') return 0;
  const bool fits =
      std::any_of(machine.kernels.begin(), machine.kernels.end(),
                  [&](const KernelInfo& kernel) { return kernel.name == forced && kernel.runnable; });
  if (fits) return 0;
  return fail_usage(std::string("NNLOCK_KERNEL names ") + forced + ", which is not a kernel that runs here",
                    "unset NNLOCK_KERNEL, or set it to a runnable name of the list");
}

}  // namespace

int run_doctor(const Args& args) {
  const MachineInfo machine = machine_info();
  args.json ? print_json(machine, args.core_limit) : print_text(machine, args.core_limit);
  return check_forced_kernel(machine);
}

}  // namespace nnlock::cli
