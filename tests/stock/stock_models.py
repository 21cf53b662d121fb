# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""The models under test, one line each, and what is expected of the odd ones."""

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SUFFIXES = (".tflite", ".onnx", ".safetensors")
FOLDERS = ("tflite", "onnx", "safetensors", "edgetpu", "ncnn")

# The project's own models; they are in the repository, so their tests always run.
FIXTURES = (
    "fashion_float32.onnx",
    "fashion_int8.onnx",
    "fashion_int8.tflite",
)

COCOMPILED = "edgetpu/cocompilation/mobilenet_v1_"
EDGETPU = (
    COCOMPILED + "0.25_128_quant_cocompiled_with_mobilenet_v1_0.5_160_quant_edgetpu.tflite",
    COCOMPILED + "0.5_160_quant_cocompiled_with_mobilenet_v1_0.25_128_quant_edgetpu.tflite",
    "edgetpu/deeplabv3_mnv2_dm05_pascal_quant_edgetpu.tflite",
    "edgetpu/keras_lstm_mnist_ptq_edgetpu.tflite",
    "edgetpu/mobilenet_v1_0.25_128_quant_edgetpu.tflite",
    "edgetpu/mobilenet_v1_0.5_160_quant_edgetpu.tflite",
    "edgetpu/mobilenet_v1_0.75_192_quant_edgetpu.tflite",
    "edgetpu/posenet_mobilenet_v1_075_353_481_16_quant_decoder_edgetpu.tflite",
    "edgetpu/split_concat_edgetpu.tflite",
)

# Real models that must lock.
LOCKABLE = (
    *EDGETPU,
    "ncnn/pnnx_3d_net.pnnx.onnx",
    "onnx/Ultraface_version-RFB-320.onnx",
    "onnx/magika_standard_v3_3/model.onnx",
    "onnx/mnist_cntk_winml.onnx",
    "onnx/mnist_ort_example.onnx",
    "onnx/pytorch_superresolution_op18.onnx",
    "onnx/samplenet.onnx",
    "onnx/silero_vad.onnx",
    "onnx/silero_vad_16k_op15.onnx",
    "onnx/silero_vad_half.onnx",
    "onnx/silero_vad_openvino_16k.onnx",
    "onnx/winml_iris_Network.onnx",
    "safetensors/cifar10_resnet20.safetensors",
    "safetensors/mnist_tinygrad.safetensors",
    "tflite/ad01_fp32.tflite",
    "tflite/ad01_int8.tflite",
    "tflite/audio_preprocessor_float.tflite",
    "tflite/deeplabv3_mnv2_dm05_pascal_quant.tflite",
    "tflite/hello_world_float.tflite",
    "tflite/hello_world_int8.tflite",
    "tflite/keras_lstm_mnist_ptq.tflite",
    "tflite/keyword_scrambled.tflite",
    "tflite/keyword_scrambled_8bit.tflite",
    "tflite/kws_ref_model.tflite",
    "tflite/kws_ref_model_float32.tflite",
    "tflite/mediapipe_face_detection_full_range.tflite",
    "tflite/mediapipe_face_detection_full_range_sparse.tflite",
    "tflite/mediapipe_face_detection_short_range.tflite",
    "tflite/mediapipe_selfie_segmentation.tflite",
    "tflite/mediapipe_selfie_segmentation_landscape.tflite",
    "tflite/micro_speech_lstm.tflite",
    "tflite/micro_speech_quantized.tflite",
    "tflite/mobilenet_v1_0.25_128_quant.tflite",
    "tflite/mobilenet_v1_0.5_160_quant.tflite",
    "tflite/mobilenet_v1_0.75_192_quant.tflite",
    "tflite/mobilenet_v2_1.0_224_quant.tflite",
    "tflite/movenet_single_pose_lightning_ptq.tflite",
    "tflite/person_detect.tflite",
    "tflite/person_detect_vela.tflite",
    "tflite/posenet_mobilenet_v1_075_353_481_16_quant_decoder.tflite",
    "tflite/pretrainedResnet.tflite",
    "tflite/pretrainedResnet_large_float.tflite",
    "tflite/pretrainedResnet_large_int8.tflite",
    "tflite/pretrainedResnet_quant.tflite",
    "tflite/str_ww_ref_model.tflite",
    "tflite/trained_lstm.tflite",
    "tflite/trained_lstm_int8.tflite",
    "tflite/vww_96_float.tflite",
    "tflite/vww_96_int8.tflite",
)

# Models of several files: test_external_data.py.
COMPANIONS = ("onnx/external_data/silero_vad_16k_op15_ext.onnx",)

NOTHING = "nothing to lock"

# Files that lock refuses: what the message must say and the exit code.
REFUSED = {
    "onnx/noisy_relu.onnx": (5, NOTHING),
    "safetensors/weight-inspect_tiny.safetensors": (5, "5 bytes that belong to no tensor"),
    "tflite/audio_preprocessor_int8.tflite": (5, NOTHING),
    "tflite/invalid_model_invoking_error.tflite": (5, NOTHING),
    "tflite/simple_add_model.tflite": (5, NOTHING),
    "tflite/split_concat.tflite": (5, NOTHING),
}

# Files that lock, but that their stock runtime does not run as they come: the stage that
# fails (open, load or run) and words of the error.
NOT_RUN = {
    **{name: ("load", "unresolved custom op: edgetpu-custom-op") for name in EDGETPU},
    "ncnn/pnnx_3d_net.pnnx.onnx": ("open", "MUST have at least one entry"),
    "onnx/pytorch_superresolution_op18.onnx":
        ("open", "com.microsoft.extensions:DecodeImage(-1) is not a registered function/op"),
    "tflite/audio_preprocessor_float.tflite":
        ("load", "unresolved custom op: SignalWindow"),
    "tflite/person_detect.tflite": ("open", "quantized_dimension must be in range"),
    "tflite/person_detect_vela.tflite": ("load", "unresolved custom op: ethos-u"),
    "tflite/posenet_mobilenet_v1_075_353_481_16_quant_decoder.tflite":
        ("load", "unresolved custom op: PosenetDecoderOp"),
}

# Files that their stock runtime loads but must not be asked to run, and why.
UNSOUND = {
    "tflite/keyword_scrambled_8bit.tflite":
        "LiteRT dies of a damaged heap; it seems to take the int8 SVDF state for int16",
}

# Files with an operator that only the default delegate (XNNPACK) knows, so that nothing can
# be seen of their inside.
DELEGATE_ONLY = {
    "tflite/mediapipe_selfie_segmentation.tflite": "Convolution2DTransposeBias",
    "tflite/mediapipe_selfie_segmentation_landscape.tflite": "Convolution2DTransposeBias",
}

# Inputs whose shape the file leaves open, or that must have one value; other open sizes are 1.
SILERO = {"input": [1, 576], "sr": 16000}
INPUTS = {
    "onnx/silero_vad.onnx": SILERO,
    "onnx/silero_vad_16k_op15.onnx": SILERO,
    "onnx/silero_vad_half.onnx": SILERO,
    "onnx/external_data/silero_vad_16k_op15_ext.onnx": SILERO,
}

# Weights by the rule of stock_readers.py that stay plain on purpose, and why.
SIGNAL = {name: "table of a signal-processing operator, not learned" for name in (
    "Const", "signal_filter_bank/Const", "signal_filter_bank/Const_1",
    "signal_filter_bank/Const_2", "signal_filter_bank/Const_3", "signal_filter_bank/Const_4",
    "signal_pcan/Const")}
PIXELS = {
    **{name: "limit of Clip" for name in (
        "_ppp3_f_0", "_ppp3_f_255", "_ppp7_f_0", "_ppp7_f_255", "_ppp9_f_0", "_ppp9_f_255",
        "_ppp11_f_0", "_ppp11_f_255", "_ppp12_f_0", "_ppp12_f_255")},
    **{name: "size for Resize" for name in (
        "_ppp1_target_size", "_ppp1_f_1", "_ppp8_target_size", "_ppp10_target_size")},
}


def squares(*places):
    """The exponents by which Silero's networks square real and imaginary part."""
    return {f"{place}/stft/Constant_{number}_output_0": "exponent of Pow"
            for place in places for number in (22, 23)}


STAY_PLAIN = {
    "onnx/magika_standard_v3_3/model.onnx": {
        "jax2tf_get_logits_/Const_8:0": "limit of Max",
        "jax2tf_get_logits_/Const_26:0": "limit of Max"},
    "onnx/silero_vad.onnx":
        squares("If_0_then_branch__Inline_0__", "If_0_else_branch__Inline_0__"),
    "onnx/silero_vad_16k_op15.onnx": squares("/model"),
    "onnx/silero_vad_half.onnx": squares(""),
    "onnx/silero_vad_openvino_16k.onnx": squares("F0::If_0_then_branch__Inline_0__"),
    "onnx/pytorch_superresolution_op18.onnx": PIXELS,
    "tflite/audio_preprocessor_float.tflite": SIGNAL,
    "tflite/person_detect_vela.tflite":
        {"_split_1_command_stream": "instructions of the Ethos-U, not learned"},
}

# Models of which some outputs are infinite under some wrong keys although their weights are
# finite: the largest mean share of such values, and why.
OVERFLOWS = {
    "onnx/Ultraface_version-RFB-320.onnx":
        (0.02, "Exp in the box decoder overflows above 88.7, which about 1 key in 100 reaches"),
}


@dataclass(frozen=True)
class Model:
    """One model file; its name is its path below the folder it belongs to."""
    name: str
    folder: Path
    own: bool

    @property
    def path(self):
        return self.folder / self.name

    @property
    def kind(self):
        return self.path.suffix[1:]

    @property
    def runs(self):
        return self.name not in NOT_RUN and self.name not in UNSOUND

    @property
    def stages(self):
        """What to do in the stock runtime. Outputs alone say little where noise is always the
        first class, or where a locked int8 net answers one class: LiteRT shows its inside."""
        if self.name in UNSOUND:
            return "open,load"
        inside = self.kind == "tflite" and self.name not in DELEGATE_ONLY
        return "open,load,run,inside" if inside else "open,load,run"

    @property
    def last_stage(self):
        return self.stages.split(",")[-1]

    @property
    def inputs(self):
        return INPUTS.get(self.name, {})


def data_dir():
    return Path(os.environ.get("NNLOCK_DATA_DIR") or ROOT.parent / "shared" / "data")


def own_models():
    return [Model(name, ROOT / "examples" / "models", True) for name in FIXTURES]


def real_models(names):
    return [Model(name, data_dir(), False) for name in names]


def lockable_models():
    return own_models() + real_models(LOCKABLE)


def refused_models():
    return real_models(REFUSED)


def files_found():
    """Names of all model files below the data folder."""
    base = data_dir()
    return sorted(str(path.relative_to(base))
                  for folder in FOLDERS
                  for path in (base / folder).rglob("*")
                  if path.suffix in SUFFIXES)
