// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Real models: how much of them can be locked, and that nothing depends on the locked bytes.

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>

#include "formats/codec_fuzzing.hpp"
#include "formats/real_models_testing.hpp"

namespace nnlock::formats {
namespace {

namespace fs = std::filesystem;

struct RealFile {
  const char* path;
  std::size_t params;
  std::uint64_t bytes;
  // Constants of floats or narrow integers, which are not locked: name and reason.
  std::map<std::string, std::string> exceptions = {};
};

const std::string kFill = "value of ConstantOfShape", kPower = "exponent of Pow", kLimit = "limit of Max";

std::vector<RealFile> files() {
  return {
      {"ncnn/pnnx_3d_net.pnnx.onnx", 8, 2928},
      {"onnx/Ultraface_version-RFB-320.onnx", 111, 1201648},
      {"onnx/magika_standard_v3_3/model.onnx", 17, 3136884, {{"jax2tf_get_logits_/Const_26:0", kLimit}, {"jax2tf_get_logits_/Const_8:0", kLimit}}},
      {"onnx/mnist_cntk_winml.onnx", 6, 23976},
      {"onnx/mnist_ort_example.onnx", 6, 23976},
      {"onnx/noisy_relu.onnx", 0, 0},
      {"onnx/pytorch_superresolution_op18.onnx",
       14,
       238732,
       {{"_ppp1_f_1", "gives the scales of Resize"},
        {"_ppp1_target_size", "gives the scales of Resize"},
        {"_ppp8_target_size", "gives the scales of Resize"},
        {"_ppp10_target_size", "gives the scales of Resize"},
        {"_ppp3_f_0", "min of Clip"},
        {"_ppp3_f_255", "max of Clip"},
        {"_ppp7_f_0", "min of Clip"},
        {"_ppp7_f_255", "max of Clip"},
        {"_ppp9_f_0", "min of Clip"},
        {"_ppp9_f_255", "max of Clip"},
        {"_ppp11_f_0", "min of Clip"},
        {"_ppp11_f_255", "max of Clip"},
        {"_ppp12_f_0", "min of Clip"},
        {"_ppp12_f_255", "max of Clip"}}},
      {"onnx/samplenet.onnx", 10, 248024},
      {"onnx/silero_vad.onnx",
       30,
       2181128,
       {{"If_2/else_branch/If_0_else_branch__Inline_0__/stft/Constant_22_output_0", kPower},
        {"If_2/else_branch/If_0_else_branch__Inline_0__/stft/Constant_23_output_0", kPower},
        {"If_2/then_branch/If_0_then_branch__Inline_0__/stft/Constant_22_output_0", kPower},
        {"If_2/then_branch/If_0_then_branch__Inline_0__/stft/Constant_23_output_0", kPower},
        {"If_2/then_branch/If_90/else_branch/ConstantOfShape_15/value", kFill},
        {"If_2/else_branch/If_90/else_branch/ConstantOfShape_15/value", kFill}}},
      {"onnx/silero_vad_16k_op15.onnx",
       15,
       1238532,
       {{"/model/stft/Constant_22_output_0", kPower}, {"/model/stft/Constant_23_output_0", kPower}, {"If_96/else_branch/ConstantOfShape_15/value", kFill}}},
      {"onnx/silero_vad_half.onnx",
       15,
       1238532,
       {{"/stft/Constant_22_output_0", kPower}, {"/stft/Constant_23_output_0", kPower}, {"If_75/else_branch/ConstantOfShape_15/value", kFill}}},
      {"onnx/silero_vad_openvino_16k.onnx",
       15,
       1238532,
       {{"F0::If_0_then_branch__Inline_0__/stft/Constant_22_output_0", kPower}, {"F0::If_0_then_branch__Inline_0__/stft/Constant_23_output_0", kPower}}},
      {"onnx/winml_iris_Network.onnx", 6, 3180},
  };
}

bool may_be_weights(Dtype dtype) {
  return dtype != Dtype::boolean && dtype != Dtype::string && dtype != Dtype::i32 && dtype != Dtype::i64 &&
         dtype != Dtype::u32 && dtype != Dtype::u64;
}

class OnnxFiles : public RealModels {
 protected:
  void SetUp() override { need("onnx"); }
  const fs::path dir_ = data_dir();
};

void check_share(const RealFile& file, const Structure& structure) {
  std::uint64_t locked = 0, left = 0;
  for (const ParamSpan& param : structure.params) locked += param.length;
  std::map<std::string, std::string> exceptions;
  for (const Constant& constant : structure.constants) {
    if (!may_be_weights(constant.dtype)) continue;
    exceptions[constant.name] = constant.reason;
    left += constant.length;
  }
  EXPECT_EQ(structure.params.size(), file.params) << file.path;
  EXPECT_EQ(locked, file.bytes) << file.path;
  EXPECT_EQ(exceptions, file.exceptions) << file.path;
  EXPECT_TRUE(structure.unlockable.empty()) << file.path;
  EXPECT_GE(static_cast<double>(locked), 0.99 * static_cast<double>(locked + left)) << file.path;
}

template <class List>
std::string describe(const List& list) {
  std::string out;
  for (const auto& item : list)
    out += item.name + ' ' + std::to_string(item.offset) + '+' + std::to_string(item.length) + '\n';
  return out;
}

TEST_F(OnnxFiles, LockedShareAndIndependenceFromParameters) {
  for (const RealFile& file : files()) {
    std::string image = read_file(dir_ / file.path);
    ASSERT_FALSE(image.empty()) << file.path;
    const Codec& codec = onnx_codec();
    EXPECT_TRUE(
        codec.recognises(bytes_of(image).first(std::min<std::size_t>(image.size(), 4096)), image.size()))
        << file.path;
    const auto structure = codec.parse(bytes_of(image));
    ASSERT_TRUE(structure) << file.path << ": " << structure.error().message;
    check_share(file, *structure);
    for (const ParamSpan& param : structure->params)
      image.replace(param.offset, param.length, param.length, '\0');
    const auto zeroed = codec.parse(bytes_of(image));
    ASSERT_TRUE(zeroed) << file.path;
    EXPECT_EQ(describe(zeroed->params), describe(structure->params)) << file.path;
    EXPECT_EQ(describe(zeroed->constants), describe(structure->constants)) << file.path;
  }
}

// The same model as silero_vad_16k_op15.onnx, with every initializer of 8 bytes and more in a second file.
TEST_F(OnnxFiles, ExternalDataHoldsTheSameParameters) {
  const std::string main = read_file(dir_ / "onnx/external_data/silero_vad_16k_op15_ext.onnx");
  const auto names = onnx_codec().companions(bytes_of(main), "silero_vad_16k_op15_ext.onnx");
  ASSERT_TRUE(names) << names.error().message;
  ASSERT_EQ(*names, std::vector<std::string>{"silero_vad_16k_op15_ext.onnx.data"});
  const std::string data = read_file(dir_ / "onnx/external_data" / names->front());
  ASSERT_FALSE(data.empty());
  const auto view = [](const std::string& text) { return Bytes(bytes_of(text).begin(), bytes_of(text).end()); };
  const std::vector<Bytes> files = {view(main), view(data)};
  EXPECT_EQ(broken_promise(onnx_codec(), files, Bytes(300)), "");
  const auto structure = promises::parse(onnx_codec(), files);
  ASSERT_TRUE(structure) << structure.error().message;
  std::uint64_t locked = 0, outside = 0;
  for (const ParamSpan& param : structure->params) locked += param.length, outside += param.file == 1 ? param.length : 0;
  EXPECT_EQ(structure->params.size(), 15U);
  EXPECT_EQ(locked, 1238532U);
  EXPECT_EQ(outside, locked - 4);  // one scalar stays in the main file
  EXPECT_GE(outside * 100, data.size() * 99);
}

TEST_F(OnnxFiles, OtherFormatsAreNotTakenForOnnx) {
  std::size_t others = 0;
  for (const auto& entry : fs::recursive_directory_iterator(dir_)) {
    if (!entry.is_regular_file() || entry.path().extension() == ".onnx") continue;
    const std::string image = read_file(entry.path());
    const auto head = bytes_of(image).first(std::min<std::size_t>(image.size(), 4096));
    EXPECT_FALSE(onnx_codec().recognises(head, image.size())) << entry.path().filename();
    ++others;
  }
  EXPECT_GT(others, 100U);
}

}  // namespace
}  // namespace nnlock::formats
