// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Runs a plain, an unlocked and a locked IR in OpenVINO through its C++ interface, with the same random input.
// Usage: compare PLAIN.xml UNLOCKED.xml LOCKED.xml. Exit code 0: unlocked gives the bytes that plain gives, locked loads and gives others.

#include <cstdio>
#include <cstring>
#include <exception>
#include <openvino/openvino.hpp>
#include <random>
#include <vector>

namespace {

std::vector<float> outputs(ov::Core& core, const char* path) {
  auto model = core.compile_model(path, "CPU", ov::inference_num_threads(1), ov::hint::inference_precision(ov::element::f32));
  auto request = model.create_infer_request();
  std::mt19937 random(7);
  std::uniform_real_distribution<float> values(-1, 1);
  for (const auto& input : model.inputs()) {
    ov::Tensor tensor(ov::element::f32, input.get_shape());
    for (std::size_t i = 0; i < tensor.get_size(); ++i) tensor.data<float>()[i] = values(random);
    request.set_tensor(input, tensor);
  }
  request.infer();
  std::vector<float> all;
  for (const auto& output : model.outputs()) {
    const auto tensor = request.get_tensor(output);
    all.insert(all.end(), tensor.data<float>(), tensor.data<float>() + tensor.get_size());
  }
  return all;
}

bool same(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace

int main(int count, char** paths) {
  if (count != 4) return 2;
  try {
    ov::Core core;
    const auto plain = outputs(core, paths[1]), unlocked = outputs(core, paths[2]), locked = outputs(core, paths[3]);
    const bool right = same(plain, unlocked), other = plain.size() == locked.size() && !same(plain, locked);
    std::printf("-- %zu outputs; unlocked %s; locked loads and gives %s ones\n", plain.size(), right ? "the same" : "DIFFERENT",
                other ? "other" : "NO OTHER");
    return right && other && !plain.empty() ? 0 : 1;
  } catch (const std::exception& error) {
    std::printf("-- failed: %s\n", error.what());
    return 1;
  }
}
