# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""A large safetensors file shaped like a language model: big matrices, small norms, random weights."""

import json
import random

WIDTH, DTYPE_BYTES = 2048, 2  # bfloat16
# High bytes of random bfloat16 numbers: either sign, magnitudes from 2^-15 to below 2^-7.
HIGH_BYTES = bytes((b & 0x80) | 0x38 | (b & 3) for b in range(256))


def shapes(size):
    """Names and shapes of at most `size` bytes; the last tensor takes what is left."""
    layer = [("attention.q", (WIDTH, WIDTH)), ("attention.o", (WIDTH, WIDTH)),
             ("attention.k", (WIDTH // 4, WIDTH)), ("attention.v", (WIDTH // 4, WIDTH)),
             ("mlp.gate", (4 * WIDTH, WIDTH)), ("mlp.up", (4 * WIDTH, WIDTH)),
             ("mlp.down", (WIDTH, 4 * WIDTH)), ("norm", (WIDTH,))]
    layer_bytes = sum(count(shape) for _, shape in layer) * DTYPE_BYTES
    layers = size // layer_bytes
    for number in range(layers):
        yield from ((f"layers.{number}.{name}.weight", shape) for name, shape in layer)
    rest = (size - layers * layer_bytes) // DTYPE_BYTES
    if rest:
        yield "head.weight", (rest,)


def count(shape):
    return shape[0] if len(shape) == 1 else shape[0] * shape[1]


def write(path, size):
    """A file with `size` bytes of tensors, the same at each call."""
    header, offset = {}, 0
    for name, shape in shapes(size):
        end = offset + count(shape) * DTYPE_BYTES
        header[name] = {"dtype": "BF16", "shape": list(shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    source = random.Random(1)
    with open(path, "xb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        while offset:
            piece = min(offset, 1 << 20)
            weights = bytearray(source.randbytes(piece))
            weights[1::2] = weights[1::2].translate(HIGH_BYTES)
            file.write(weights)
            offset -= piece
