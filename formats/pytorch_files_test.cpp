// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Real PyTorch files: how much of them can be locked, and that they carry a record.

#include <filesystem>
#include <set>
#include <string>

#include "formats/pytorch_testing.hpp"
#include "formats/real_models_testing.hpp"

namespace nnlock::formats {
namespace {

struct RealFile {
  const char* path;
  std::size_t params;
  std::uint64_t bytes;
  const char* first;
};

constexpr RealFile kRealFiles[] = {{"pytorch/silero_vad.jit", 30, 2181128, "_model.stft.forward_basis_buffer"},
                                   {"pytorch/winml_iris_NetModel.pth", 6, 3180, "layer1.weight"},
                                   {"ncnn/pnnx_3d_net.pt", 8, 5856, "conv3d.weight"}};

constexpr const char* kLegacyFiles[] = {"mtcnn_onet.pt", "mtcnn_pnet.pt", "resnet20-12fca82f.th", "resnet32-d509ac18.th", "resnet56-4bfd9763.th", "samplenet.pth"};

class PytorchReal : public RealModels {
 protected:
  void SetUp() override { need("pytorch"); }
};

TEST_F(PytorchReal, LocksEveryStorage) {
  for (const RealFile& real : kRealFiles) {
    SCOPED_TRACE(real.path);
    const auto file = real_file(real.path);
    const auto structure = codec().parse(file);
    ASSERT_TRUE(structure) << structure.error().message;
    std::uint64_t locked = 0;
    for (const ParamSpan& span : structure->params) locked += span.length;
    EXPECT_EQ(structure->params.size(), real.params);
    EXPECT_EQ(locked, real.bytes);
    EXPECT_EQ(structure->params.front().name, real.first);
    EXPECT_TRUE(structure->unlockable.empty());
    for (const Constant& constant : structure->constants) EXPECT_EQ(constant.length, 0u) << constant.name;
    EXPECT_EQ(structure->derived.size(), 2 * real.params);
  }
}

TEST_F(PytorchReal, KeepsItsPromises) {
  for (const RealFile& real : kRealFiles) EXPECT_EQ(broken_promise(codec(), {real_file(real.path)}, record_of(999)), "") << real.path;
}

TEST_F(PytorchReal, ChecksumsAreThoseOfTheParameters) {
  for (const RealFile& real : kRealFiles) {
    const auto file = real_file(real.path);
    const auto structure = codec().parse(file);
    ASSERT_TRUE(structure);
    for (const DerivedField& field : structure->derived) {
      const auto crc = crc32(0, reinterpret_cast<const Bytef*>(file.data()) + field.span_offset, static_cast<uInt>(field.span_length));
      for (unsigned i = 0; i < 4; ++i) EXPECT_EQ(std::to_integer<unsigned>(file[field.offset + i]), crc >> (8 * i) & 0xff) << real.path;
    }
  }
}

TEST_F(PytorchReal, RefusesWhatWasSavedBefore) {
  for (const char* name : kLegacyFiles) {
    const auto file = real_file(std::string("pytorch/") + name);
    ASSERT_TRUE(codec().recognises(std::span(file).first(4096), file.size())) << name;
    for (const auto& error : {codec().parse(file).error(), find(file).error(), codec().structure_extent(MemorySource(file)).error()}) {
      EXPECT_EQ(error.code, ErrorCode::unsupported) << name;
      EXPECT_EQ(error.hint, "load it and torch.save() it anew");
    }
  }
}

TEST_F(PytorchReal, EveryFileIsCovered) {
  std::set<std::string> covered(std::begin(kLegacyFiles), std::end(kLegacyFiles));
  for (const RealFile& real : kRealFiles) covered.insert(std::filesystem::path(real.path).filename().string());
  for (const auto& entry : std::filesystem::directory_iterator(data_dir() / "pytorch"))
    EXPECT_TRUE(entry.path().extension() == ".pte" || covered.count(entry.path().filename().string())) << entry.path().filename();
}

}  // namespace
}  // namespace nnlock::formats
