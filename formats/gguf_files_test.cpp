// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Real GGUF files: how much of them can be locked, and that they carry a record.

#include <filesystem>
#include <set>
#include <string>

#include "formats/codec_fuzzing.hpp"
#include "formats/gguf_testing.hpp"
#include "formats/real_models_testing.hpp"

namespace nnlock::formats {
namespace {

struct RealFile {
  const char* name;
  std::size_t params, structs;  // parameters, and those of them that are structs of a quantised type
  std::uint64_t bytes;
};

constexpr RealFile kRealFiles[] = {{"silero_vad_16k-f32.gguf", 15, 0, 1238532},
                                   {"silero_vad_16k-q8_0.gguf", 15, 3, 659492},
                                   {"ggml-vocab-bert-bge.gguf", 0, 0, 0},
                                   {"ggml-vocab-llama-spm.gguf", 0, 0, 0},
                                   {"weight-inspect_empty.gguf", 0, 0, 0}};

class GgufReal : public RealModels {
 protected:
  void SetUp() override { need("gguf"); }
};

TEST_F(GgufReal, EveryTensorIsLocked) {
  for (const RealFile& real : kRealFiles) {
    SCOPED_TRACE(real.name);
    const Bytes file = real_file(std::string("gguf/") + real.name);
    const auto structure = gguf_codec().parse(file);
    ASSERT_TRUE(structure) << structure.error().message;
    std::uint64_t locked = 0;
    std::size_t structs = 0;
    for (const ParamSpan& span : structure->params) {
      locked += span.length;
      structs += span.structs.bytes != 0 ? 1 : 0;
    }
    EXPECT_EQ(structure->params.size(), real.params);
    EXPECT_EQ(structs, real.structs);
    EXPECT_EQ(locked, real.bytes);
    EXPECT_TRUE(structure->constants.empty());
    EXPECT_TRUE(structure->unlockable.empty());
    const auto extent = gguf_codec().structure_extent(MemorySource(file));
    ASSERT_TRUE(extent);
    EXPECT_GE(locked * 100, (file.size() - *extent) * 99);  // the rest is padding
  }
}

TEST_F(GgufReal, KeepsItsPromises) {
  for (const RealFile& real : kRealFiles)
    EXPECT_EQ(broken_promise(gguf_codec(), {real_file(std::string("gguf/") + real.name)}, record_of(999)), "") << real.name;
}

TEST_F(GgufReal, RefusesTheFileWithoutItsData) {
  const auto structure = gguf_codec().parse(real_file("gguf/weight-inspect_tiny.gguf"));
  ASSERT_FALSE(structure);
  EXPECT_EQ(structure.error().code, ErrorCode::bad_model);
  EXPECT_EQ(structure.error().message, "the tensor data begins behind the end of the file");
}

TEST_F(GgufReal, EveryFileIsCovered) {
  std::set<std::string> covered = {"weight-inspect_tiny.gguf"};
  for (const RealFile& real : kRealFiles) covered.insert(real.name);
  for (const auto& entry : std::filesystem::directory_iterator(data_dir() / "gguf"))
    EXPECT_TRUE(covered.count(entry.path().filename().string())) << entry.path().filename();
}

}  // namespace
}  // namespace nnlock::formats
