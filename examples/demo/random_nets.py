# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Networks that know nothing, to compare wrong keys with: the plain file with other numbers in its parameters.

`same_ranges` draws each element as the locked layout allows it, with numpy and without nnlock's arithmetic; `initialised` draws what
training would start from: He et al. (2015) for weights, zero for biases, rounded to the file's own scales where it is quantised."""

from pathlib import Path

import numpy as np

import nnlock

FLOATS = {"f16": (np.uint16, 10, 15, np.float16), "f32": (np.uint32, 23, 127, np.float32), "f64": (np.uint64, 52, 1023, np.float64)}


def scales_of(path):
    """Quantisation scales by the offset of the tensor's values: the skeleton shows them. Empty for float models."""
    path, spans = Path(path), {t.name: t for t in nnlock.inspect(path).params}
    if path.suffix == ".tflite":
        from ai_edge_litert.interpreter import Interpreter
        net = Interpreter(model_path=str(path))
        found = {d["name"]: d["quantization_parameters"]["scales"] for d in net.get_tensor_details()}
    else:
        import onnx
        graph = onnx.load(path).graph
        values = {i.name: onnx.numpy_helper.to_array(i) for i in graph.initializer}
        found = {n.input[0]: values[n.input[1]] for n in graph.node if n.op_type == "DequantizeLinear" and n.input[1] in values}
    return {spans[name].offset: np.atleast_1d(s) for name, s in found.items() if name in spans and len(np.atleast_1d(s))}


def uniform_float(tensor, count, draw):
    """Exponents even over the ring, mantissas and signs even."""
    word, mantissa, bias, _ = FLOATS[tensor.dtype]
    ring = ([] if tensor.ring.low is None else list(range(tensor.ring.low + bias, tensor.ring.high + bias + 1)))
    ring += [0] if tensor.ring.zero else []
    bits = draw.choice(np.array(ring, word), count) << word(mantissa)
    bits |= draw.integers(0, 1 << mantissa, count, dtype=np.uint64).astype(word)
    if not tensor.ring.keeps_sign:
        bits |= draw.integers(0, 2, count).astype(word) << word(8 * bits.itemsize - 1)
    return bits


def same_range(tensor, draw):
    """The bytes of one parameter, even over what its layout allows."""
    if tensor.layout == "finite":
        return uniform_float(tensor, tensor.nbytes // np.dtype(FLOATS[tensor.dtype][0]).itemsize, draw).tobytes()
    if tensor.layout == "range":
        kind, top = np.dtype({"i": "int", "u": "uint"}[tensor.dtype[0]] + tensor.dtype[1:]), 1 << tensor.range.bits
        return draw.integers(-top if tensor.range.negative else 0, top, tensor.nbytes // kind.itemsize).astype(kind).tobytes()
    return draw.bytes(tensor.nbytes)


def initial(tensor, scale, draw):
    """The bytes of one parameter before training. Vectors are biases."""
    if len(tensor.shape) < 2:
        return bytes(tensor.nbytes)
    depthwise = tensor.shape[0] == 1 and len(tensor.shape) == 4
    fan_in = np.prod(tensor.shape[1:3] if depthwise else tensor.shape[1:])
    values = draw.normal(0, np.sqrt(2 / fan_in), tensor.shape)
    if tensor.dtype in FLOATS:
        return values.astype(FLOATS[tensor.dtype][3]).tobytes()
    per_channel = scale if len(scale) == 1 else scale.reshape([-1] + [1] * (len(tensor.shape) - 1) if not depthwise else [1, 1, 1, -1])
    return np.clip(np.rint(values / per_channel), -127, 127).astype(np.int8).tobytes()


class RandomNets:
    """Fillings of one plain model file. `net(kind, seed)` is the content of a file."""

    def __init__(self, path):
        self.content, self.tensors, self.scales = Path(path).read_bytes(), nnlock.inspect(path).params, scales_of(path)

    def net(self, kind, seed):
        draw, content = np.random.default_rng(seed), bytearray(self.content)
        for t in self.tensors:
            values = same_range(t, draw) if kind == "same_ranges" else initial(t, self.scales.get(t.offset), draw)
            assert len(values) == t.nbytes, t.name
            content[t.offset:t.offset + t.nbytes] = values
        return bytes(content)


def distance(first, second):
    """Kolmogorov and Smirnov: the largest distance of two samples' distributions, and how often chance alone would exceed it."""
    points = np.union1d(first, second)
    shares = [np.searchsorted(np.sort(s), points, "right") / len(s) for s in (first, second)]
    largest, size = float(np.abs(shares[0] - shares[1]).max()), len(first) * len(second) / (len(first) + len(second))
    x = (np.sqrt(size) + 0.12 + 0.11 / np.sqrt(size)) * largest  # Stephens (1970)
    k = np.arange(1, 101)
    return largest, 1.0 if x < 0.2 else float(min(1, max(0, 2 * ((-1.0) ** (k - 1) * np.exp(-2 * k**2 * x**2)).sum())))
