# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Writes the network as a float32 ONNX file and quantises that to int8."""

import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import quantization

from fashion import CLASSES, to_float
from network import CHANNELS

OPSET = 17
IR_VERSION = 8


def onnx_layout(weights):
    """The weights as ONNX lays them out: outputs first, channels before pixels."""
    side = 28 // 2 ** len(CHANNELS)
    out = {}
    for name, array in weights.items():
        if array.ndim == 4:
            array = array.transpose(3, 2, 0, 1)
        elif name == "fc1.weight":
            array = array.reshape(side, side, CHANNELS[-1], -1).transpose(3, 2, 0, 1)
            array = array.reshape(array.shape[0], -1)
        elif array.ndim == 2:
            array = array.T
        out[name] = np.ascontiguousarray(array)
    return out


def nodes():
    """The graph's nodes, from "image" to "logits"."""
    listed, x = [], "image"
    for i in range(1, len(CHANNELS) + 1):
        conv, relu, pool = f"conv{i}.out", f"relu{i}.out", f"pool{i}.out"
        listed += [
            helper.make_node("Conv", [x, f"conv{i}.weight", f"conv{i}.bias"], [conv],
                             f"conv{i}", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
            helper.make_node("Relu", [conv], [relu], f"relu{i}"),
            helper.make_node("MaxPool", [relu], [pool], f"pool{i}",
                             kernel_shape=[2, 2], strides=[2, 2])]
        x = pool
    return listed + [
        helper.make_node("Flatten", [x], ["flat.out"], "flat"),
        helper.make_node("Gemm", ["flat.out", "fc1.weight", "fc1.bias"], ["fc1.out"],
                         "fc1", transB=1),
        helper.make_node("Relu", ["fc1.out"], ["relu_fc1.out"], "relu_fc1"),
        helper.make_node("Gemm", ["relu_fc1.out", "fc2.weight", "fc2.bias"], ["logits"],
                         "fc2", transB=1)]


def tidy(model):
    """Sets the header fields and stores every initializer as raw data."""
    model.ir_version = IR_VERSION
    model.producer_name, model.producer_version = "nnlock examples", ""
    for tensor in model.graph.initializer:
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor), tensor.name))
    onnx.checker.check_model(model, full_check=True)
    return model


def write_float(path, weights):
    floats = TensorProto.FLOAT
    graph = helper.make_graph(
        nodes(), "fashion",
        [helper.make_tensor_value_info("image", floats, ["N", 1, 28, 28])],
        [helper.make_tensor_value_info("logits", floats, ["N", CLASSES])],
        [numpy_helper.from_array(array, name)
         for name, array in onnx_layout(weights).items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
    onnx.save(tidy(model), path)


class Calibration(quantization.CalibrationDataReader):
    """Hands the calibration images to the quantiser, a hundred at a time."""

    def __init__(self, images):
        batches = np.array_split(to_float(images)[:, None], max(1, len(images) // 100))
        self.feeds = iter([{"image": batch} for batch in batches])

    def get_next(self):
        return next(self.feeds, None)


def write_int8(path, float_path, calibration):
    """Static quantisation to QDQ form, with one scale for each output channel."""
    with tempfile.TemporaryDirectory() as scratch:
        inferred, raw = Path(scratch) / "inferred.onnx", Path(scratch) / "int8.onnx"
        onnx.save(onnx.shape_inference.infer_shapes(onnx.load(float_path)), inferred)
        quantization.quantize_static(
            inferred, raw, Calibration(calibration),
            quant_format=quantization.QuantFormat.QDQ, per_channel=True,
            activation_type=quantization.QuantType.QInt8,
            weight_type=quantization.QuantType.QInt8)
        onnx.save(tidy(onnx.load(raw)), path)


def stored_tensors(path):
    """(name, dtype, shape, bytes) of each initializer."""
    arrays = [(t.name, numpy_helper.to_array(t)) for t in onnx.load(path).graph.initializer]
    return [(name, a.dtype.name, list(a.shape), a.nbytes) for name, a in arrays]
