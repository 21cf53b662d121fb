# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Models that others trained, as targets of the attack: what each is asked, in which runtime, and how its answers are judged.

Where there are labels, accuracy counts; equally many inputs of each class. Without labels the plain model's answers are the labels,
so accuracy is agreement with it: equally many inputs of each of its answers, so that constant answers are worth what chance is, on average.
Models that do not choose are judged by the correlation of their outputs with the plain model's."""
import warnings
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Callable

import numpy as np

import inputs
import judge
from labelled import TASKS, balanced, lite_scores, onnx_scores, onnx_session
from stock_models import ROOT, data_dir
from stock_readers import operator_name

RUNTIMES = {"LiteRT": "ai-edge-litert", "ONNX Runtime": "onnxruntime"}
ACCURACY, AGREEMENT, CORRELATION = "accuracy", "agreement with the plain model", "correlation of outputs with the plain model's"
DRAWN = AGREEMENT + ", ties drawn"
DATASETS = {"CIFAR-10": "cifar10", "MNIST": "mnist", "Fashion-MNIST": "fashion", "Speech Commands": "speech_commands"}


@dataclass(frozen=True)
class Target:
    """`scores(content, inputs)` gives rows of outputs; `questions()` the inputs and what is right."""
    model: str
    file: str
    dataset: str
    weights: str
    measure: str
    outputs: int            # classes to choose from; 0: the model does not choose
    scores: Callable
    questions: Callable
    about: str = ""         # the inputs, in words
    budget: dict = field(default_factory=dict)
    initialised: bool = True  # whether the file says enough to make networks before training
    own: bool = False         # a model of this project

    @property
    def path(self):
        return ROOT / "examples" / "models" / self.file if self.own else data_dir() / self.file

    @property
    def chance(self):
        return 1 / self.outputs if self.outputs else 0.0

    @property
    def judge(self):
        return {CORRELATION: judge.by_correlation, DRAWN: judge.by_drawn_answers}.get(self.measure, judge.by_answers)

    @property
    def runtime(self):
        name = "LiteRT" if self.file.endswith(".tflite") else "ONNX Runtime"
        return f"{name} {metadata.version(RUNTIMES[name])}"

    @property
    def is_here(self):
        return self.path.is_file()


def stem(file):
    return Path(file).stem if Path(file).stem != "model" else Path(file).parent.name


def labelled(file, weights, outputs, each=None, **more):
    """A classifier of the slow lane `wrong-keys`, with its task; `each` inputs of a class, if not all of that lane."""
    task = TASKS[file]
    own = "/" not in file
    model = file.replace(".", "_") if own else stem(file)

    def questions():
        values, labels = task.inputs()
        return balanced(values, labels, each) if each else (values, labels)
    return Target(model, file, DATASETS[task.data], weights, ACCURACY, outputs, task.scores, questions, own=own, **more)


def agreeing(file, weights, dataset, outputs, source, scores, each, most=None, measure=AGREEMENT, **more):
    """A classifier without labels: up to `each` inputs of every answer that the plain model gives, `most` in all."""
    def questions():
        values = source()
        rows = scores((data_dir() / file).read_bytes(), values)
        sure = (rows == rows.max(axis=1, keepdims=True)).sum(axis=1) == 1
        values, answers = values[sure], rows[sure].argmax(axis=1)
        least = min(each, np.unique(answers, return_counts=True)[1].min())
        values, answers = balanced(values, answers, least)
        return values[:most], answers[:most]
    return Target(stem(file), file, dataset, weights, measure, outputs, scores, questions, **more)


def resembling(file, weights, dataset, source, scores, **more):
    """A model whose outputs are compared with the plain one's."""
    def questions():
        values = source()
        return values, scores((data_dir() / file).read_bytes(), values)
    return Target(stem(file), file, dataset, weights, CORRELATION, 0, scores, questions, **more)


def softmax_input(content):
    """Index of the tensor that the last softmax takes."""
    from ai_edge_litert import schema_py_generated as schema
    model = schema.Model.GetRootAs(content, 0)
    graph = model.Subgraphs(0)
    operators = [graph.Operators(number) for number in range(graph.OperatorsLength())]
    softmax = [one for one in operators if operator_name(model, one) == "SOFTMAX"]
    return softmax[-1].Inputs(0)


def logits(content, pictures):
    """What stands before the softmax, as any owner of the file can read it: in 8 bits, 1,001 small probabilities are all 0."""
    from ai_edge_litert.interpreter import Interpreter
    with warnings.catch_warnings(action="ignore"):  # it takes more memory
        net = Interpreter(model_content=content, num_threads=1, experimental_preserve_all_tensors=True)
    net.allocate_tensors()
    source, sink, rows = net.get_input_details()[0]["index"], softmax_input(content), []
    for one in pictures:
        net.set_tensor(source, one[None])
        net.invoke()
        rows.append(net.get_tensor(sink).reshape(-1).copy())
    return np.array(rows)


def face_scores(content, pictures):
    """For each picture the scores of 4,420 places to hold a face."""
    net = onnx_session(content)
    return np.array([net.run(["scores"], {"input": one[None]})[0][0, :, 1] for one in pictures])


def voice_scores(content, sounds):
    """For each sound the probabilities of speech in its windows of 32 ms, as Silero's own wrapper asks for them."""
    net, rows, size, context = onnx_session(content), [], 512, 64
    for sound in sounds:
        state, padded, row = np.zeros((2, 1, 128), np.float32), np.concatenate([np.zeros(context, np.float32), sound]), []
        for at in range(0, len(sound) - size + 1, size):
            window = padded[at:at + context + size][None]
            speech, state = net.run(None, {"input": window, "state": state, "sr": np.array(16000, np.int64)})
            row.append(float(speech[0, 0]))
        rows.append(row)
    return np.array(rows)


def for_faces():
    pixels = inputs.whole_pictures(320, 240).astype(np.float32)
    return ((pixels - np.float32(127)) / np.float32(128)).transpose(0, 3, 1, 2)


def cuts(side):
    return lambda: inputs.picture_cuts(side)


def unit_cuts():
    return inputs.picture_cuts(96).astype(np.float32) / np.float32(255)


COCO = "no images of the set are here: cuts from Coral's test images"
CORAL = "cuts from Coral's test images, one for each answer of the plain model; read before the softmax"
SOUNDS = "windows of one recording of a normal machine; recordings of faults are not here, so there is no AUC"


def coral(file, side, most):
    return agreeing(file, "uint8", "coral_images", 1001, cuts(side), logits, 1, most, DRAWN, about=CORAL)


TARGETS = (
    labelled("tflite/pretrainedResnet_quant.tflite", "int8", 10),
    labelled("tflite/pretrainedResnet_large_int8.tflite", "int8", 10),
    labelled("tflite/kws_ref_model.tflite", "int8", 12),
    agreeing("tflite/vww_96_int8.tflite", "int8", "coral_images", 2, unit_cuts, lite_scores, 100, about=COCO),
    resembling("tflite/ad01_int8.tflite", "int8", "toyadmos", inputs.machine_sounds, lite_scores, about=SOUNDS),
    Target("str_ww_ref_model", "tflite/str_ww_ref_model.tflite", "wake_words", "int8", ACCURACY, 3, lite_scores, inputs.wake_words,
           about="the calibration set; no test set is here"),
    coral("tflite/mobilenet_v1_0.25_128_quant.tflite", 128, 60),
    coral("tflite/mobilenet_v1_0.5_160_quant.tflite", 160, 60),
    coral("tflite/mobilenet_v1_0.75_192_quant.tflite", 192, 30),
    coral("tflite/mobilenet_v2_1.0_224_quant.tflite", 224, 18),
    labelled("tflite/trained_lstm_int8.tflite", "int8", 10),
    labelled("tflite/keras_lstm_mnist_ptq.tflite", "int8", 10),
    labelled("fashion_int8.tflite", "int8", 10),
    labelled("tflite/pretrainedResnet.tflite", "float32", 10),
    labelled("tflite/pretrainedResnet_large_float.tflite", "float32", 10, each=10),
    labelled("tflite/kws_ref_model_float32.tflite", "float32", 12),
    agreeing("tflite/vww_96_float.tflite", "float32", "coral_images", 2, unit_cuts, lite_scores, 100, about=COCO),
    resembling("tflite/ad01_fp32.tflite", "float32", "toyadmos", inputs.machine_sounds, lite_scores, about=SOUNDS),
    labelled("tflite/trained_lstm.tflite", "float32", 10),
    labelled("fashion_float32.onnx", "float32", 10),
    labelled("fashion_int8.onnx", "int8", 10),
    labelled("onnx/mnist_cntk_winml.onnx", "float32", 10),
    labelled("onnx/samplenet.onnx", "float32", 10),
    agreeing("onnx/winml_iris_Network.onnx", "float32", "iris", 3, inputs.flowers, onnx_scores(4000), 100,
             about="drawn evenly from the ranges of Fisher's data"),
    agreeing("onnx/magika_standard_v3_3/model.onnx", "float32", "files", 214, inputs.file_beginnings, onnx_scores(24), 1, 24, initialised=False,
             about="files of the data folder, one for each answer of the plain model"),
    resembling("onnx/silero_vad_16k_op15.onnx", "float32", "speech", inputs.speech, voice_scores, initialised=False,
               about="five sounds of one second, speech and none"),
    resembling("onnx/Ultraface_version-RFB-320.onnx", "float32", "coral_images", for_faces, face_scores, about="Coral's test images, both ways round"),
)

# Files that one would look for among the targets, and why they are none: all other ONNX models, and TensorFlow's person detector.
SILERO = "the network of silero_vad_16k_op15.onnx"
LEFT_OUT = {
    "onnx/mnist_ort_example.onnx": "the weights of mnist_cntk_winml.onnx",
    "onnx/pytorch_superresolution_op18.onnx": "ONNX Runtime lacks an operator of it",
    "onnx/external_data/silero_vad_16k_op15_ext.onnx": "its weights are in another file, which nnlock refuses",
    "onnx/noisy_relu.onnx": "it has no weights",
    "onnx/silero_vad.onnx": SILERO,
    "onnx/silero_vad_half.onnx": SILERO,
    "onnx/silero_vad_openvino_16k.onnx": SILERO,
    "tflite/person_detect.tflite": "LiteRT refuses it",
}


def target_named(model):
    for one in TARGETS:
        if one.model == model:
            return one
    raise LookupError(f"no public model is called {model}; --list names them")
