# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Tensors with known contents, locked under a fresh key, and what stands in the file afterwards."""
import secrets
from dataclasses import dataclass

import numpy as np
import safetensors.numpy

import nnlock

ELEMENTS = 1 << 21
FLOATS = {"f16": (2, 10, 5), "bf16": (2, 7, 8), "f32": (4, 23, 8), "f64": (8, 52, 11)}  # bytes, mantissa bits, exponent bits


@dataclass(frozen=True)
class Case:
    """One tensor before and after locking, as unsigned integers of its width."""

    name: str
    dtype: str
    plain: np.ndarray
    locked: np.ndarray
    ring: tuple  # the exponent fields that may occur, in order; empty for integers
    keeps_sign: bool

    @property
    def positions(self):
        """Where on the ring each locked element's exponent stands."""
        _, mantissa, exponent = FLOATS[self.dtype]
        fields = (self.locked >> mantissa) & ((1 << exponent) - 1)
        assert np.isin(fields, self.ring).all(), "a locked exponent is off its ring"
        return np.searchsorted(self.ring, fields)

    @property
    def draws(self):
        """The draws themselves, since the plain exponents are known."""
        _, mantissa, exponent = FLOATS[self.dtype]
        fields = (self.plain >> mantissa) & ((1 << exponent) - 1)
        return (self.positions - np.searchsorted(self.ring, fields)) % len(self.ring)


def normal(seed, dtype="f32", scale=0.02):
    """Weights as a trained layer has them: normal, a few of them exactly zero."""
    values = np.random.default_rng(seed).normal(0, scale, ELEMENTS)
    values[::4096] = 0
    if dtype == "bf16":
        return (values.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
    kind = {"f16": np.float16, "f32": np.float32, "f64": np.float64}[dtype]
    return values.astype(kind).view(f"u{FLOATS[dtype][0]}")


def spanning(dtype, low, high, fill):
    """`fill` everywhere, but for the two elements that set the ring to the exponent fields low to high."""
    size, mantissa, _ = FLOATS[dtype]
    values = np.full(ELEMENTS, fill << mantissa, dtype=f"u{size}")
    values[0], values[1] = low << mantissa, high << mantissa
    return values


def plain_tensors():
    """name: (dtype, values)."""
    return {
        "weights_f32": ("f32", normal(1)),
        "weights_f16": ("f16", normal(2, "f16")),
        "weights_bf16": ("bf16", normal(3, "bf16")),
        "weights_f64": ("f64", normal(4, "f64")),
        "constant_f32": ("f32", spanning("f32", 120, 126, 122)),  # a ring of 7: joint draws of a word can be counted
        "constant_f16": ("f16", spanning("f16", 9, 15, 11)),
        "widest_f32": ("f32", spanning("f32", 1, 254, 127)),  # the largest bias a ring of 32 or 16 bits can have
        "widest_f64": ("f64", spanning("f64", 1, 2046, 1023)),
        "zeros_like_weights": ("f32", np.zeros(ELEMENTS, np.uint32)),  # the ring is copied in below
        "bias_i32": ("i32", np.random.default_rng(5).integers(-3000, 3000, ELEMENTS, np.int32)),
        "counts_u16": ("u16", np.random.default_rng(6).integers(0, 3000, ELEMENTS, np.uint16)),
        "quantised_i8": ("i8", np.random.default_rng(7).integers(-127, 128, ELEMENTS, np.int8)),
    }


def write_plain(path, tensors):
    """A safetensors file. The zero tensor gets the extreme elements of `weights_f32`, so that both have one ring."""
    weights, zeros = tensors["weights_f32"][1], tensors["zeros_like_weights"][1]
    magnitudes = weights & 0x7FFFFFFF
    nonzero = np.flatnonzero(magnitudes)
    zeros[0], zeros[1] = weights[nonzero[magnitudes[nonzero].argmin()]], weights[magnitudes.argmax()]
    zeros[2] = 0x80000000  # a negative zero: signs are scrambled as in the weights
    views = {"f16": np.float16, "f32": np.float32, "f64": np.float64}
    arrays = {name: v.view(views[d]) if d in views else v for name, (d, v) in tensors.items() if d != "bf16"}
    path.write_bytes(with_bf16(safetensors.numpy.save(arrays), {n: v for n, (d, v) in tensors.items() if d == "bf16"}))


def with_bf16(blob, extra):
    """numpy has no bfloat16: the entries are put into the header by hand."""
    import json
    size = int.from_bytes(blob[:8], "little")
    header, data = json.loads(blob[8:8 + size]), blob[8 + size:]
    for name, values in extra.items():
        header[name] = {"dtype": "BF16", "shape": [len(values)], "data_offsets": [len(data), len(data) + values.nbytes]}
        data += values.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data


def ring_of(info):
    """The exponent fields on the ring of a tensor that inspect() describes, and whether its signs are kept."""
    if info.ring is None:
        return (), False
    bias = (1 << (FLOATS[info.dtype][2] - 1)) - 1
    fields = range(info.ring.low + bias, info.ring.high + bias + 1)
    return ((0,) if info.ring.zero else ()) + tuple(fields), info.ring.keeps_sign


def locked_cases(folder, suite="aes256"):
    """Locks all tensors under a fresh key, twice: two lists of cases."""
    plain, tensors = folder / "plain.safetensors", plain_tensors()
    write_plain(plain, tensors)
    key = nnlock.MasterKey.from_bytes(secrets.token_bytes(32))
    rounds = []
    for number in (1, 2):
        out = folder / f"locked{number}.safetensors"
        nnlock.lock(key, plain, out, suite=suite, sidecar=True)
        content, found = out.read_bytes(), {t.name: t for t in nnlock.inspect(out).params}
        rounds.append([Case(name, dtype, values.view(f"u{values.itemsize}"),
                            np.frombuffer(content, f"u{values.itemsize}", ELEMENTS, found[name].offset), *ring_of(found[name]))
                       for name, (dtype, values) in tensors.items()])
    return rounds
