# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Wrong keys: the numbers they leave in a model, and what its outputs are in the stock runtime.

A decoy is a locked model unlocked with a key that does not fit, without the checks that would
refuse it. Elements are read from the file at the places that `inspect` names.
"""

import os
from dataclasses import dataclass, field

import numpy as np

KEYS = int(os.environ.get("NNLOCK_WRONG_KEYS") or 5)
AT_ONCE = 25  # decoys in one process of the stock runtime

# dtype: word, bits of the mantissa, bits of the exponent
SINGLE, DOUBLE = ("<u4", 23, 8), ("<u8", 52, 11)
FLOATS = {"f16": ("<u2", 10, 5), "bf16": ("<u2", 7, 8), "f32": SINGLE, "f64": DOUBLE,
          "complex64": SINGLE, "complex128": DOUBLE}


@dataclass
class Numbers:
    """Elements of the locked tensors of one file, or of several added up."""
    floats: int = 0        # in layout finite
    not_finite: int = 0    # of these: NaN or infinite
    off_ring: int = 0      # of these: with an exponent or a sign that the layout does not have
    integers: int = 0      # in layout range
    out_of_range: int = 0  # of these
    fallen_back: dict = field(default_factory=dict)  # float tensors in layout bytes: not finite

    def __add__(self, other):
        names = self.fallen_back.keys() | other.fallen_back.keys()
        return Numbers(*(getattr(self, name) + getattr(other, name) for name in (
            "floats", "not_finite", "off_ring", "integers", "out_of_range")),
            {name: self.fallen_back.get(name, 0) + other.fallen_back.get(name, 0)
             for name in names})

    @property
    def faults(self):
        return self.not_finite + self.off_ring + self.out_of_range


def elements(content, one, word):
    return np.frombuffer(content, word, one["bytes"] // np.dtype(word).itemsize, one["offset"])


def exponents(content, one):
    """(exponent fields, whether the sign bit is set, the field of infinity and NaN)."""
    word, mantissa, exponent = FLOATS[one["dtype"]]
    words, top = elements(content, one, word), (1 << exponent) - 1
    fields = (words >> words.dtype.type(mantissa)).astype(np.int64) & top
    return fields, words >> words.dtype.type(mantissa + exponent) != 0, top


def finite_faults(content, one):
    """(elements, not finite, off the ring) of a tensor in layout finite."""
    (fields, negative, top), ring = exponents(content, one), one["ring"]
    on_ring = (fields == 0) & ring["zero"]
    if ring["low"] is not None:
        bias = top // 2
        on_ring |= (fields >= ring["low"] + bias) & (fields <= ring["high"] + bias)
    if ring["keeps_sign"]:
        on_ring &= ~negative
    return fields.size, int((fields == top).sum()), int((~on_ring).sum())


def range_faults(content, one):
    """(elements, out of range) of a tensor in layout range."""
    kind, width = one["dtype"][0], int(one["dtype"][1:]) // 8
    values, top = elements(content, one, f"<{kind}{width}"), 1 << one["range"]["bits"]
    lowest = -top if one["range"]["negative"] else 0
    inside = [lowest <= int(value) < top for value in (values.min(), values.max())]
    return values.size, 0 if all(inside) else sum(not lowest <= int(v) < top for v in values)


def numbers_in(content, params):
    """What the tensors that `inspect` lists hold in one file."""
    found = Numbers()
    for one in params:
        if one["layout"] == "finite":
            size, bad, off = finite_faults(content, one)
            found += Numbers(floats=size, not_finite=bad, off_ring=off)
        elif one["layout"] == "range":
            size, out = range_faults(content, one)
            found += Numbers(integers=size, out_of_range=out)
        elif one["layout"] == "bytes" and one["dtype"] in FLOATS:
            fields, _, top = exponents(content, one)
            found += Numbers(fallen_back={one["name"]: int((fields == top).sum())})
    return found


@dataclass(frozen=True)
class Outputs:
    """Floating-point output values of one decoy over several inputs."""
    values: int
    nan: int
    infinite: int
    error: str = ""

    @property
    def share(self):
        return (self.nan + self.infinite) / self.values if self.values else 0.0


def outputs_of(seen):
    line = seen.stages.get("many")
    if line and line["ok"]:
        return Outputs(line["values"], line["nan"], line["infinite"])
    errors = [one["error"] for one in seen.stages.values() if not one["ok"]]
    return Outputs(0, 0, 0, (errors or [seen.crash or "not tried"])[0])


class WrongKeys:
    """As many keys as asked for, none of which fits the workshop's locked models."""

    def __init__(self, workshop, count=KEYS):
        self.workshop, self.count = workshop, count
        self.files = [workshop.folder / f"wrong{number}.key" for number in range(count)]
        for file in self.files:
            workshop.must("keygen", "-o", file)

    def decoys(self, model, locked=None):
        """The model unlocked with each key."""
        locked = locked or self.workshop.locked(model)
        paths = []
        for number, key in enumerate(self.files):
            path = self.workshop.place(model, f"decoy{number}_{locked.stem}")
            if not path.exists():
                self.workshop.must("unlock", "-q", "--decoy", "-k", key, locked, "-o", path)
            paths.append(path)
        return paths

    def outputs(self, model, paths):
        """One Outputs for each file."""
        seen = []
        for first in range(0, len(paths), AT_ONCE):
            seen += self.workshop.child(model, paths[first:first + AT_ONCE],
                                        stages="open,load,many")
        return [outputs_of(one) for one in seen]
