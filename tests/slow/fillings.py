# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Networks that know nothing, for any model under test: the demo's two fillings, with what its three models do not need."""
from dataclasses import replace
from pathlib import Path

import numpy as np

import nnlock
from random_nets import initial, same_range, scales_of

# Weights whose shape does not say how many inputs an output has: (outputs, inputs).
TURNED = {"Parameter193": (10, 256)}  # of mnist_cntk_winml, stored as (channel, row, column, output)
ONES = (".running_var", "bn1.weight", "bn2.weight")  # what batch normalisation begins with


def is_vector(tensor):
    """True for biases and the like, however they are stored."""
    return tensor.name not in TURNED and np.prod(tensor.shape) == max(tensor.shape, default=1)


def zero_points_of(path):
    """What stands for zero in uint8 weights, by the offset of the tensor's values."""
    if path.suffix != ".tflite":
        return {}
    from ai_edge_litert.interpreter import Interpreter
    spans = {one.name: one for one in nnlock.inspect(path).params if one.dtype == "u8"}
    details = Interpreter(model_path=str(path)).get_tensor_details() if spans else []
    return {spans[one["name"]].offset: int(one["quantization_parameters"]["zero_points"][0]) for one in details if one["name"] in spans}


def before_training(tensor, scale, draw, zero=0):
    """The bytes of one parameter as training would begin: He et al. (2015), biases 0, batch normalisation 1."""
    shape = TURNED.get(tensor.name, tensor.shape)
    if tensor.name.endswith(ONES):
        return np.ones(tensor.shape, np.float32).tobytes()
    if is_vector(tensor):
        return bytes(tensor.nbytes)
    values = initial(replace(tensor, shape=shape), scale, draw)
    if tensor.dtype != "u8":
        return values
    return np.clip(np.frombuffer(values, np.int8).astype(int) + zero, 0, 255).astype(np.uint8).tobytes()


class Fillings:
    """Fillings of one plain model file, as the content of a file. `random_biases` has the weights of `initialised` and, for biases
    and normalisation, the numbers of `same_ranges`."""

    def __init__(self, path):
        path = Path(path)
        self.content, self.tensors = path.read_bytes(), nnlock.inspect(path).params
        self.scales = {} if path.suffix == ".safetensors" else scales_of(path)
        self.zero_points = zero_points_of(path)

    def filled(self, seed, values_of):
        draw, content = np.random.default_rng(seed), bytearray(self.content)
        for one in self.tensors:
            values = values_of(one, draw)
            assert len(values) == one.nbytes, one.name
            content[one.offset:one.offset + one.nbytes] = values
        return bytes(content)

    def same_ranges(self, seed):
        return self.filled(seed, same_range)

    def fresh(self, tensor, draw):
        return before_training(tensor, self.scales.get(tensor.offset), draw, self.zero_points.get(tensor.offset, 0))

    def initialised(self, seed):
        return self.filled(seed, self.fresh)

    def random_biases(self, seed):
        return self.filled(seed, lambda one, draw: same_range(one, draw) if is_vector(one) else self.fresh(one, draw))
