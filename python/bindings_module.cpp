// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The extension module nnlock._native; the package nnlock in front of it is what people use.
#include "python/bindings.hpp"

namespace nnlock::python {
namespace {

constexpr std::uint64_t measured_bytes = 256 * 1024;  // one chunk of the default size, within a core's cache

nb::tuple formats() {
  nb::list list;
  for (const FormatFacts& facts : known_formats()) list.append(to_python(facts));
  return nb::tuple(list);
}

nb::object limit(std::uint64_t bytes) { return bytes == UINT64_MAX ? nb::object(nb::none()) : nb::cast(bytes); }

nb::object speed_of(const std::string& kernel) {
  const auto speed = without_gil([&] { return measure_kernel(kernel, measured_bytes); });
  return speed ? nb::cast(*speed) : nb::object(nb::none());
}

// Of either kind of kernel.
template <class K>
nb::dict kernel_dict(const K& kernel, bool measure) {
  nb::dict out;
  out["name"] = text(kernel.name);
  if constexpr (requires { kernel.suite; }) out["suite"] = suite_name(kernel.suite);
  out["runnable"] = kernel.runnable;
  out["chosen"] = kernel.chosen;
  out["bytes_per_second"] = measure && kernel.runnable ? speed_of(kernel.name) : nb::object(nb::none());
  return out;
}

template <class K>
nb::list kernel_list(const std::vector<K>& kernels, bool measure) {
  nb::list out;
  for (const K& kernel : kernels) out.append(kernel_dict(kernel, measure));
  return out;
}

nb::dict doctor(bool measure) {
  const MachineInfo machine = machine_info();
  nb::dict out;
  out["version"] = text(machine.version);
  out["openssl_version"] = text(machine.openssl_version);
  out["cpu_features"] = text(machine.cpu_features);
  out["threads"] = machine.threads;
  out["memory_lock_limit"] = limit(machine.memory_lock_limit);
  out["core_dump_limit"] = limit(machine.core_dump_limit);
  out["secrets_locked"] = machine.secrets_locked;
  out["kernels"] = kernel_list(machine.kernels, measure);
  out["number_kernels"] = kernel_list(machine.number_kernels, measure);
  return out;
}

}  // namespace
}  // namespace nnlock::python

NB_MODULE(_native, module) {
  namespace nb = nanobind;
  nb::set_leak_warnings(false);  // a key held by a global until the process ends is no fault
  module.def("version", &nnlock::version);
  module.def("formats", &nnlock::python::formats);
  module.def("doctor", &nnlock::python::doctor, nb::arg("measure"));
  nnlock::python::bind_key(module);
  nnlock::python::bind_unlocked(module);
  nnlock::python::bind_lock(module);
}
