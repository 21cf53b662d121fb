# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Models of two files, a graph and its weights: real ones, and small ones that are written here."""

import struct
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from stock_models import data_dir

# Inputs of ncnn graphs by the number of their blob; OpenVINO's graphs say their shapes.
REAL = {
    "ncnn/3d_net.param": {"0": [3, 10, 20, 30]},
    "ncnn/mnist.param": {"0": [1, 28, 28]},
    "ncnn/mtcnn_det1.param": {"0": [3, 12, 12]},
    "ncnn/mtcnn_det3.param": {"0": [3, 48, 48]},
    "openvino/face-detection-adas-binary-0001.xml": {},
    "openvino/mstcn_online.xml": {},
}

# Pairs that their stock runtime refuses as they come, and words of its error.
NOT_READ = {
    "ncnn/mtcnn_det1.param": "load_param gives -1",
    "ncnn/mtcnn_det3.param": "load_param gives -1",
    "openvino/face-detection-adas-binary-0001.xml": "Unable to read the model",
}


@dataclass(frozen=True)
class Pair:
    """The graph's path, and what Workshop.child() asks of a model."""
    path: Path
    inputs: dict = field(default_factory=dict)
    stages: str = "open,load,run"

    @property
    def kind(self):
        return "openvino" if self.path.suffix == ".xml" else "ncnn"

    @property
    def weights(self):
        return self.path.with_name(self.path.name.removesuffix(".bin")).with_suffix(".bin")


def real_pairs():
    return {name: Pair(data_dir() / name, inputs) for name, inputs in REAL.items()}


def floats(*shape):
    return np.random.default_rng(7).standard_normal(shape).astype(np.float32) / 4


def write_openvino(path):
    """A network with a float and a compressed layer, a range of quantisation and a shape."""
    import openvino
    from openvino import opset13 as ops
    data = ops.parameter([1, 16], np.float32, name="data")
    dense = ops.relu(ops.matmul(data, ops.constant(floats(16, 32)), False, False))
    ranges = [ops.constant(np.float32(limit)) for limit in (0, 4, 0, 4)]
    limited = ops.fake_quantize(dense, *ranges, 256)
    packed = ops.constant(np.random.default_rng(8).integers(0, 256, (8, 32), np.uint8))
    centred = ops.subtract(ops.convert(packed, "f32"), ops.convert(ops.constant(np.full((8, 1), 128, np.uint8)), "f32"))
    scaled = ops.multiply(centred, ops.constant(np.full((8, 1), 0.01, np.float32)))
    logits = ops.matmul(limited, scaled, False, True)
    shaped = ops.reshape(logits, ops.constant(np.array([2, 4], np.int64)), False)
    openvino.save_model(openvino.Model([shaped], [data], "small"), path, compress_to_fp16=False)


NCNN_GRAPH = """7767517
4 4
Input        data 0 1 data 0=6 1=6 2=3
Convolution  conv 1 1 data c1 0=4 1=3 5=1 6=108 9=1
Flatten      flat 1 1 c1 c2
InnerProduct fc   1 1 c2 out 0=5 1=1 2=320
"""
NCNN_BINARY = (7767517, 4, 4,
               16, 0, 1, 0, 0, 6, 1, 6, 2, 3, -233,
               6, 1, 1, 0, 1, 0, 4, 1, 3, 5, 1, 6, 108, 9, 1, -233,
               14, 1, 1, 1, 2, -233,
               15, 1, 1, 2, 3, 0, 5, 1, 1, 2, 320, -233)


def write_ncnn(path, binary):
    """A convolution in float32 and a dense layer in float16."""
    if binary:
        path.write_bytes(struct.pack(f"<{len(NCNN_BINARY)}i", *NCNN_BINARY))
    else:
        path.write_text(NCNN_GRAPH)
    weights = struct.pack("<I", 0) + floats(108).tobytes() + floats(4).tobytes()
    weights += struct.pack("<I", 0x01306B47) + floats(320).astype(np.float16).tobytes() + floats(5).tobytes()
    Pair(path).weights.write_bytes(weights)


def own_pairs(folder):
    """Writes the project's own pairs, each into a folder of its own."""
    made = {name: Pair(folder / name / file, {} if name == "openvino" else {"0": [3, 6, 6]})
            for name, file in (("openvino", "small.xml"), ("text", "small.param"), ("binary", "small.param.bin"))}
    for pair in made.values():
        pair.path.parent.mkdir()
    write_openvino(made["openvino"].path)
    write_ncnn(made["text"].path, False)
    write_ncnn(made["binary"].path, True)
    return made
