// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Real GGUF files: how much of them can be locked, and that they carry a record.

#include <filesystem>
#include <set>
#include <string>

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

Bytes model_file(const std::string& name) { return gguf_bytes(read_file(data_dir() / "gguf" / name)); }

class GgufReal : public RealModels {
 protected:
  void SetUp() override { need("gguf"); }
};

TEST_F(GgufReal, EveryTensorIsLocked) {
  for (const RealFile& real : kRealFiles) {
    SCOPED_TRACE(real.name);
    const Bytes file = model_file(real.name);
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
    const auto zeroed = gguf_codec().parse(without_parameters(file, *structure));
    ASSERT_TRUE(zeroed);
    EXPECT_TRUE(same(*structure, *zeroed));
  }
}

TEST_F(GgufReal, CarriesARecord) {
  const Bytes record(999, std::byte{0x3a});
  for (const RealFile& real : kRealFiles) {
    SCOPED_TRACE(real.name);
    const Bytes file = model_file(real.name);
    const auto none = gguf_codec().find_record(MemorySource(file));
    ASSERT_TRUE(none) << none.error().message;
    EXPECT_FALSE(none->has_value());
    const auto edits = gguf_codec().embed(file, record);
    ASSERT_TRUE(edits) << edits.error().message;
    const Bytes locked = put_in(file, *edits);
    const auto found = gguf_codec().find_record(MemorySource(locked));
    ASSERT_TRUE(found) << found.error().message;
    ASSERT_TRUE(found->has_value());
    EXPECT_EQ((*found)->record, record);
    EXPECT_EQ(take_out(locked, (*found)->edits), file);
  }
}

TEST_F(GgufReal, RefusesTheFileWithoutItsData) {
  const auto structure = gguf_codec().parse(model_file("weight-inspect_tiny.gguf"));
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
