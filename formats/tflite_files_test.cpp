// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Real TFLite models: all learned bytes are locked, and nothing depends on them.

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>

#include "formats/real_models_testing.hpp"
#include "formats/tflite_testing.hpp"

namespace nnlock::formats {
namespace {

struct RealModel {
  const char* file;
  std::size_t params;
  std::uint64_t bytes;  // all learned bytes, counted with the schema's Python reader
};

// Models without learned bytes stand with 0: two models only move data, and the audio preprocessors hold windows and filter banks
// that are computed, not learned (int16 tables of custom operators; one float factor is locked).
constexpr RealModel kRealModels[] = {
    {"tflite/ad01_fp32.tflite", 20, 1063456},
    {"tflite/ad01_int8.tflite", 20, 270880},
    {"tflite/audio_preprocessor_float.tflite", 1, 4},
    {"tflite/audio_preprocessor_int8.tflite", 0, 0},
    {"tflite/deeplabv3_mnv2_dm05_pascal_quant.tflite", 110, 714388},
    {"tflite/hello_world_float.tflite", 6, 1284},
    {"tflite/hello_world_int8.tflite", 6, 420},
    {"tflite/invalid_model_invoking_error.tflite", 0, 0},
    {"tflite/keras_lstm_mnist_ptq.tflite", 14, 9800},
    {"tflite/keyword_scrambled.tflite", 31, 27848},
    {"tflite/keyword_scrambled_8bit.tflite", 31, 22728},
    {"tflite/kws_ref_model.tflite", 20, 24368},
    {"tflite/kws_ref_model_float32.tflite", 20, 33584},
    {"tflite/mediapipe_face_detection_full_range.tflite", 178, 1028138},
    {"tflite/mediapipe_face_detection_full_range_sparse.tflite", 182, 368984},
    {"tflite/mediapipe_face_detection_short_range.tflite", 74, 202780},
    {"tflite/mediapipe_selfie_segmentation.tflite", 110, 212802},
    {"tflite/mediapipe_selfie_segmentation_landscape.tflite", 110, 212802},
    {"tflite/micro_speech_lstm.tflite", 14, 120892},
    {"tflite/micro_speech_quantized.tflite", 4, 16688},
    {"tflite/mobilenet_v1_0.25_128_quant.tflite", 56, 478804},
    {"tflite/mobilenet_v1_0.5_160_quant.tflite", 56, 1346052},
    {"tflite/mobilenet_v1_0.75_192_quant.tflite", 56, 2605748},
    {"tflite/mobilenet_v2_1.0_224_quant.tflite", 106, 3543268},
    {"tflite/movenet_single_pose_lightning_ptq.tflite", 156, 2379128},
    {"tflite/person_detect.tflite", 56, 218920},
    {"tflite/person_detect_vela.tflite", 1, 260480},
    {"tflite/posenet_mobilenet_v1_075_353_481_16_quant_decoder.tflite", 62, 1279708},
    {"tflite/pretrainedResnet.tflite", 20, 310824},
    {"tflite/pretrainedResnet_large_float.tflite", 20, 1921320},
    {"tflite/pretrainedResnet_large_int8.tflite", 20, 482880},
    {"tflite/pretrainedResnet_quant.tflite", 20, 78744},
    {"tflite/simple_add_model.tflite", 0, 0},
    {"tflite/split_concat.tflite", 0, 0},
    {"tflite/str_ww_ref_model.tflite", 16, 48388},
    {"tflite/trained_lstm.tflite", 14, 38120},
    {"tflite/trained_lstm_int8.tflite", 14, 9800},
    {"tflite/vww_96_float.tflite", 56, 843400},
    {"tflite/vww_96_int8.tflite", 56, 219064},
    {"edgetpu/deeplabv3_mnv2_dm05_pascal_quant_edgetpu.tflite", 5, 904276},
    {"edgetpu/keras_lstm_mnist_ptq_edgetpu.tflite", 2, 44544},
    {"edgetpu/mobilenet_v1_0.25_128_quant_edgetpu.tflite", 1, 566912},
    {"edgetpu/mobilenet_v1_0.5_160_quant_edgetpu.tflite", 1, 1473280},
    {"edgetpu/mobilenet_v1_0.75_192_quant_edgetpu.tflite", 1, 2777600},
    {"edgetpu/posenet_mobilenet_v1_075_353_481_16_quant_decoder_edgetpu.tflite", 1, 1444608},
    {"edgetpu/split_concat_edgetpu.tflite", 1, 192},
    {"edgetpu/cocompilation/"
     "mobilenet_v1_0.25_128_quant_cocompiled_with_mobilenet_v1_0.5_160_quant_edgetpu.tflite", 1, 566912},
    {"edgetpu/cocompilation/"
     "mobilenet_v1_0.5_160_quant_cocompiled_with_mobilenet_v1_0.25_128_quant_edgetpu.tflite", 1, 1473280},
};

class TfliteReal : public RealModels, public testing::WithParamInterface<RealModel> {
 protected:
  void SetUp() override {
    need(GetParam().file);
    text_ = read_file(data_dir() / GetParam().file);
  }
  std::string text_;
};

TEST_P(TfliteReal, LocksAllLearnedBytes) {
  const auto found = parse(text_);
  ASSERT_TRUE(found) << found.error().message;
  std::uint64_t locked = 0;
  for (const ParamSpan& p : found->params) locked += p.length;
  EXPECT_EQ(found->params.size(), GetParam().params);
  EXPECT_EQ(locked, GetParam().bytes);
  EXPECT_TRUE(found->unlockable.empty());
  // What stays and is no shape: the program of an NPU, the tables of the audio preprocessors, forgotten
  // buffers.
  std::uint64_t kept = 0;
  for (const Constant& c : found->constants) {
    const bool shape = c.dtype == Dtype::i32 || c.dtype == Dtype::i64;
    const bool known = c.reason.starts_with("command stream of custom operator ethos-u") ||
                       c.reason.starts_with("integer operand of custom operator Signal") ||
                       c.reason == "no tensor uses this buffer";
    if (!shape && !known) kept += c.length;
  }
  EXPECT_LE(kept * 100, locked) << "less than 99 % of the learned bytes are locked";
}

TEST_P(TfliteReal, ParameterBytesDoNotMatter) {
  const auto found = parse(text_);
  ASSERT_TRUE(found);
  for (const char fill : {'\0', '\xff'}) {
    std::string changed = text_;
    for (const ParamSpan& p : found->params)
      std::fill_n(changed.begin() + static_cast<std::ptrdiff_t>(p.offset), p.length, fill);
    const auto again = parse(changed);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_TRUE(same(*found, *again));
  }
}

TEST_P(TfliteReal, EveryTruncationIsSurvived) {
  for (std::size_t size = 0; size < text_.size(); size += text_.size() / 97 + 1)
    (void)parse(text_.substr(0, size));
}

INSTANTIATE_TEST_SUITE_P(All, TfliteReal, testing::ValuesIn(kRealModels), [](const auto& model) {
  std::string name = std::filesystem::path(model.param.file).stem().string();
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '.' || c == '-'; }, '_');
  return name;
});

}  // namespace
}  // namespace nnlock::formats
