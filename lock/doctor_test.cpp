// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What the machine offers.

#include "nnlock/doctor.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace nnlock {
namespace {

TEST(Doctor, OneKernelOfEachKindIsInUse) {
  const MachineInfo machine = machine_info();
  for (const Suite suite : {Suite::aes256, Suite::chacha20})
    EXPECT_EQ(std::count_if(machine.kernels.begin(), machine.kernels.end(), [&](const KernelInfo& k) { return k.suite == suite && k.chosen; }), 1);
  EXPECT_EQ(std::count_if(machine.number_kernels.begin(), machine.number_kernels.end(), [](const NumberKernelInfo& k) { return k.chosen; }), 1);
  for (const NumberKernelInfo& k : machine.number_kernels) EXPECT_TRUE(k.runnable || !k.chosen) << k.name;
}

TEST(Doctor, MeasuresKernelsOfBothKinds) {
  const MachineInfo machine = machine_info();
  const auto expect_speed = [](const std::string& name, bool runnable) {
    const auto speed = measure_kernel(name, 4096);
    EXPECT_EQ(static_cast<bool>(speed), runnable) << name;
    if (speed) {
      EXPECT_GT(*speed, 0.0) << name;
    }
  };
  for (const KernelInfo& k : machine.kernels) expect_speed(k.name, k.runnable);
  for (const NumberKernelInfo& k : machine.number_kernels) expect_speed(k.name, k.runnable);
  EXPECT_EQ(measure_kernel("no_such_kernel", 4096).error().code, ErrorCode::usage);
  EXPECT_TRUE(measure_kernel(machine.number_kernels.back().name, 0)) << "no bytes are measured as a few";
}

}  // namespace
}  // namespace nnlock
