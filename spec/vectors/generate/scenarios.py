# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""What all scenarios share: fixed keys, ways to write fields, and the list of vectors made so far."""
import hashlib
import json
import re
import sys

import nnlock_ref as ref
import run_vectors

MK = ref.sha256(b"nnlock vectors: master key")
OTHER_MK = ref.sha256(b"nnlock vectors: another master key")
LOCK_ID = ref.sha256(b"nnlock vectors: lock id")[:16]
OTHER_LOCK_ID = ref.sha256(b"nnlock vectors: another lock id")[:16]
FAMILY = ref.sha256(b"nnlock vectors: family")[:16]
PATTERN = bytes((7 * i + 3) % 256 for i in range(256))
units = [b"\0", PATTERN]              # what long inputs repeat
vectors, counters = {}, {}
# Where the numbers of a series begin. A series is a kind; openings of layouts with attributes are one of their own.
FIRST_NUMBER = {"schedule": 0, "stream": 10, "tag": 30, "keyfile": 100, "lock": 200, "open": 300, "decoy": 550, "model": 600,
                "numbers": 700, "choose": 852, "open layouts": 900}


def pattern(length, start=0):
    """length bytes, byte i = (7 (start + i) + 3) mod 256."""
    return bytes((7 * (start + i) + 3) % 256 for i in range(length))


def data(raw):
    """Hex; long inputs as a repeated pattern with the pieces that differ."""
    raw = bytes(raw)
    if len(raw) <= 4096:
        return raw.hex()
    best = None
    for unit in units:
        base = (unit * (len(raw) // len(unit) + 1))[:len(raw)]
        pieces, at = [], 0
        while base[at:] != raw[at:]:
            at = next(i for i in range(at, len(raw)) if raw[i] != base[i])
            end = at + 1
            while base[end:end + 64] != raw[end:end + 64]:
                end += 1
            pieces.append([at, raw[at:end].hex()])
            at = end
            if len(pieces) > 50:
                break
        field = {"repeat": unit.hex(), "length": len(raw), "patch": pieces}
        if len(pieces) <= 50 and (best is None or len(json.dumps(field)) < len(json.dumps(best))):
            best = field
    assert run_vectors.data(best) == raw
    return best


def result(raw):
    return raw.hex() if len(raw) <= 4096 else {"sha256": hashlib.sha256(raw).hexdigest(), "length": len(raw)}


def add(kind, name, comment, spec, cls, series=None, check=run_vectors.run, **fields):
    """Puts a vector on the list, after check() agreed with its class and results."""
    series = series or kind
    number = counters.get(series, FIRST_NUMBER[series])
    counters[series] = number + 1
    name = f"{number:03}-{kind}-{name}"
    assert re.fullmatch("[a-z0-9-]+", name) and number + 1 not in FIRST_NUMBER.values() and number < 1000, name
    vector = {"name": name, "comment": comment, "spec": spec, "kind": kind, "class": cls, **fields}
    wrong = check(vector)
    if wrong:
        sys.exit(f"{name}: {wrong}")
    vectors[name + ".json"] = vector
