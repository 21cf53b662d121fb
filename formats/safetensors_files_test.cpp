// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Real safetensors files: how much of them can be locked, and that they carry a record.

#include <filesystem>
#include <set>
#include <string>

#include "formats/codec_fuzzing.hpp"
#include "formats/real_models_testing.hpp"
#include "formats/safetensors_testing.hpp"

namespace nnlock::formats {
namespace {

struct RealFile {
  const char* name;
  std::size_t params;
  std::uint64_t bytes;
};

constexpr RealFile kRealFiles[] = {{"cifar10_resnet20.safetensors", 97, 1084392}, {"mnist_tinygrad.safetensors", 2, 406528}};

class SafetensorsReal : public RealModels {
 protected:
  void SetUp() override { need("safetensors"); }
};

TEST_F(SafetensorsReal, LocksAtLeast99PercentOfTheWeights) {
  for (const RealFile& real : kRealFiles) {
    SCOPED_TRACE(real.name);
    const auto file = real_file(std::string("safetensors/") + real.name);
    const auto structure = codec().parse(file);
    ASSERT_TRUE(structure) << structure.error().message;
    std::uint64_t locked = 0;
    for (const ParamSpan& span : structure->params) locked += span.length;
    EXPECT_EQ(structure->params.size(), real.params);
    EXPECT_EQ(locked, real.bytes);
    const auto extent = codec().structure_extent(MemorySource(file));
    ASSERT_TRUE(extent);
    EXPECT_GE(locked * 100, (file.size() - *extent) * 99);  // no exceptions: all data are weights and biases
    EXPECT_TRUE(structure->unlockable.empty());
  }
}

TEST_F(SafetensorsReal, KeepsItsPromises) {
  for (const RealFile& real : kRealFiles)
    EXPECT_EQ(broken_promise(codec(), {real_file(std::string("safetensors/") + real.name)}, record_of(999)), "") << real.name;
}

TEST_F(SafetensorsReal, RefusesTheFileWithBytesTooMany) {
  const auto structure = codec().parse(real_file("safetensors/weight-inspect_tiny.safetensors"));
  ASSERT_FALSE(structure);
  expect_error(structure.error(), ErrorCode::bad_model, "the file has 5 bytes that belong to no tensor");
}

TEST_F(SafetensorsReal, EveryFileIsCovered) {
  std::set<std::string> covered = {"weight-inspect_tiny.safetensors"};
  for (const RealFile& real : kRealFiles) covered.insert(real.name);
  for (const auto& entry : std::filesystem::directory_iterator(data_dir() / "safetensors"))
    EXPECT_TRUE(covered.count(entry.path().filename().string())) << entry.path().filename();
}

}  // namespace
}  // namespace nnlock::formats
