# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""The stock runtimes, as their wheels bring them, and the 1,000 test images in the form that each takes."""

import contextlib
import os
import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import onnxruntime
from ai_edge_litert.interpreter import Interpreter

THREADS = 1  # inside a runtime; several models run side by side instead


def read_idx(path):
    """An array of bytes from an uncompressed IDX file."""
    data = Path(path).read_bytes()
    if data[:3] != b"\x00\x00\x08":
        raise ValueError(f"{path} is not an IDX file of unsigned bytes")
    shape = np.frombuffer(data, ">u4", count=data[3], offset=4).astype(int)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(shape)


def read_images(folder):
    """Images (N, 28, 28) and their classes (N)."""
    return (read_idx(Path(folder) / "fashion-1000-images-idx3-ubyte"),
            read_idx(Path(folder) / "fashion-1000-labels-idx1-ubyte"))


class LiteRt:
    """A TFLite model, ready to run. It takes one image at a time."""

    name, package = "LiteRT", "ai-edge-litert"

    def __init__(self, content):
        self.net = Interpreter(model_content=content, num_threads=THREADS)
        self.net.allocate_tensors()

    def logits(self, images):
        source, sink = self.net.get_input_details()[0], self.net.get_output_details()[0]
        pixels = (images.astype(np.int16) - 128).astype(np.int8)[:, None, :, :, None]
        rows = []
        for image in pixels:
            self.net.set_tensor(source["index"], image)
            self.net.invoke()
            rows.append(self.net.get_tensor(sink["index"])[0])
        return np.array(rows)


class OnnxRuntime:
    """An ONNX model, ready to run on the processor."""

    name, package = "ONNX Runtime", "onnxruntime"

    def __init__(self, content):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        self.session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])

    def logits(self, images):
        pixels = (images.astype(np.float32) / np.float32(255))[:, None]
        name = self.session.get_inputs()[0].name
        return np.concatenate([self.session.run(None, {name: pixels[i:i + 250]})[0]
                               for i in range(0, len(pixels), 250)])


def runtime_for(path):
    return LiteRt if Path(path).suffix == ".tflite" else OnnxRuntime


def version(runtime):
    return metadata.version(runtime.package)


@contextlib.contextmanager
def quiet():
    """Sends what C++ writes to standard error nowhere: LiteRT greets with a line when it first loads a model."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
