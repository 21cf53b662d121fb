# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Just enough of ONNX for the vectors of kind "model": build, embed a record (record-v1 6.4), find it, name tensors."""
import base64
import math

FORMAT = 3
TYPES = {1: ("f32", 4), 3: ("i8", 1), 6: ("i32", 4), 7: ("i64", 8)}  # TensorProto.DataType: word, bytes


def varint(n):
    return bytes([n & 127 | 128]) + varint(n >> 7) if n > 127 else bytes([n])


def number(field, n):
    return varint(field << 3) + varint(n)


def piece(field, payload):
    payload = payload.encode() if isinstance(payload, str) else payload
    return varint(field << 3 | 2) + varint(len(payload)) + payload


def tensor(name, dtype, shape, raw):
    """An initializer of a graph."""
    return piece(5, b"".join(number(1, d) for d in shape) + number(2, dtype) + piece(8, name) + piece(9, raw))


def node(op, inputs, outputs):
    return piece(1, b"".join(piece(1, x) for x in inputs) + b"".join(piece(2, x) for x in outputs) + piece(4, op))


def model(*graph):
    return number(1, 8) + piece(7, b"".join(graph) + piece(11, piece(1, "x")) + piece(12, piece(1, "y"))) + piece(8, number(2, 18))


def entry(key, value):
    return piece(14, piece(1, key) + piece(2, value))


def embed(restored, record):
    return restored + entry("nnlock", base64.b64encode(record))


def fields(file, at, end, reject):
    """(number, value or (begin, end) of the payload, begin, end of the field)"""
    def read():
        nonlocal at
        n, shift = 0, 0
        while True:
            if at >= end or shift > 63:
                raise reject("bad-model", "a number is cut off")
            n, at, shift = n | (file[at] & 127) << shift, at + 1, shift + 7
            if file[at - 1] < 128:
                return n
    while at < end:
        begin = at
        field, wire = divmod(read(), 8)
        n = read()
        if wire not in (0, 2) or field == 0 or wire == 2 and n > end - at:
            raise reject("bad-model", "a field does not fit")
        payload = (at, at + n) if wire == 2 else n
        at += n if wire == 2 else 0
        yield field, payload, begin, at


def find(file, reject):
    """(record or None, restored file)"""
    found = []
    for field, payload, begin, end in fields(file, 0, len(file), reject):
        inner = list(fields(file, *payload, reject)) if field == 14 else []
        if any(key == 1 and file[slice(*p)] == b"nnlock" for key, p, *_ in inner):
            found.append((begin, end, b"".join(file[slice(*p)] for key, p, *_ in inner if key == 2)))
    if not found:
        return None, file
    begin, end, value = found[0]
    if len(found) > 1 or end != len(file):
        raise reject("bad-record", "two records, or not the last field")
    try:
        record = base64.b64decode(value, validate=True)
    except ValueError:
        raise reject("bad-record", "base64") from None
    if embed(file[:begin], record) != file:
        raise reject("bad-record", "not as it is written")
    return record, file[:begin]


def tensors(restored, reject):
    """{name: (offset, length, dtype)} of the initializers, or bad-model."""
    graphs = [p for field, p, *_ in fields(restored, 0, len(restored), reject) if field == 7]
    if len(graphs) != 1:
        raise reject("bad-model", "not one graph")
    found = {}
    for field, payload, *_ in fields(restored, *graphs[0], reject):
        if field != 5:
            continue
        shape, named = [], {}
        for inner, p, *_ in fields(restored, *payload, reject):
            shape += [p] if inner == 1 else []
            if inner != 1 and named.setdefault(inner, p) is not p:
                raise reject("bad-model", "a field twice")
        if named.get(14):
            raise reject("unsupported", "values in another file")
        (begin, end), (dtype, width), name = named[9], TYPES[named[2]], restored[slice(*named[8])].decode()
        if end - begin != math.prod(shape) * width or name in found:
            raise reject("bad-model", "shape and values disagree, or a name twice")
        found[name] = begin, end - begin, dtype
    return found


def spans(restored, reject):
    """[(offset, length)] of all tensors; or bad-model."""
    return [place[:2] for place in tensors(restored, reject).values()]
