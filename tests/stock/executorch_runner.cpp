// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// executorch_runner [--load] FILE...: loads each program with ExecuTorch's own runtime, runs its method `forward` on fixed numbers
// unless told to load only, and prints one line for each file: "load N", "method N" or "run N" with the runtime's error, or "ok" and
// the outputs' bits.
#include <executorch/extension/module/module.h>
#include <executorch/extension/tensor/tensor.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

namespace {

using executorch::extension::Module;
using executorch::runtime::Error;
using executorch::runtime::EValue;

void say(const char* stage, Error error) { std::printf("%s %d\n", stage, static_cast<int>(error)); }

std::vector<executorch::extension::TensorPtr> inputs_of(const executorch::runtime::MethodMeta& meta) {
  std::vector<executorch::extension::TensorPtr> tensors;
  for (std::size_t i = 0; i < meta.num_inputs(); ++i) {
    const auto info = meta.input_tensor_meta(i);
    const std::vector<executorch::aten::SizesType> sizes(info->sizes().begin(), info->sizes().end());
    std::size_t count = 1;
    for (const auto size : sizes) count *= static_cast<std::size_t>(size);
    std::vector<float> values(count);
    for (std::size_t k = 0; k < count; ++k) values[k] = 0.01F * static_cast<float>(k * 7919 % 200) - 1;
    tensors.push_back(executorch::extension::make_tensor_ptr(sizes, values));
  }
  return tensors;
}

void run(const char* path, bool load_only) {
  Module module(path);
  if (const Error error = module.load(executorch::runtime::Program::Verification::InternalConsistency); error != Error::Ok)
    return say("load", error);
  if (const Error error = module.load_forward(); error != Error::Ok) return say("method", error);
  if (load_only) {
    std::printf("ok\n");
    return;
  }
  const auto tensors = inputs_of(*module.method_meta("forward"));
  const auto outputs = module.forward(std::vector<EValue>(tensors.begin(), tensors.end()));
  if (!outputs.ok()) return say("run", outputs.error());
  std::printf("ok");
  for (const EValue& output : *outputs) {
    const auto tensor = output.toTensor();
    for (ssize_t k = 0; k < tensor.numel(); ++k) {
      std::uint32_t bits = 0;
      std::memcpy(&bits, tensor.const_data_ptr<float>() + k, sizeof bits);
      std::printf(" %08x", bits);
    }
  }
  std::printf("\n");
}

}  // namespace

int main(int count, char** paths) {
  const bool load_only = count > 1 && std::strcmp(paths[1], "--load") == 0;
  for (int i = load_only ? 2 : 1; i < count; ++i) run(paths[i], load_only);
}
