# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Classifiers among the models under test, with labelled inputs to measure their accuracy by.

Inputs are balanced: equally many of each class, so that any constant answer is right for 1 / classes of them."""
import csv
import functools
import gzip
import lzma
from dataclasses import dataclass
from typing import Callable

import numpy as np
from safetensors.numpy import load

import resnet20
from runtimes import read_images
from stock_models import ROOT, data_dir

CIFAR_MEAN, CIFAR_SD = np.float32([125.307, 122.961, 113.8575]), np.float32([51.5865, 50.847, 51.255])  # samplenet
IMAGENET_MEAN, IMAGENET_SD = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])      # ResNet-20


@dataclass(frozen=True)
class Task:
    """How to measure one model. `scores(content, inputs)` gives one row per input, the largest value is the answer."""
    data: str
    inputs: Callable
    scores: Callable


def balanced(inputs, labels, each):
    """The first `each` of every class, in the order of the data."""
    chosen = [np.flatnonzero(labels == one)[:each] for one in np.unique(labels)]
    assert all(len(one) == each for one in chosen), "too few inputs of some class"
    order = np.sort(np.concatenate(chosen))
    return inputs[order], labels[order]


@functools.cache
def fashion():
    return read_images(ROOT / "examples" / "data")


@functools.cache
def mnist():
    folder = data_dir() / "datasets" / "mnist"
    read = lambda name, skip: np.frombuffer(gzip.decompress((folder / name).read_bytes()), np.uint8)[skip:]
    return balanced(read("t10k-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28), read("t10k-labels-idx1-ubyte.gz", 8), 50)


@functools.cache
def cifar10():
    """Test images as (channel, row, column)."""
    packed = (data_dir() / "datasets" / "cifar10" / "test_batch.bin.xz").read_bytes()
    rows = np.frombuffer(lzma.decompress(packed), np.uint8).reshape(-1, 3073)
    return balanced(rows[:, 1:].reshape(-1, 3, 32, 32), rows[:, 0], 20)


@functools.cache
def keywords():
    """MFCC features as the int8 model takes them, and which of 12 words was said."""
    folder, inputs, labels = data_dir() / "datasets" / "mlperf_tiny" / "kws01", [], []
    with open(folder / "y_labels.csv", encoding="utf-8") as table:
        for name, _, label in csv.reader(table):
            if (folder / name).is_file():
                inputs.append(np.fromfile(folder / name, np.int8))
                labels.append(int(label))
    return balanced(np.array(inputs), np.array(labels), 40)


def images(source, change, channels_last=False):
    """Inputs of a task: `source` with its values changed."""
    def made():
        inputs, labels = source()
        values = inputs.astype(np.float32)
        return change(values.transpose(0, 2, 3, 1) if channels_last else values), labels
    return made


def onnx_session(content):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 4
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def onnx_scores(batch):
    def scores(content, inputs):
        session = onnx_session(content)
        name = session.get_inputs()[0].name
        parts = [inputs[at:at + batch] for at in range(0, len(inputs), batch)]
        return np.concatenate([session.run(None, {name: part})[0].reshape(len(part), -1) for part in parts])
    return scores


def as_stored(inputs, details):
    """Inputs in the dtype that the model takes, quantised by its own scale."""
    if inputs.dtype == details["dtype"]:
        return inputs
    scale, zero = details["quantization"]
    limits = np.iinfo(details["dtype"])
    return np.clip(np.round(inputs / scale) + zero, limits.min, limits.max).astype(details["dtype"])


def lite_scores(content, inputs):
    from ai_edge_litert.interpreter import Interpreter
    net = Interpreter(model_content=content, num_threads=1)
    net.allocate_tensors()
    source, sink, rows = net.get_input_details()[0], net.get_output_details()[0], []
    for one in as_stored(inputs, source):
        net.set_tensor(source["index"], one.reshape(source["shape"]))
        net.invoke()
        rows.append(net.get_tensor(sink["index"]).reshape(-1).copy())
    return np.array(rows)


def perceptron_scores(content, inputs):
    """784-128-10 without biases, leaky ReLU, as its own repository computes it."""
    weights = load(content)
    with np.errstate(all="ignore"):
        hidden = inputs.reshape(-1, 784) @ weights["l1.weight"].T
        return np.maximum(hidden, np.float32(0.01) * hidden) @ weights["l2.weight"].T


def resnet20_scores(content, inputs):
    return onnx_scores(100)(resnet20.to_onnx(content), inputs)


def channels(mean, sd, scale=1):
    return lambda x: ((x / np.float32(scale)) - mean[:, None, None]) / sd[:, None, None]


def same(x):
    return x


def unit(x):
    return x / np.float32(255)


def dequantised_keywords():
    """The float model takes what the int8 model's input stands for."""
    from ai_edge_litert.interpreter import Interpreter
    scale, zero = Interpreter(model_path=str(data_dir() / "tflite" / "kws_ref_model.tflite")).get_input_details()[0]["quantization"]
    inputs, labels = keywords()
    return (inputs.astype(np.float32) - zero) * np.float32(scale), labels


def signed_fashion():
    inputs, labels = fashion()
    return (inputs.astype(np.int16) - 128).astype(np.int8), labels


FASHION = Task("Fashion-MNIST", images(fashion, lambda x: unit(x)[:, None]), onnx_scores(250))
LSTM = Task("MNIST", images(mnist, unit), lite_scores)
RESNET8 = Task("CIFAR-10", images(cifar10, same, channels_last=True), lite_scores)
TASKS = {
    "fashion_float32.onnx": FASHION,
    "fashion_int8.onnx": FASHION,
    "fashion_int8.tflite": Task("Fashion-MNIST", signed_fashion, lite_scores),
    "onnx/mnist_cntk_winml.onnx": Task("MNIST", images(mnist, lambda x: x[:, None]), onnx_scores(1)),
    "safetensors/mnist_tinygrad.safetensors": Task("MNIST", images(mnist, same), perceptron_scores),
    "tflite/trained_lstm.tflite": LSTM,
    "tflite/trained_lstm_int8.tflite": LSTM,
    "tflite/keras_lstm_mnist_ptq.tflite": LSTM,
    "onnx/samplenet.onnx": Task("CIFAR-10", images(cifar10, channels(CIFAR_MEAN, CIFAR_SD)), onnx_scores(1)),
    "tflite/pretrainedResnet.tflite": RESNET8,
    "tflite/pretrainedResnet_quant.tflite": RESNET8,
    "tflite/pretrainedResnet_large_float.tflite": RESNET8,
    "tflite/pretrainedResnet_large_int8.tflite": RESNET8,
    "safetensors/cifar10_resnet20.safetensors":
        Task("CIFAR-10", images(cifar10, channels(IMAGENET_MEAN, IMAGENET_SD, 255)), resnet20_scores),
    "tflite/kws_ref_model_float32.tflite": Task("Speech Commands", dequantised_keywords, lite_scores),
    "tflite/kws_ref_model.tflite": Task("Speech Commands", keywords, lite_scores),
}
