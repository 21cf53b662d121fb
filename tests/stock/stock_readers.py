# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""What the stock parsers of the formats see in a file: every tensor, and which are weights.

Nothing here asks nnlock. A weight is a stored tensor of floats, bytes or 16-bit integers;
wider integers only where an operator takes them as its bias. Quantisation scales and zero
points of ONNX operators and the fill value of ConstantOfShape are not weights.
"""

import json
import struct
from dataclasses import dataclass

import numpy as np
import onnx
from ai_edge_litert import schema_py_generated as tfl
from onnx import numpy_helper

from stock_edgetpu import executables

WIDE = ("INT32", "INT64", "UINT32", "UINT64", "BOOL", "STRING", "RESOURCE", "VARIANT")

TFLITE_BIASES = {"CONV_2D": {2}, "DEPTHWISE_CONV_2D": {2}, "FULLY_CONNECTED": {2},
                 "CONV_3D": {2}, "TRANSPOSE_CONV": {3}, "SVDF": {3},
                 "UNIDIRECTIONAL_SEQUENCE_LSTM": {12, 13, 14, 15, 17},
                 "LSTM": {12, 13, 14, 15, 17}}
ONNX_BIASES = {"QLinearConv": {8}, "DequantizeLinear": {0}}
ONNX_SCALES = {"QuantizeLinear": {1, 2}, "DequantizeLinear": {1, 2},
               "QLinearConv": {1, 2, 4, 5, 6, 7}, "QLinearMatMul": {1, 2, 4, 5, 6, 7},
               "QLinearAdd": {1, 2, 4, 5, 6, 7}}


@dataclass(frozen=True)
class Stored:
    """One tensor as a stock parser sees it; data is None where the file holds no values."""
    name: str
    shape: tuple
    dtype: str
    data: np.ndarray
    is_weight: bool

    @property
    def skeleton(self):
        return (self.name, self.shape, self.dtype, None if self.data is None else self.data.nbytes)


# --- safetensors: as its own documentation lays the file out ---

def safetensors_tensors(path):
    blob = path.read_bytes()
    (size,) = struct.unpack_from("<Q", blob)
    header = json.loads(blob[8:8 + size])
    for name, entry in header.items():
        if name != "__metadata__":
            first, last = (8 + size + offset for offset in entry["data_offsets"])
            yield Stored(name, tuple(entry["shape"]), entry["dtype"],
                         np.frombuffer(blob[first:last], np.uint8), True)


# --- TFLite: by the schema classes in the LiteRT wheel ---

def names_of(enumeration):
    return {value: name for name, value in vars(enumeration).items() if name.isupper()}


TFLITE_TYPES = names_of(tfl.TensorType)
TFLITE_OPERATORS = names_of(tfl.BuiltinOperator)


def operator_name(model, operator):
    code = model.OperatorCodes(operator.OpcodeIndex())
    return TFLITE_OPERATORS[max(code.DeprecatedBuiltinCode(), code.BuiltinCode())]


def bias_indexes(model, graph):
    """Indexes of the tensors that some operator of the subgraph takes as its bias."""
    found = set()
    for number in range(graph.OperatorsLength()):
        operator = graph.Operators(number)
        wanted = TFLITE_BIASES.get(operator_name(model, operator), set())
        found |= {operator.Inputs(at) for at in wanted if at < operator.InputsLength()}
    return found


def tflite_data(model, tensor):
    values = model.Buffers(tensor.Buffer()).DataAsNumpy()
    return values if isinstance(values, np.ndarray) and values.size else None


def custom_option_bytes(path, kind):
    """Bytes in the options of custom operators, except the Edge TPU's parameters."""
    if kind != "tflite":
        return 0
    blob = path.read_bytes()
    model = tfl.Model.GetRootAs(blob, 0)
    graphs = map(model.Subgraphs, range(model.SubgraphsLength()))
    return (sum(graph.Operators(number).CustomOptionsLength()
                for graph in graphs for number in range(graph.OperatorsLength()))
            - sum(len(one.parameters) for one in executables(blob)))


def tflite_tensors(path):
    blob = path.read_bytes()
    model = tfl.Model.GetRootAs(blob, 0)
    for one in executables(blob):
        data = np.frombuffer(one.parameters, np.uint8)
        yield Stored(one.name, (len(data),), "UINT8", data, data.size > 0)
    for graph in map(model.Subgraphs, range(model.SubgraphsLength())):
        biases = bias_indexes(model, graph)
        for index in range(graph.TensorsLength()):
            tensor = graph.Tensors(index)
            dtype = TFLITE_TYPES[tensor.Type()]
            data = tflite_data(model, tensor)
            weight = data is not None and (dtype not in WIDE or index in biases)
            shape = () if tensor.ShapeIsNone() else tuple(tensor.ShapeAsNumpy().tolist())
            yield Stored((tensor.Name() or b"").decode(), shape, dtype, data, weight)


# --- ONNX: by the onnx package, subgraphs included ---

def graphs_below(graph):
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in [attribute.g] * attribute.HasField("g") + list(attribute.graphs):
                yield from graphs_below(inner)


def protos_of(graph):
    """(name, tensor) of every tensor that the graph itself stores."""
    yield from ((one.name, one) for one in graph.initializer)
    for one in graph.sparse_initializer:
        yield one.values.name, one.values
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield node.output[0], attribute.t


def operands(graphs, table):
    """Names of the tensors that some operator takes at an operand listed in the table."""
    return {node.input[at] for graph in graphs for node in graph.node
            for at in table.get(node.op_type, ()) if at < len(node.input)}


def onnx_tensors(path):
    graphs = list(graphs_below(onnx.load(path).graph))
    biases, scales = operands(graphs, ONNX_BIASES), operands(graphs, ONNX_SCALES)
    fills = {node.output[0] for graph in graphs for node in graph.node
             if node.op_type == "ConstantOfShape"}
    for graph in graphs:
        for name, proto in protos_of(graph):
            dtype = onnx.TensorProto.DataType.Name(proto.data_type)
            data = np.frombuffer(numpy_helper.to_array(proto).tobytes(), np.uint8)
            weight = data.size > 0 and (dtype not in WIDE or name in biases)
            yield Stored(name, tuple(proto.dims), dtype, data,
                         weight and name not in scales and name not in fills)


def tensors(path, kind):
    """All tensors of a model file, in the order of the file."""
    readers = {"safetensors": safetensors_tensors, "tflite": tflite_tensors,
               "onnx": onnx_tensors}
    return list(readers[kind](path))
