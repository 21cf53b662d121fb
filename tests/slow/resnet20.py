# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""The CIFAR-10 ResNet-20 of a safetensors file as an ONNX graph, so that a stock runtime can run it."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load

END = 10_000  # of a slice: past any image


class Graph:
    """Nodes are added one by one; each returns the name of its output."""

    def __init__(self, weights):
        self.nodes, self.constants = [], [numpy_helper.from_array(array, name) for name, array in weights.items()]

    def node(self, kind, *inputs, **attributes):
        name = f"{kind}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def integers(self, *values):
        name = f"integers{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(values, np.int64), name))
        return name

    def normalised(self, x, conv, norm, stride):
        """A 3x3 convolution and its batch normalisation."""
        y = self.node("Conv", x, f"{conv}.weight", kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[stride, stride])
        return self.node("BatchNormalization", y, *(f"{norm}.{part}" for part in ("weight", "bias", "running_mean", "running_var")),
                         epsilon=1e-5)

    def shortcut(self, x, channels):
        """Every second pixel, and zeros for the new channels on both sides."""
        y = self.node("Slice", x, self.integers(0, 0), self.integers(END, END), self.integers(2, 3), self.integers(2, 2))
        return self.node("Pad", y, self.integers(0, channels // 4, 0, 0, 0, channels // 4, 0, 0))

    def block(self, x, name, channels, stride):
        y = self.node("Relu", self.normalised(x, f"{name}.conv1", f"{name}.bn1", stride))
        y = self.normalised(y, f"{name}.conv2", f"{name}.bn2", 1)
        return self.node("Relu", self.node("Add", y, x if stride == 1 else self.shortcut(x, channels)))


def to_onnx(content):
    """Bytes of an ONNX file with the weights of a safetensors file."""
    graph = Graph(load(content))
    x = graph.node("Relu", graph.normalised("x", "conv1", "bn1", 1))
    for layer in (1, 2, 3):
        for number in range(3):
            x = graph.block(x, f"layer{layer}.{number}", 8 << layer, 2 if layer > 1 and number == 0 else 1)
    x = graph.node("Flatten", graph.node("GlobalAveragePool", x))
    y = graph.node("Gemm", x, "linear.weight", "linear.bias", transB=1)
    made = helper.make_graph(graph.nodes, "resnet20", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 32, 32])],
                             [helper.make_tensor_value_info(y, TensorProto.FLOAT, ["n", 10])], graph.constants)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 13)], ir_version=8).SerializeToString()
