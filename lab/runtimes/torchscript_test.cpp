// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// TorchScript in libtorch, in C++: what unlocking to memory gives has the outputs of the plain file; the locked file loads and has others.

#include <gtest/gtest.h>
#include <torch/script.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "nnlock/keys.hpp"
#include "nnlock/lock.hpp"

namespace nnlock::lab {
namespace {

namespace fs = std::filesystem;
using Inputs = std::vector<torch::jit::IValue>;

fs::path data_dir() {
  const char* named = std::getenv("NNLOCK_DATA_DIR");
  return named != nullptr && *named != '\0' ? fs::path(named) : fs::path(NNLOCK_SOURCE_ROOT) / ".." / "shared" / "data";
}

class TorchScript : public testing::Test {
 protected:
  TorchScript() : folder_(fs::path(testing::TempDir()) / "nnlock-torchscript") {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    torch::manual_seed(7);
  }
  ~TorchScript() override { fs::remove_all(folder_); }

  // A linear layer with code of its own, saved as PyTorch saves it.
  fs::path small_network() const {
    torch::jit::Module net("net");
    net.register_parameter("weight", torch::randn({16, 4}), false);
    net.register_parameter("bias", torch::randn({4}), false);
    net.register_buffer("steps", torch::ones({3}, torch::kLong));
    net.define("def forward(self, x):\n  return torch.relu(x.matmul(self.weight) + self.bias) + self.steps.sum()\n");
    net.save((folder_ / "net.pt").string());
    return folder_ / "net.pt";
  }

  void expect_same_outputs(const fs::path& plain, const Inputs& inputs) const {
    const auto key = MasterKey::generate();
    ASSERT_TRUE(key);
    const auto locked = folder_ / "locked.pt";
    const auto report = lock_file(*key, plain.string(), locked.string(), {.force = true});
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_GT(report->locked_bytes, 0u);
    const auto unlocked = unlock_to_memory(*key, locked.string(), {});
    ASSERT_TRUE(unlocked) << unlocked.error().message;
    const auto bytes = unlocked->bytes();
    std::istringstream stream(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    const auto expected = output(torch::jit::load(plain.string()), inputs);
    EXPECT_TRUE(output(torch::jit::load(stream), inputs).equal(expected));
    const auto other = output(torch::jit::load(locked.string()), inputs);
    EXPECT_EQ(other.sizes(), expected.sizes());
    EXPECT_FALSE(other.equal(expected));
  }

  void expect_real(const char* name, const Inputs& inputs) const {
    const auto plain = data_dir() / name;
    if (!fs::exists(plain)) GTEST_SKIP() << "no " << name << " here; NNLOCK_DATA_DIR names a folder that has it";
    expect_same_outputs(plain, inputs);
  }

 private:
  static torch::Tensor output(torch::jit::Module net, const Inputs& inputs) {
    const torch::NoGradGuard no_gradients;
    net.eval();
    return net.forward(inputs).toTensor();
  }

  fs::path folder_;
};

TEST_F(TorchScript, SmallNetwork) { expect_same_outputs(small_network(), {torch::randn({2, 16})}); }

TEST_F(TorchScript, Convolutions) { expect_real("ncnn/pnnx_3d_net.pt", {torch::randn({1, 3, 10, 20, 30})}); }

TEST_F(TorchScript, SpeechDetector) { expect_real("pytorch/silero_vad.jit", {torch::randn({1, 512}), 16000}); }

}  // namespace
}  // namespace nnlock::lab
